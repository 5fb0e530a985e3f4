import FoundationEssentials

/// The time, and a way to wait for it. Tests bring their own and turn it by hand.
struct WaitingClock: Sendable {
    let now: @Sendable () -> Date
    /// Returns after so many seconds, or throws when the task is cancelled.
    let sleep: @Sendable (TimeInterval) async throws -> Void

    init(
        now: @escaping @Sendable () -> Date,
        sleep: @escaping @Sendable (TimeInterval) async throws -> Void = {
            try await Task.sleep(for: .seconds($0))
        }
    ) {
        self.now = now
        self.sleep = sleep
    }
}
