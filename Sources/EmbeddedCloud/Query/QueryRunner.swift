import AWSAPI
import DuckDB
import FoundationEssentials
import GRDB
import Ledger
import Logging
import QueryWorker
import Synchronization

/// Runs the queries that were accepted, each to its end: also those that a killed process left.
final class QueryRunner: Sendable {
    /// Finished queries whose state is told without asking the ledger.
    static let recentMax = 1_000

    /// Bytes of statements and their trees that are remembered, of all and of one.
    static let parsedBytesMax = 16 << 20
    static let parsedEntryBytesMax = 256 << 10

    struct Text: Hashable {
        var account: AccountID
        /// Bytes: to Swift, two spellings of a letter are the same text.
        var bytes: [UInt8]
    }

    /// What the runner asks of the rooms around it.
    struct Surroundings: Sendable {
        /// Makes a query's file the object at its S3 URL, or keeps it here, and the query's end known: both
        /// or neither.
        var publish:
            @Sendable (_ file: URL, _ location: String, _ ended: QueryExecution) async throws ->
                Void
        /// Makes files objects, all of them or none.
        var write: @Sendable (_ files: [NewObject], _ account: AccountID) async throws -> Void
        /// Whether there is anything below the URL, which has to be of the account's own buckets.
        var isEmpty: @Sendable (S3URL, AccountID) async throws -> Bool
        /// Whether a query's result is still there.
        var hasResult: @Sendable (QueryExecution) async -> Bool
        /// Puts the access into the trail, before what was read is handed on.
        var record: @Sendable (QueryExecution, QueryPlanner.Plan) async throws -> Void
    }

    /// A file on its way to be an object.
    struct NewObject: Sendable {
        var file: URL
        var location: S3URL
    }

    private struct Book {
        var executions: [String: QueryExecution] = [:]
        /// Finished ones, the oldest first.
        var finished: [String] = []
        /// Of the grants, when a finished query's result was made in this process.
        var versions: [String: GrantsVersion] = [:]
        var tasks: [String: Task<Void, Never>] = [:]
        /// Why running ones are ended that nobody has cancelled.
        var reasons: [String: String] = [:]
    }

    let ledger: Ledger
    let state: StateStore
    let planner: QueryPlanner
    let pool: WorkerPool
    let queue = QueryQueue()
    /// Trees that an account's worker made of a text. It is a stranger's word, so it counts for that account.
    let parsed = RecentValues<Text, String>(
        weightMax: parsedBytesMax, entryWeightMax: parsedEntryBytesMax)
    let surroundings: Surroundings
    let log: Logger
    let cloud: OwnCloud
    let clock: @Sendable () -> Date
    private let book = Mutex(Book())

    init(
        state: StateStore, planner: QueryPlanner, pool: WorkerPool, surroundings: Surroundings,
        cloud: OwnCloud, log: Logger, clock: @escaping @Sendable () -> Date
    ) {
        self.state = state
        ledger = state.ledger
        self.planner = planner
        self.pool = pool
        self.surroundings = surroundings
        self.cloud = cloud
        self.log = log
        self.clock = clock
    }

    /// Runs what was accepted and not begun. What ran when the exchange ended has failed.
    func resume() async throws {
        let now = clock()
        let open = try await ledger.write { db in
            let open = try QueryExecution.filter(
                ["QUEUED", "RUNNING"].contains(Column("state"))
            ).fetchAll(db)
            for var execution in open where execution.state == .running {
                execution.state = .failed
                execution.errorCategory = QueryFault.Category.system.rawValue
                execution.reason = "\(QueryFault.interrupted)"
                execution.completedAt = now
                try execution.update(db)
            }
            return open
        }
        for execution in open where execution.state == .queued { start(execution) }
    }

    /// Runs an execution that the ledger has, unless it runs already.
    ///
    /// - Parameter time: The same query's result will do if it is no older than this. Nil: it is run.
    func start(_ execution: QueryExecution, reusingNoOlderThan time: Date? = nil) {
        book.withLock { book in
            guard book.executions[execution.id] == nil else { return }
            book.executions[execution.id] = execution
            book.tasks[execution.id] = Task { await self.run(execution, reusingNoOlderThan: time) }
        }
    }

