import AWSAPI

/// Who runs next: one query of an account at a time, so many in all, and accounts take turns.
actor QueryQueue {
    /// Queries that run at the same time.
    static let runningMax = 4
    /// Queries of one account that wait; more are refused.
    static let waitingPerAccountMax = 100

    private var running: Set<AccountID> = []
    /// Accounts that wait, the next one first.
    private var turns: [AccountID] = []
    private var waiting: [AccountID: [Waiting]] = [:]
    private var ticketsGiven = 0

    private struct Waiting {
        var ticket: Int
        var continuation: CheckedContinuation<Void, any Error>
    }

    /// Runs `body` when it is the account's turn.
    ///
    /// - Throws: ``QueryFault`` when too many of the account's wait already; `CancellationError` when
    ///   the task is cancelled while it waits; what `body` throws.
    func run<Value: Sendable>(
        for account: AccountID, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await enter(account)
        defer { leave(account) }
        return try await body()
    }

    private func enter(_ account: AccountID) async throws {
        if !running.contains(account), running.count < Self.runningMax {
            running.insert(account)
            return
        }
        guard waiting[account, default: []].count < Self.waitingPerAccountMax else {
            throw QueryFault(
                "TOO_MANY_REQUESTS_EXCEPTION",
                "\(Self.waitingPerAccountMax) queries of this account wait already")
        }
        ticketsGiven += 1
        let ticket = ticketsGiven
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            try await withCheckedThrowingContinuation { continuation in
                waiting[account, default: []].append(
                    Waiting(ticket: ticket, continuation: continuation))
                if !turns.contains(account) { turns.append(account) }
            }
        } onCancel: {
            // It comes after the waiting has begun, since it needs this actor.
            Task { await self.giveUp(ticket, of: account) }
        }
    }

    /// Unless it is running by now: then whoever runs it is told of the cancelling, too.
    private func giveUp(_ ticket: Int, of account: AccountID) {
        guard var queue = waiting[account],
            let place = queue.firstIndex(where: { $0.ticket == ticket })
        else { return }
        let given = queue.remove(at: place)
        waiting[account] = queue.isEmpty ? nil : queue
        if queue.isEmpty { turns.removeAll { $0 == account } }
        given.continuation.resume(throwing: CancellationError())
    }

    private func leave(_ account: AccountID) {
        running.remove(account)
        guard let place = turns.firstIndex(where: { !running.contains($0) }) else { return }
        let next = turns.remove(at: place)
        guard var queue = waiting.removeValue(forKey: next), !queue.isEmpty else { return }
        let first = queue.removeFirst()
        if !queue.isEmpty {
            waiting[next] = queue
            turns.append(next)
        }
        running.insert(next)
        first.continuation.resume()
    }
}
