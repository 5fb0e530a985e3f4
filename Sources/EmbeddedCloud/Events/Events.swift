import AWSAPI
import FoundationEssentials
import Ledger
import Logging

/// EventBridge and SQS, and what carries events from the one to the other.
struct Events: Sendable {
    /// Seconds between two sweeps of messages that are too old.
    static let expiryInterval = 60.0
    /// Messages removed in one transaction: the writer is everyone's.
    static let expiredAtOnce = 1_000

    private let state: StateStore
    private let clock: WaitingClock
    private let log: Logger
    private let arrivals = Bell<Int>()
    let handlers: [Handler]

    init(state: StateStore, region: String, clock: WaitingClock, log: Logger) {
        self.state = state
        self.clock = clock
        self.log = log
        let queues = Queues(state: state, region: region, arrivals: arrivals)
        let messages = Messages(state: state, region: region, arrivals: arrivals, clock: clock)
        handlers = queues.handlers + messages.handlers
    }

    /// Runs until cancelled. Then those who wait at a queue are answered with what there is: nothing.
    func run() async throws {
        defer { arrivals.close() }
        while true {
            try await clock.sleep(Self.expiryInterval)
            do {
                try await removeExpiredMessages()
            } catch {
                log.error("old messages stay", metadata: ["cause": "\(error)"])
            }
        }
    }

    private func removeExpiredMessages() async throws {
        let now = clock.now()
        for queue in state.current.queues.all {
            while try await state.ledger.read({ db in
                try MessageRow.hasExpired(in: queue, at: now, in: db)
            }) {
                try await state.ledger.write { db in
                    try MessageRow.removeExpired(
                        from: queue, limit: Self.expiredAtOnce, at: now, in: db)
                }
            }
        }
    }
}