    /// Which grants its result was made under, so that it may be used again.
    func remember(_ version: GrantsVersion, of id: String) {
        book.withLock { $0.versions[id] = version }
    }

    /// A finished query that asked the same, under the same grants.
    private func earlier(like execution: QueryExecution, since time: Date) -> QueryExecution? {
        let version = state.current.grantsVersion(of: execution.account, at: clock())
        return book.withLock { book in
            for id in book.finished.reversed() where book.versions[id] == version {
                if let earlier = book.executions[id], earlier.asksTheSame(as: execution),
                    earlier.reused == nil, earlier.completedAt.map({ $0 >= time }) ?? false
                {
                    return earlier
                }
            }
            return nil
        }
    }

    /// The newest state. Nil for an id that nobody was given.
    func execution(_ id: String) async throws -> QueryExecution? {
        if let known = book.withLock({ $0.executions[id] }) { return known }
        return try await ledger.read { db in try QueryExecution.fetchOne(db, key: id) }
    }

    /// Stops it, if it still runs. Its state says so soon after.
    func cancel(_ id: String) {
        book.withLock { $0.tasks[id] }?.cancel()
    }

    /// Stops what runs for sessions that have been ended.
    func cancelUnadmitted() {
        let identities = state.current.identity
        let tasks = book.withLock { book in
            book.tasks.filter { id, _ in
                book.executions[id].map { !identities.admits($0.caller) } ?? false
            }
        }
        for task in tasks.values { task.cancel() }
    }

    /// Ends what runs or waits, and has no earlier result used again: what was read may be there no more.
    func endAll(because reason: String) async {
        let tasks = book.withLock { book in
            for id in book.tasks.keys { book.reasons[id] = reason }
            book.versions = [:]
            return book.tasks
        }
        for task in tasks.values { task.cancel() }
        for (id, task) in tasks {
            await task.value
            book.withLock { book in
                book.reasons[id] = nil
                book.versions[id] = nil
            }
        }
    }

