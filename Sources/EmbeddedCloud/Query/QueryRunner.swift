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

    /// What the runner asks of the rooms around it.
    struct Surroundings: Sendable {
        /// Makes a query's file the object at its S3 URL, and its end known: both or neither.
        var publish: @Sendable (_ file: URL, _ ended: QueryExecution) async throws -> Void
        /// Puts the access into the trail, before the data is read.
        var record: @Sendable (QueryExecution, QueryPlanner.Plan) async throws -> Void
    }

    private struct Book {
        var executions: [String: QueryExecution] = [:]
        /// Finished ones, the oldest first.
        var finished: [String] = []
        var tasks: [String: Task<Void, Never>] = [:]
    }

    private let ledger: Ledger
    private let state: StateStore
    private let planner: QueryPlanner
    private let pool: WorkerPool
    private let queue = QueryQueue()
    private let surroundings: Surroundings
    private let log: Logger
    private let clock: @Sendable () -> Date
    private let book = Mutex(Book())

    init(
        state: StateStore, planner: QueryPlanner, pool: WorkerPool, surroundings: Surroundings,
        log: Logger, clock: @escaping @Sendable () -> Date
    ) {
        self.state = state
        ledger = state.ledger
        self.planner = planner
        self.pool = pool
        self.surroundings = surroundings
        self.log = log
        self.clock = clock
    }

    /// Begins again what was accepted and has no result.
    func resume() async throws {
        let open = try await ledger.read { db in
            try QueryExecution.filter(["QUEUED", "RUNNING"].contains(Column("state"))).fetchAll(db)
        }
        for var execution in open {
            execution.state = .queued
            execution.startedAt = nil
            start(execution)
        }
    }

    /// Runs an execution that the ledger has, unless it runs already.
    func start(_ execution: QueryExecution) {
        book.withLock { book in
            guard book.executions[execution.id] == nil else { return }
            book.executions[execution.id] = execution
            book.tasks[execution.id] = Task { await self.run(execution) }
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

    /// Stops whatever an account runs.
    func cancelAll(of account: AccountID) {
        let running = book.withLock { book in
            book.executions.values.filter { $0.account == account }.map(\.id)
        }
        for id in running { cancel(id) }
    }

    /// Stops all, leaving them to be begun again.
    func stop() async {
        let tasks = book.withLock { book in
            defer { book.tasks = [:] }
            return Array(book.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func run(_ accepted: QueryExecution) async {
        var execution = accepted
        do {
            execution = try await queue.run(for: accepted.account) {
                await pool.hold(accepted.account)
                do {
                    let ended = try await perform(accepted)
                    await pool.release(accepted.account)
                    return ended
                } catch {
                    await pool.release(accepted.account)
                    throw error
                }
            }
        } catch is CancellationError {
            // Stopping the exchange cancels too, and then the query is to be begun again.
            guard book.withLock({ $0.tasks[accepted.id] != nil }) else { return }
            execution.state = .cancelled
            execution.reason = "Query cancelled by user"
        } catch {
            let fault = explain(error, of: accepted)
            execution.state = .failed
            execution.errorCategory = fault.category.rawValue
            execution.reason = fault.located(in: accepted.query).description
        }
        // A result is kept together with its query's end.
        if execution.state != .succeeded { await keep(&execution) }
        finish(execution)
    }

    private func perform(_ accepted: QueryExecution) async throws -> QueryExecution {
        try Task.checkCancellation()
        var execution = accepted
        execution.state = .running
        execution.startedAt = clock()
        let running = execution
        book.withLock { $0.executions[running.id] = running }

        let generation = state.current.governance.generation
        let tree = try await tree(of: execution, generation)
        let plan = try await planner.plan(
            tree, for: execution.caller, database: execution.database)
        try check(plan.files)
        try await surroundings.record(execution, plan)

        let worker = try await pool.worker(
            for: execution.account, reading: plan.directories, generation: generation)
        // Of this attempt alone: the worker of one before may still be writing while it is killed.
        guard let name = StagingFile(rawValue: "\(UUID().uuidString.lowercased()).csv") else {
            preconditionFailure("A UUID is a file name.")
        }
        let outcome = try await worker.run(plan.tree, output: .csv(name))
        let file = try pool.stagingDirectory(of: execution.account).appending(path: name.rawValue)
        execution.state = .succeeded
        execution.completedAt = clock()
        execution.scannedBytes = plan.scannedBytes
        execution.columns = String(
            decoding: try JSONEncoder().encode(outcome.summary.columns), as: UTF8.self)
        let ended = execution
        do {
            // A file that changed meanwhile may have given old rows and new ones: never a result.
            try check(plan.files)
            // Nor is what was revoked meanwhile handed out.
            if state.current.governance.generation != generation {
                let now = try await planner.plan(tree, for: ended.caller, database: ended.database)
                guard now.access == plan.access else { throw QueryFault.grantsChanged }
            }
            try Task.checkCancellation()
            try await uncancelled { [surroundings] in try await surroundings.publish(file, ended) }
        } catch {
            try? FileManager.default.removeItem(at: file)
            throw error
        }
        return ended
    }

    /// A warm worker may have died since the query before: then a new one is asked, once.
    private func tree(of execution: QueryExecution, _ generation: Int) async throws -> String {
        func parse() async throws -> String {
            let worker = try await pool.worker(
                for: execution.account, reading: [], generation: generation)
            return try await worker.parse(execution.query)
        }
        do {
            return try await parse()
        } catch QueryWorkerFault.ended {
            return try await parse()
        }
    }

    private func check(_ files: [TableFiles.File]) throws {
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
                book.executions[book.finished.removeFirst()] = nil
            }
        }
    }

    /// Runs `body` to its end also where this task is cancelled: half of it would be worse than all.
    private func uncancelled<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Task { try await body() }.value
    }

    /// The fault as its asker may read it; what only the operator may read goes to the log.
    private func explain(_ error: any Error, of execution: QueryExecution) -> QueryFault {
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

extension QueryFault {
    init(_ fault: QueryWorkerFault, log: Logger) {
        switch fault {
        case .refused(let refusal) where refusal.message.contains("[file]"):
            // What the engine says of a file can name columns that the caller does not see.
            log.error("query worker", metadata: ["fault": "\(fault)"])
            self.init(
                "HIVE_BAD_DATA",
                "A file of the table cannot be read as the table's definition says",
                category: .system)
        case .refused(let refusal): self.init(refusal)
        case .exceeded(.runTime), .exceeded(.parseTime):
            self.init("EXCEEDED_TIME_LIMIT", "The query ran longer than a query may")
        case .exceeded(.resultRows), .exceeded(.resultBytes):
            self.init("EXCEEDED_OUTPUT_SIZE_LIMIT", "The result is larger than a result may be")
        case .exceeded(let limit):
            self.init("QUERY_TOO_LARGE", "The statement exceeds the limit \(limit.rawValue)")
        case .unavailable:
            log.error("query worker", metadata: ["fault": "\(fault)"])
            self.init(
                "GENERIC_INTERNAL_ERROR", "No process could be started to run the query",
                category: .system)
        case .ended, .garbled, .stopped:
            log.error("query worker", metadata: ["fault": "\(fault)"])
            self.init(
                "EXCEEDED_MEMORY_LIMIT",
                "The process that ran the query ended, most likely for want of memory",
                category: .system)
        }
    }

    private init(_ refusal: QueryWorker.Refusal) {
        let position = refusal.position
        if let name = refusal.message.firstMatch(of: #/Referenced column "([^"]*)" not found/#)?.1 {
            self = .columnNotFound(String(name), at: position)
            return
        }
        if refusal.message.hasPrefix("Only SELECT statements") {
            self = .notSupported("Anything but SELECT (shared data is read only)", at: nil)
            return
        }
        let code =
            switch refusal.kind {
            case .parser, .syntax: "SYNTAX_ERROR"
            case .binder, .catalog: "SEMANTIC_ERROR"
            case .conversion: "INVALID_CAST_ARGUMENT"
            case .outOfMemory: "EXCEEDED_MEMORY_LIMIT"
            case .notImplemented: "NOT_SUPPORTED"
            default: "GENERIC_USER_ERROR"
            }
        self.init(code, refusal.message, at: position)
    }
}
