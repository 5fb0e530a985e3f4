import AWSAPI
import FoundationEssentials
import Ledger
import Logging

/// EventBridge and SQS, and what carries events from the one to the other.
struct Events: Sendable {
    /// Seconds between two sweeps of messages that are too old.
    static let expiryInterval: TimeInterval = 60
    /// Messages removed in one transaction: the writer is everyone's.
    static let expiredAtOnce = 1_000

    private let state: StateStore
    private let clock: WaitingClock
    private let log: Logger
    /// Rings at a queue's id when a message has come.
    let arrivals = Bell<Int>()
    private let deliveries: Deliveries
    let handlers: [Handler]

    init(state: StateStore, region: String, clock: WaitingClock, log: Logger) {
        self.state = state
        self.clock = clock
        self.log = log
        let queues = QueueDelivery(
            state: state, region: region, clock: clock, arrivals: arrivals)
        deliveries = Deliveries(
            state: state, clock: clock, log: log, jitter: { Double.random(in: 0...1) },
            router: OutboxRouter(state: state, region: region, clock: clock, log: log),
            attempt: queues.attempt, deadLetters: DeadLetters(queues: queues))
        handlers =
            Queues(state: state, region: region, arrivals: arrivals).handlers
            + Messages(state: state, region: region, arrivals: arrivals, clock: clock).handlers
            + Rules(state: state, region: region).handlers
            + RuleTargets(state: state, region: region).handlers
            + PutEvents(state: state, region: region).handlers
    }

    /// Answers those who wait at a queue: there is nothing.
    func stopWaiting() { arrivals.close() }

    /// Runs until cancelled.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await deliveries.run() }
            group.addTask { try await removeExpiredMessages() }
            try await group.waitForAll()
        }
    }

    private func removeExpiredMessages() async throws {
        while true {
            try await clock.sleep(Self.expiryInterval)
            do {
                for queue in state.current.queues.all { try await removeExpired(from: queue) }
            } catch {
                log.error("messages that are too old stay", metadata: ["cause": "\(error)"])
            }
        }
    }

    private func removeExpired(from queue: QueueRow) async throws {
        let now = clock.now()
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