    /// Stops all. What waits is run after the next start, what runs has failed then.
    func stop() async {
        let tasks = book.withLock { book in
            defer { book.tasks = [:] }
            return Array(book.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func run(_ accepted: QueryExecution, reusingNoOlderThan time: Date?) async {
        var execution = accepted
        do {
            execution = try await queue.run(for: accepted.account) {
                if let time, let earlier = earlier(like: accepted, since: time),
                    await surroundings.hasResult(earlier)
                {
                    return try await reuse(earlier, for: accepted)
                }
                return try await pool.holding(accepted.account) { try await perform(accepted) }
            }
        } catch is CancellationError {
            // Stopping the exchange cancels too; what becomes of the query then, the next start says.
            guard book.withLock({ $0.tasks[accepted.id] != nil }) else { return }
            execution.state = .cancelled
            execution.reason =
                book.withLock { $0.reasons[accepted.id] } ?? "Query cancelled by user"
        } catch is ScanLimitExceeded {
            execution.state = .cancelled
            execution.reason = "Bytes scanned limit was exceeded"
        } catch {
            let fault = explain(error, of: accepted)
            execution.state = .failed
            execution.errorCategory = fault.category.rawValue
            execution.reason = fault.located(in: accepted.text).description
        }
        // A result is kept together with its query's end.
        if execution.state != .succeeded { await keep(&execution) }
        finish(execution)
    }

    /// The result of an earlier query, which is this one's too.
    private func reuse(
        _ earlier: QueryExecution, for accepted: QueryExecution
    ) async throws -> QueryExecution {
        var ended = accepted
        ended.state = .succeeded
        ended.startedAt = clock()
        ended.plannedAt = ended.startedAt
        ended.completedAt = ended.startedAt
        ended.reused = earlier.id
        ended.outputLocation = earlier.outputLocation
        ended.columns = earlier.columns
        ended.outputRows = earlier.outputRows
        ended.outputBytes = earlier.outputBytes
        ended.scannedBytes = 0
        let reusing = ended
        try await uncancelled { [ledger] in
            try await ledger.write { db in try reusing.update(db) }
        }
        return ended
    }

    /// Writes down that what waited runs, so that it is not begun twice; nobody waits for that.
    private func mark(running execution: QueryExecution) {
        Task { [ledger, log] in
            do {
                try await ledger.write { db in
                    _ =
                        try QueryExecution
                        .filter(Column("id") == execution.id && Column("state") == "QUEUED")
                        .updateAll(
                            db, Column("state").set(to: "RUNNING"),
                            Column("startedAt").set(to: execution.startedAt))
                }
            } catch {
                log.error(
                    "that a query runs was not kept", metadata: ["cause": "\(error)"])
            }
        }
    }

    private func perform(_ accepted: QueryExecution) async throws -> QueryExecution {
        try Task.checkCancellation()
        // It may have waited, also for the exchange to start again, while its session was ended.
        guard state.current.identity.admits(accepted.caller) else { throw CancellationError() }
        var execution = accepted
        execution.state = .running
        execution.startedAt = clock()
        book.withLock { [execution] in $0.executions[execution.id] = execution }
        if accepted.state == .queued { mark(running: execution) }
        let statement = try AthenaStatement(reading: accepted.text)
        switch statement {
        case .question: return try await answer(execution)
        case .explain(let question):
            return try await leave(try await explanation(of: question, execution), execution)
        case .createTableAs, .insert, .unload: return try await write(statement, execution)
        default:
            let catalogue = CatalogueStatements(
                cloud: try cloud.acting(as: execution.caller), database: execution.database,
                workGroup: execution.workGroup
            ) { [running = execution] question in
                try await self.columns(of: question, running)
            }
            return try await leave(try await catalogue.carryOut(statement), execution)
        }
    }

    func check(_ files: [TableFiles.File]) throws {
        guard let changed = files.first(where: { !$0.isUnchanged() }) else { return }
        // Its name may tell of partitions that the caller does not see: only the operator reads it.
        log.warning(
            "a file was rewritten in place during a query", metadata: ["key": "\(changed.key)"])
        throw QueryFault(
            "HIVE_FILE_CHANGED",
            "The provider rewrote a file of the table in place; run the query again",
            category: .system)
    }

    /// Writes down how a query ended that has no result.
    private func keep(_ execution: inout QueryExecution) async {
        let now = clock()
        execution.startedAt = book.withLock { $0.executions[execution.id]?.startedAt } ?? now
        execution.completedAt = now
        let ended = execution
        do {
            try await uncancelled { [ledger] in
                try await ledger.write { db in try ended.update(db) }
            }
        } catch {
            log.error(
                "a query's end was not kept; it is begun again at the next start",
                metadata: ["query": "\(execution.id)", "cause": "\(error)"])
        }
    }

    private func finish(_ execution: QueryExecution) {
        book.withLock { book in
            book.executions[execution.id] = execution
            book.tasks[execution.id] = nil
            book.finished.append(execution.id)
            if book.finished.count > Self.recentMax {
                let oldest = book.finished.removeFirst()
                book.executions[oldest] = nil
                book.versions[oldest] = nil
            }
        }
    }

    /// Runs `body` to its end also where this task is cancelled: half of it would be worse than all.
    func uncancelled<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Task { try await body() }.value
    }

    /// The fault as its asker may read it; what only the operator may read goes to the log.
    func explain(_ error: any Error, of execution: QueryExecution) -> QueryFault {
        switch error {
        case let fault as QueryFault: return fault
        case let fault as QueryWorkerFault: return QueryFault(fault, log: log)
        case let refusal as AWSError: return QueryFault(refusal.code, refusal.message)
        default:
            log.error(
                "query failed",
                metadata: [
                    "query": "\(execution.id)", "cause": "\(String(reflecting: error))",
                ])
            return QueryFault(
                "GENERIC_INTERNAL_ERROR",
                "The query failed inside the exchange; its operator finds why under \(execution.id)",
                category: .system)
        }
    }
}

/// A query that would read more than its work group allows.
struct ScanLimitExceeded: Error {}
