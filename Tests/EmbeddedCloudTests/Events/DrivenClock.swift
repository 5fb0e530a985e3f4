import Foundation
import Synchronization

@testable import EmbeddedCloud

/// A clock that stands still until the test turns it, and knows who sleeps by it.
final class DrivenClock: Sendable {
    private struct Sleeper {
        var until: Date
        var wake: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Date
        var sleepers: [UUID: Sleeper] = [:]
    }

    private let state: Mutex<State>

    init(at now: Date = Date(timeIntervalSince1970: 1_800_000_000)) {
        state = Mutex(State(now: now))
    }

    var now: Date { state.withLock { $0.now } }

    var waitingClock: WaitingClock {
        WaitingClock(now: { self.now }, sleep: { seconds in try await self.sleep(seconds) })
    }

    func advance(by seconds: TimeInterval) {
        let woken = state.withLock { state in
            state.now += seconds
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.wake)
        }
        for sleeper in woken { sleeper.resume() }
    }

    /// Returns once someone sleeps who will be woken within `seconds`.
    func untilSomeoneSleeps(within seconds: TimeInterval) async {
        // In a test that took too long nobody sleeps any more, and it has to end: then this sleep is refused.
        while state.withLock({ state in
            !state.sleepers.values.contains { $0.until <= state.now + seconds }
        }) {
            guard (try? await Task.sleep(for: .milliseconds(1))) != nil else { return }
        }
    }

    private func sleep(_ seconds: TimeInterval) async throws {
        let id = UUID()
        await withTaskCancellationHandler {
            await withCheckedContinuation { wake in
                let isOver = state.withLock { state in
                    guard seconds > 0, !Task.isCancelled else { return true }
                    state.sleepers[id] = Sleeper(until: state.now + seconds, wake: wake)
                    return false
                }
                if isOver { wake.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.wake.resume()
        }
        try Task.checkCancellation()
    }
}
