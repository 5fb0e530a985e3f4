import AWSAPI
import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `A queue of queries` {
    private let queue = QueryQueue()
    private let account: AccountID

    init() throws { account = try #require(AccountID(rawValue: "222222222222")) }

    /// A query that runs until it is told to end.
    private final class Query: Sendable {
        let begun = AsyncStream<Void>.makeStream()
        let ending = AsyncStream<Void>.makeStream()

        func run() async {
            begun.continuation.yield()
            for await _ in ending.stream { return }
        }

        func waitUntilBegun() async { for await _ in begun.stream { return } }
        func end() { ending.continuation.yield() }
    }

    private func start(_ query: Query, of account: AccountID) -> Task<Void, any Error> {
        Task { try await queue.run(for: account) { await query.run() } }
    }

    @Test func `lets go of a waiter that is cancelled, at once`() async throws {
        let (first, second, third) = (Query(), Query(), Query())
        let running = start(first, of: account)
        await first.waitUntilBegun()
        let cancelled = start(second, of: account)
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        let waiting = start(third, of: account)
        first.end()
        await third.waitUntilBegun()
        third.end()
        try await running.value
        try await waiting.value
    }

    @Test func `gives every account a turn`() async throws {
        let accounts = try (0...QueryQueue.runningMax).map { number in
            try #require(AccountID(rawValue: "\(String(repeating: "0", count: 11))\(number)"))
        }
        let full = accounts.dropLast().map { ($0, Query()) }
        let tasks = full.map { start($1, of: $0) }
        for (_, query) in full { await query.waitUntilBegun() }
        let (again, other) = (Query(), Query())
        let waiting = [
            start(again, of: accounts[0]), start(other, of: accounts[QueryQueue.runningMax]),
        ]
        // One account's end makes room for one query, whichever came first; its end for the other.
        full[0].1.end()
        full[1].1.end()
        await again.waitUntilBegun()
        await other.waitUntilBegun()
        for query in full.map(\.1) + [again, other] { query.end() }
        for task in tasks + waiting { try await task.value }
    }
}
