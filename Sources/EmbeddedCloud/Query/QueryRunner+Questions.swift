import AWSAPI
import DuckDB
import FoundationEssentials
import QueryWorker

/// Questions: SELECT, and what is read like it.
extension QueryRunner {
    /// A question that may run, and what it was planned under.
    struct Prepared: Sendable {
        var tree: String
        var parameters: [JSONValue]
        var asker: QueryPlanner.Asker
        /// Of the grants.
        var version: GrantsVersion
        var plan: QueryPlanner.Plan
        /// Puts the access into the trail.
        var record: @Sendable () async throws -> Void
    }

    func answer(_ running: QueryExecution) async throws -> QueryExecution {
        var execution = running
        let prepared = try await prepare(execution.text, &execution)
        let name = try Self.stagingFile("csv")
        let file = try pool.stagingDirectory(of: execution.account).appending(path: name.rawValue)
        do {
            let outcome = try await run(prepared, for: execution.account, output: .csv(name))
            execution.end(with: outcome.summary, at: clock())
            execution.columns = try Self.text(of: outcome.summary.columns)
            try await recheck(prepared)
            try await publish(file, at: execution.outputLocation, execution)
        } catch {
            try? FileManager.default.removeItem(at: file)
            throw error
        }
        remember(prepared.version, of: execution.id)
        return execution
    }

    /// What EXPLAIN says: how each table is read, as far as its reader may know.
    func explanation(
        of question: AthenaStatement.Question, _ running: QueryExecution
    ) async throws -> TextResult {
        var execution = running
        let plan = try await prepare(question.text, &execution, recorded: false).plan
        var lines = ["Query Plan", "Output"]
        for scan in plan.scans {
            lines.append("    TableScan [table = \(QueryCatalog.name.lowercased()):\(scan.table)]")
            lines.append("        columns: \(scan.columns.joined(separator: ", "))")
            for predicate in scan.predicates { lines.append("        filter: \(predicate)") }
            lines.append("        files: \(scan.files), bytes: \(scan.bytes)")
        }
        return TextResult(columns: ["Query Plan"], lines: lines)
    }

    /// What the columns of a question's answer are.
    func columns(
        of question: AthenaStatement.Question, _ running: QueryExecution
    ) async throws -> [ResultColumn] {
        var execution = running
        let prepared = try await prepare(question.text, &execution, recorded: false)
        return try await run(prepared, for: execution.account, output: .columns).summary.columns
    }

    /// Parses and plans.
    ///
    /// - Parameters:
    ///   - recorded: Whether running it puts the access into the trail.
    ///   - publishing: A revision that is about to be finalized, of which its owner asks.
    func prepare(
        _ text: String, _ execution: inout QueryExecution, recorded: Bool = true,
        before publishing: ExchangeID? = nil
    ) async throws -> Prepared {
        let snapshot = state.current
        let account = execution.account
        let now = clock()
        let version = snapshot.grantsVersion(of: account, at: now)
        let parse: @Sendable (String) async throws -> String = { [pool] text in
            try await pool.worker(for: account, reading: [], under: version).parse(text)
        }
        let tree = try await parsed.value(
            of: Text(account: account, bytes: Array(text.utf8)),
            weighing: { text.utf8.count + $0.utf8.count }
        ) {
            try await self.tree(of: text, parse)
        }
        let parameters = try await Self.parameters(execution.parameterList, parse)
        let asker = QueryPlanner.Asker(
            caller: execution.caller, time: now, database: execution.database,
            publishing: publishing, parse: parse
        ) { [self] tree, directories, inSight in
            let worker = try await pool.worker(
                for: account, reading: directories, under: version)
            do {
                let rows = try await worker.run(tree, output: .rows(max: .max)).rows
                return try JSONDecoder().decode([[String]].self, from: Data(rows ?? []))
            } catch QueryWorkerFault.refused(let refusal) where refusal.file != nil {
                throw QueryFault(.refused(refusal), log: log) { path in
                    inSight.first { $0.path == path }?.key
                }
            }
        }
        let plan = try await planner.plan(tree, parameters: parameters, for: asker)
        execution.plannedAt = clock()
        execution.scannedBytes = plan.scannedBytes
        let group = snapshot.workGroups[account, execution.workGroup]
        if let limit = group?.scanLimit, plan.scannedBytes > limit { throw ScanLimitExceeded() }
        try check(plan.files)
        return Prepared(
            tree: tree, parameters: parameters, asker: asker, version: version, plan: plan
        ) { [surroundings, execution] in
            if recorded { try await surroundings.record(execution, plan) }
        }
    }

