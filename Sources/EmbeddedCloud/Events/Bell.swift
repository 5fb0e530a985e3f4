import FoundationEssentials
import Synchronization

/// Wakes those who wait at a place when something has happened there. Memory only.
///
/// Nobody misses a ring: whoever looks first and waits then says how many rings it had heard before it
/// looked, and returns at once if there has been one since.
final class Bell<Place: Hashable & Sendable>: Sendable {
    private struct Listeners {
        var rings: Int
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private struct Tower {
        var places: [Place: Listeners] = [:]
        /// Of all places together, so that no count comes back after a place was forgotten.
        var rings = 0
        /// The count of a place that has none of its own: it rings whenever one is forgotten.
        var ringsElsewhere = 0
        var lastListener = 0
        var isClosed = false
    }

    private let tower = Mutex(Tower())

    /// How often the bell has rung there: to be asked before looking.
    func rings(at place: Place) -> Int {
        tower.withLock { $0.places[place]?.rings ?? $0.ringsElsewhere }
    }

    func waiting(at place: Place) -> Int {
        tower.withLock { $0.places[place]?.waiting.count ?? 0 }
    }

    func ring(at place: Place) {
        let woken = tower.withLock { tower in
            tower.rings += 1
            return tower.places.updateValue(Listeners(rings: tower.rings), forKey: place)?.waiting
        }
        for listener in (woken ?? [:]).values { listener.resume() }
    }

    /// Wakes whoever waits there, and keeps nothing of the place.
    func forget(_ place: Place) {
        let woken = tower.withLock { tower in
            tower.rings += 1
            tower.ringsElsewhere = tower.rings
            return tower.places.removeValue(forKey: place)?.waiting
        }
        for listener in (woken ?? [:]).values { listener.resume() }
    }

    /// Wakes everyone; nobody waits here again. Long polls must not hold up the end of a server.
    func close() {
        let woken = tower.withLock { tower in
            tower.isClosed = true
            defer { tower.places = [:] }
            return tower.places.values.flatMap(\.waiting.values)
        }
        for listener in woken { listener.resume() }
    }

    var isClosed: Bool { tower.withLock { $0.isClosed } }

    /// Returns when the bell has rung more often than `heard`, or is closed, or at `deadline`.
    ///
    /// - Parameter deadline: Nil: waits for a ring alone.
    /// - Throws: `CancellationError`.
    func wait(
        at place: Place, after heard: Int, until deadline: Date?, by clock: WaitingClock
    ) async throws {
        guard let deadline else {
            await ringing(at: place, after: heard)
            return try Task.checkCancellation()
        }
        let seconds = deadline.timeIntervalSince(clock.now())
        guard seconds > 0 else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.ringing(at: place, after: heard) }
            group.addTask { try await clock.sleep(seconds) }
            try await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    private func ringing(at place: Place, after heard: Int) async {
        let number = tower.withLock { tower in
            tower.lastListener += 1
            return tower.lastListener
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { listener in
                let isLate = tower.withLock { tower in
                    let rings = tower.places[place]?.rings ?? tower.ringsElsewhere
                    guard rings == heard, !tower.isClosed, !Task.isCancelled else { return true }
                    tower.places[place, default: Listeners(rings: rings)].waiting[number] = listener
                    return false
                }
                if isLate { listener.resume() }
            }
        } onCancel: {
            tower.withLock { $0.places[place]?.waiting.removeValue(forKey: number) }?.resume()
        }
    }
}
