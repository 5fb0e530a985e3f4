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
    private var waiting: [AccountID: [CheckedContinuation<Void, Never>]] = [:]

    /// Runs `body` when it is the account's turn.
    ///
    /// - Throws: ``QueryFault`` when too many of the account's wait already; what `body` throws.
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
        await withCheckedContinuation { continuation in
            waiting[account, default: []].append(continuation)
            if !turns.contains(account) { turns.append(account) }
        }
    }

    private func leave(_ account: AccountID) {
        running.remove(account)
        guard let place = turns.firstIndex(where: { !running.contains($0) }) else { return }
        let next = turns.remove(at: place)
        guard var queue = waiting.removeValue(forKey: next), !queue.isEmpty else { return }
        let continuation = queue.removeFirst()
        if !queue.isEmpty {
            waiting[next] = queue
            turns.append(next)
        }
        running.insert(next)
        continuation.resume()
    }
}