    /// Runs it, and puts the access into the trail meanwhile: nothing leaves before the trail has it.
    ///
    /// - Throws: For a file that cannot be read, one that names it to whoever may know of it.
    func run(
        _ prepared: Prepared, for account: AccountID, output: QueryOutput
    ) async throws -> QueryOutcome {
        async let recorded: Void = prepared.record()
        let outcome: Result<QueryOutcome, any Error>
        do {
            outcome = .success(
                try await self.outcome(of: prepared, for: account, output: output))
        } catch {
            // It may show something of the data too.
            outcome = .failure(error)
        }
        try await recorded
        return try outcome.get()
    }

    private func outcome(
        of prepared: Prepared, for account: AccountID, output: QueryOutput
    ) async throws -> QueryOutcome {
        let worker = try await pool.worker(
            for: account, reading: prepared.plan.directories, under: prepared.version)
        do {
            return try await worker.run(prepared.plan.tree, output: output)
        } catch QueryWorkerFault.refused(let refusal) where refusal.kind == .outOfMemory {
            // What it keeps of its address space would end it in the middle of the next question.
            await pool.stop(account)
            throw QueryWorkerFault.refused(refusal)
        } catch QueryWorkerFault.refused(let refusal) where refusal.file != nil {
            throw QueryFault(.refused(refusal), log: log, object: prepared.plan.object(at:))
        }
    }

    /// - Throws: Where a file changed meanwhile, which may have given old rows and new ones; or what may be
    ///   seen has: what was revoked meanwhile is not handed out.
    func recheck(_ prepared: Prepared) async throws {
        try check(prepared.plan.files)
        var asker = prepared.asker
        asker.time = clock()
        let version = state.current.grantsVersion(of: asker.caller.account, at: asker.time)
        if version != prepared.version {
            let now = try await planner.plan(
                prepared.tree, parameters: prepared.parameters, for: asker)
            guard now.access == prepared.plan.access else { throw QueryFault.grantsChanged }
        }
        try Task.checkCancellation()
    }

    func publish(_ file: URL, at location: String, _ ended: QueryExecution) async throws {
        try await uncancelled { [surroundings] in
            try await surroundings.publish(file, location, ended)
        }
    }

    /// Leaves lines of text as a statement's result.
    func leave(_ result: TextResult, _ running: QueryExecution) async throws -> QueryExecution {
        var execution = running
        let name = try Self.stagingFile("txt")
        let file = try pool.stagingDirectory(of: execution.account).appending(path: name.rawValue)
        let text = result.lines.map { $0 + "\n" }.joined()
        try DataDirectory.writePrivate(Array(text.utf8), to: file)
        execution.state = .succeeded
        execution.plannedAt = execution.plannedAt ?? clock()
        execution.completedAt = clock()
        execution.scannedBytes = 0
        execution.outputRows = result.lines.count
        execution.outputBytes = text.utf8.count
        execution.columns = try Self.text(
            of: result.columns.map {
                ResultColumn(name: $0, type: "string", precision: 0, scale: 0)
            })
        do {
            try await publish(file, at: execution.outputLocation, execution)
        } catch {
            try? FileManager.default.removeItem(at: file)
            throw error
        }
        return execution
    }

    static func text(of columns: [ResultColumn]) throws -> String {
        String(decoding: try JSONEncoder().encode(columns), as: UTF8.self)
    }

    /// Of this attempt alone: the worker of one before may still be writing while it is killed.
    static func stagingFile(_ kind: String) throws -> StagingFile {
        guard let name = StagingFile(rawValue: "\(UUID().uuidString.lowercased()).\(kind)") else {
            preconditionFailure("A UUID is a file name.")
        }
        return name
    }

    /// A warm worker may have died since the query before: then a new one is asked, once.
    private func tree(
        of text: String, _ parse: @Sendable (String) async throws -> String
    ) async throws -> String {
        do {
            return try await parse(text)
        } catch QueryWorkerFault.ended {
            return try await parse(text)
        }
    }

    /// What stands for the statement's `?`s. What is no literal is a text, never an expression.
    private static func parameters(
        _ given: [String], _ parse: @Sendable (String) async throws -> String
    ) async throws -> [JSONValue] {
        func literals(_ text: String) async -> [JSONValue]? {
            (try? await parse("SELECT " + text)).flatMap(SyntaxTree.literals(in:))
        }
        guard !given.isEmpty else { return [] }
        if let all = await literals(given.joined(separator: "\n,")), all.count == given.count {
            return all
        }
        var parameters: [JSONValue] = []
        for text in given {
            let own = await literals(text) ?? []
            parameters.append(own.count == 1 ? own[0] : SyntaxTree.constant(text))
        }
        return parameters
    }
}

extension QueryExecution {
    mutating func end(with summary: ResultSummary, at time: Date) {
        state = .succeeded
        completedAt = time
        outputRows = summary.rowCount
        outputBytes = summary.byteCount
    }
}

/// What a statement that is no question is answered with.
struct TextResult: Sendable {
    var columns: [String] = []
    var lines: [String] = []
}
