import FoundationEssentials
import GRDB
import Ledger
import Logging
import Synchronization

/// Carries events from the outbox to their targets, at least once each, until cancelled.
///
/// Each target has a lane of its own, so a slow or dead one holds back nothing but itself.
struct Deliveries: Sendable {
    /// Targets that are delivered to at the same time. The others wait for a lane.
    static let lanesMax = 64
    /// Seconds to wait when the ledger itself fails.
    static let faultWait: TimeInterval = 1

    enum Post: Hashable { case outbox, lanes }

    let state: StateStore
    let clock: WaitingClock
    let log: Logger
    /// 0 to 1, as ``RetrySchedule`` wants it.
    let jitter: @Sendable () -> Double
    let router: OutboxRouter
    /// Hands an event to its target, and takes the delivery out of the ledger.
    let attempt: @Sendable (DeliveryRow) async throws -> Void
    let deadLetters: DeadLetters
    private let bell = Bell<Post>()
    private let lanes = Lanes()

    init(
        state: StateStore, clock: WaitingClock, log: Logger,
        jitter: @escaping @Sendable () -> Double, router: OutboxRouter,
        attempt: @escaping @Sendable (DeliveryRow) async throws -> Void, deadLetters: DeadLetters
    ) {
        self.state = state
        self.clock = clock
        self.log = log
        self.jitter = jitter
        self.router = router
        self.attempt = attempt
        self.deadLetters = deadLetters
        state.ledger.onInsert(into: EventOutboxRow.databaseTableName) { [bell] in
            bell.ring(at: .outbox)
        }
        state.ledger.onInsert(into: DeliveryRow.databaseTableName) { [bell] in
            bell.ring(at: .lanes)
        }
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await route() }
            group.addTask { try await deliver() }
            try await group.waitForAll()
        }
    }

    /// Begins with what an earlier run left, and then waits for more.
    private func route() async throws {
        while true {
            let heard = bell.rings(at: .outbox)
            try await persisting("events wait in the outbox") {
                while try await router.routeSome() > 0 {}
            }
            try await bell.wait(at: .outbox, after: heard, until: nil, by: clock)
        }
    }

    private func deliver() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                let heard = bell.rings(at: .lanes)
                let waiting = try await persisting("deliveries wait") {
                    try await state.ledger.read { db in try DeliveryRow.due(in: db) }
                }
                let now = clock.now()
                var next: Date?
                for (target, time) in waiting {
                    guard time <= now else {
                        next = min(next ?? time, time)
                        continue
                    }
                    guard lanes.take(for: target, atMost: Self.lanesMax) else { continue }
                    group.addTask {
                        try await deliverAll(to: target)
                        lanes.free(of: target)
                        // Something may have come for it, or for one that had no lane.
                        bell.ring(at: .lanes)
                    }
                }
                try await bell.wait(at: .lanes, after: heard, until: next, by: clock)
            }
        }
    }

    /// Tries what is due, in order.
    private func deliverAll(to target: String) async throws {
        while true {
            try Task.checkCancellation()
            let isDone = try await persisting("a delivery waits") {
                let now = clock.now()
                let due = try await state.ledger.read { db in
                    try DeliveryRow.next(to: target, at: now, in: db)
                }
                guard let due else { return true }
                try await tryOnce(due)
                return false
            }
            if isDone { return }
        }
    }

    private func tryOnce(_ delivery: DeliveryRow) async throws {
        let failure: DeliveryFailure
        do {
            return try await attempt(delivery)
        } catch let error as DeliveryFailure {
            failure = error
        } catch let error as CancellationError {
            throw error
        } catch {
            failure = DeliveryFailure(.internalError, "The exchange could not deliver it.")
            log.error(
                "delivery failed",
                metadata: ["target": "\(delivery.targetArn)", "cause": "\(error)"])
        }
        try await conclude(delivery, failure)
    }

    /// Puts a failed delivery off, or ends it.
    private func conclude(_ delivery: DeliveryRow, _ failure: DeliveryFailure) async throws {
        var delivery = delivery
        delivery.countAttempt()
        var exhausted: RetrySchedule.Condition?
        if failure.code.isTemporary {
            let verdict = delivery.retrySchedule.verdict(
                afterAttempts: delivery.attempts, at: clock.now(), jitter: jitter())
            switch verdict {
            case .retry(let time):
                delivery.retry(at: time)
                let postponed = delivery
                return try await state.ledger.write { db in try postponed.update(db) }
            case .exhausted(let condition): exhausted = condition
            }
        }
        let (ended, condition) = (delivery, exhausted)
        let loss = try await state.ledger.write { db in
            try deadLetters.bury(ended, failure, exhausted: condition, in: db)
        }
        guard let loss else { return }
        log.warning(
            "an event was dropped",
            metadata: [
                "rule": "\(ended.ruleArn)", "target": "\(ended.targetArn)",
                "code": "\(failure.code.rawValue)", "cause": "\(failure.message)",
                "deadLetters": "\(loss)",
            ])
    }

    /// Does it until the ledger lets it: a full disk must not end the server, nor lose an event.
    private func persisting<Value: Sendable>(
        _ complaint: Logger.Message, _ body: () async throws -> Value
    ) async throws -> Value {
        while true {
            do {
                return try await body()
            } catch let error as CancellationError {
                throw error
            } catch {
                log.error(complaint, metadata: ["cause": "\(error)"])
                try await clock.sleep(Self.faultWait)
            }
        }
    }
}

/// The targets that are being delivered to.
private final class Lanes: Sendable {
    private let busy = Mutex<Set<String>>([])

    /// False if the target has a lane already, or there are no more lanes.
    func take(for target: String, atMost lanesMax: Int) -> Bool {
        busy.withLock { busy in busy.count < lanesMax && busy.insert(target).inserted }
    }

    func free(of target: String) { busy.withLock { _ = $0.remove(target) } }
}
