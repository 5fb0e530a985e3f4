import AWSAPI
import Synchronization

/// Who runs next: one query of an account at a time, so many in all, and accounts take turns.
final class QueryQueue: Sendable {
    /// Queries that run at the same time.
    static let runningMax = 4
    /// Queries of one account that wait; more are refused.
    static let waitingPerAccountMax = 100

    fileprivate struct Waiter {
        var number: Int
        var turn: CheckedContinuation<Void, any Error>
    }

    fileprivate struct Line {
        var running: Set<AccountID> = []
        /// Accounts that wait, the next one first.
        var turns: [AccountID] = []
        var waiting: [AccountID: [Waiter]] = [:]
        var numbersGiven = 0
    }

    private let line = Mutex(Line())

    /// Runs `body` when it is the account's turn.
    ///
    /// - Throws: ``QueryFault`` when too many of the account's wait already; `CancellationError` as soon as
    ///   the task is cancelled while it waits; what `body` throws.
    func run<Value: Sendable>(
        for account: AccountID, _ body: () async throws -> Value
    ) async throws -> Value {
        try await enter(account)
        defer { leave(account) }
        return try await body()
    }

    /// Whether a query of the account would run now. It may still have to wait: others come meanwhile.
    func hasTurn(for account: AccountID) -> Bool {
        line.withLock { $0.hasTurn(for: account) }
    }

    private func enter(_ account: AccountID) async throws {
        let number = line.withLock { line in
            line.numbersGiven += 1
            return line.numbersGiven
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { turn in
                line.withLock { $0.add(Waiter(number: number, turn: turn), of: account) }
            }
        } onCancel: {
            line.withLock { $0.remove(number, of: account) }
        }
    }

    private func leave(_ account: AccountID) {
        line.withLock { line in
            line.running.remove(account)
            line.admitNext()
        }
    }
}

extension QueryQueue.Line {
    fileprivate func hasTurn(for account: AccountID) -> Bool {
        !running.contains(account) && running.count < QueryQueue.runningMax
    }

    /// Lets the waiter in, refuses it, or keeps it until it is called or removed.
    fileprivate mutating func add(_ waiter: QueryQueue.Waiter, of account: AccountID) {
        // A task that is cancelled from here on finds its waiter to remove: the lock is held.
        if Task.isCancelled {
            waiter.turn.resume(throwing: CancellationError())
        } else if hasTurn(for: account) {
            running.insert(account)
            waiter.turn.resume()
        } else if waiting[account, default: []].count < QueryQueue.waitingPerAccountMax {
            waiting[account, default: []].append(waiter)
            if !turns.contains(account) { turns.append(account) }
        } else {
            waiter.turn.resume(
                throwing: QueryFault(
                    "TOO_MANY_REQUESTS_EXCEPTION",
                    "\(QueryQueue.waitingPerAccountMax) queries of this account wait already"))
        }
    }

    /// Nothing, if its turn has come already.
    fileprivate mutating func remove(_ number: Int, of account: AccountID) {
        guard let place = waiting[account]?.firstIndex(where: { $0.number == number }),
            let waiter = waiting[account]?.remove(at: place)
        else { return }
        if waiting[account]?.isEmpty == true {
            waiting[account] = nil
            turns.removeAll { $0 == account }
        }
        waiter.turn.resume(throwing: CancellationError())
    }

    fileprivate mutating func admitNext() {
        guard let place = turns.firstIndex(where: { !running.contains($0) }) else { return }
        let next = turns.remove(at: place)
        guard var queue = waiting.removeValue(forKey: next), !queue.isEmpty else { return }
        let waiter = queue.removeFirst()
        if !queue.isEmpty {
            waiting[next] = queue
            turns.append(next)
        }
        running.insert(next)
        waiter.turn.resume()
    }
}
