internal import AWSAPI
internal import DuckDB
internal import Glibc

/// The engine inside the walls, and what it answers.
struct WorkerSession {
    private let configuration: QueryWorkerConfiguration
    private let connection: Connection
    private let parsing: Statement
    private let unparsing: Statement
    private let errorMessage: ErrorMessage
    /// By the tree's bytes. The same question comes again, and printing and checking take the engine longer
    /// than a small answer.
    private let printed = RecentValues<[UInt8], PrintedStatement>(
        weightMax: printedBytesMax, entryWeightMax: printedEntryBytesMax)
    private static let printedBytesMax = 4 << 20
    private static let printedEntryBytesMax = 256 << 10

    private struct PrintedStatement {
        /// What the engine runs.
        var sql: String
        /// What `sql` parses to.
        var tree: String
    }

    /// Opens the engine on the calling thread alone.
    init(_ configuration: QueryWorkerConfiguration) throws(DuckDBError) {
        self.configuration = configuration
        errorMessage = ErrorMessage(for: configuration)
        connection = try Database(settings: Self.settings(configuration.limits)).connect()
        try connection.execute(Dialect.script)
        // The engine's JSON functions read its own answer: a refusal, or a list of statements.
        parsing = try connection.prepare(
            """
            WITH parsed AS MATERIALIZED (SELECT json_serialize_sql(CAST($1 AS VARCHAR)) AS tree)
            SELECT CAST(tree AS VARCHAR), json_array_length(tree, '$.statements'),
                tree ->> '$.error_message', tree ->> '$.error_type', tree ->> '$.position'
            FROM parsed
            """
        )
        unparsing = try connection.prepare(
            """
            SELECT sql, CAST(json_serialize_sql(sql) AS VARCHAR)
            FROM (SELECT json_deserialize_sql(CAST($1 AS JSON)) AS sql)
            """
        )
    }

    private static func settings(_ limits: QueryWorkerLimits) -> [String: String] {
        [
            "threads": "1",
            "memory_limit": "\(limits.engineMemoryBytes)B",
            // With order kept, the LIMIT that guards a row filter makes scans single-threaded.
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
        ]
    }

    /// Starts the engine's threads and locks its settings. They are no wall, but where they refuse
    /// something they say so better than the system does.
    func lock() throws(DuckDBError) {
        let limits = configuration.limits
        let spill = limits.spillBytes > 0 ? configuration.spillDirectory(of: getpid()) : ""
        func list(_ paths: [String]) -> String {
            "[\(paths.map(\.sqlLiteral).joined(separator: ", "))]"
        }
        try connection.execute(
            """
            SET threads = \(limits.threads);
            SET TimeZone = 'UTC';
            SET temp_directory = \(spill.sqlLiteral);
            SET max_temp_directory_size = '\(limits.spillBytes)B';
            """
        )
        guard configuration.locksEngine else { return }
        // A readable path may be a file or a directory, so each is named as both.
        try connection.execute(
            """
            SET allowed_paths = \(list(configuration.readablePaths));
            SET allowed_directories = \(list(
                (configuration.readablePaths + [configuration.stagingDirectory]).map { $0 + "/" }));
            SET enable_external_access = false;
            SET lock_configuration = true;
            """
        )
    }
}

// MARK: - Answering

extension WorkerSession {
    func answer(_ frame: Frame) throws -> (Reply, [UInt8]) {
        let request = try FrameChannel.decode(frame.head, as: Request.self)
        do {
            switch request {
            case .parse: return try parse(frame.body)
            case .run(let output): return try run(frame.body, output)
            }
        } catch QueryWorkerFault.refused(let refusal) {
            return (.refused(refusal), [])
        } catch QueryWorkerFault.exceeded(let limit) {
            return (.exceeded(limit), [])
        } catch let error as DuckDBError {
            return (.refused(errorMessage.refusal(of: error, position: nil)), [])
        } catch let error as ResultFile.Failure {
            let message = "The result cannot be written: \(error.description)."
            return (.refused(Refusal(kind: .io, message: message)), [])
        }
    }

    private func parse(_ sql: [UInt8]) throws -> (Reply, [UInt8]) {
        guard sql.count <= configuration.limits.sqlBytes else {
            throw QueryWorkerFault.exceeded(.sqlBytes)
        }
        let parsed = try tree(of: String(decoding: sql, as: UTF8.self))
        guard parsed.utf8.count <= configuration.limits.treeBytes else {
            throw QueryWorkerFault.exceeded(.treeBytes)
        }
        return (.parsed, [UInt8](parsed.utf8))
    }

    private func tree(of sql: String) throws -> String {
        let columns = try parsing.execute([.text(sql)]).rows()[0]
        guard let tree = columns[0].text else {
            throw DuckDBError(kind: .internalError, message: "The parser gave no tree.")
        }
        if let message = columns[2].text {
            let kind: DuckDBError.Kind =
                columns[3].text == "not implemented" ? .notImplemented : .parser
            let position = columns[4].text.flatMap { Int($0) }
            let error = DuckDBError(kind: kind, message: message, position: position)
                .locatedByBytes(in: sql)
            throw QueryWorkerFault.refused(
                errorMessage.refusal(of: error, position: error.position)
            )
        }
        guard columns[1].int64 == 1 else {
            let message = "One statement is expected, not \(columns[1].int64 ?? 0)."
            throw QueryWorkerFault.refused(Refusal(kind: .parser, message: message))
        }
        return tree
    }

    private func run(_ tree: [UInt8], _ output: QueryOutput) throws -> (Reply, [UInt8]) {
        guard tree.count <= configuration.limits.treeBytes else {
            throw QueryWorkerFault.exceeded(.treeBytes)
        }
        let userTree = String(decoding: tree, as: UTF8.self)
        let printed = try printed.value(
            of: tree, weighing: { tree.count + $0.sql.utf8.count + $0.tree.utf8.count }
        ) { try print(userTree) }
        do {
            do {
                return try run(printed.sql, output)
            } catch let error as DuckDBError where error.kind == .interrupt {
                // Nobody interrupts it here: of several threads one has met an error, and another one was heard
                // first. The second time it is most likely the error's own turn.
                return try run(printed.sql, output)
            }
        } catch let error as DuckDBError {
            let position = error.position.flatMap {
                ErrorPosition.inUserText(of: $0, ran: printed.tree, user: userTree)
            }
            throw QueryWorkerFault.refused(errorMessage.refusal(of: error, position: position))
        }
    }

    private func run(_ sql: String, _ output: QueryOutput) throws -> (Reply, [UInt8]) {
        let statement = try connection.prepare(sql)
        guard statement.isSelect else {
            throw DuckDBError(kind: .invalidInput, message: "The tree holds no SELECT.")
        }
        switch output {
        case .columns: return (.ran(try columns(of: sql)), [])
        case .files(let output): return (.ran(try write(sql, as: output)), [])
        case .csv, .rows: return try write(statement.stream(), to: output)
        }
    }

    private func print(_ tree: String) throws -> PrintedStatement {
        let row = try unparsing.execute([.text(tree)]).rows()[0]
        guard let sql = row[0].text, let printed = row[1].text else {
            throw DuckDBError(kind: .invalidInput, message: "The tree holds no statement.")
        }
        try check(printed, says: tree)
        return PrintedStatement(sql: sql, tree: printed)
    }

    /// Refuses a tree whose printed text parses to another one, or to none: nothing else may run.
    private func check(_ printed: String, says tree: String) throws {
        guard let tree = try? JSONValue(parsing: tree), tree["error"] == false,
            let printed = try? JSONValue(parsing: printed), PrintedTree.isSame(tree, printed)
        else {
            let message = "The statement has a form, or a name in it, that cannot be run."
            throw QueryWorkerFault.refused(Refusal(kind: .notImplemented, message: message))
        }
    }

    private func write(
        _ result: DuckDB.QueryResult,
        to output: QueryOutput
    ) throws -> (Reply, [UInt8]) {
        if let column = result.columns.first(where: { !$0.type.isReadable }) {
            throw DuckDBError(
                kind: .notImplemented,
                message: "Column \(column.name) has a type that results do not carry: "
                    + "cast it to VARCHAR."
            )
        }
        let limits = configuration.limits
        switch output {
        case .csv(let name):
            let file = try ResultFile(
                name,
                in: configuration.stagingDirectory,
                bytesMax: limits.resultBytes
            )
            return (.ran(try CSVResult(file: file, rowsMax: limits.resultRows).write(result)), [])
        case .rows(let max):
            let rows = JSONRows(
                rowsMax: min(max, limits.resultRows),
                bytesMax: min(limits.resultBytes, limits.frameBytes)
            )
            let (summary, json) = try rows.write(result)
            return (.ran(summary), json)
        case .columns, .files: preconditionFailure("No row of these comes here.")
        }
    }

    private func columns(of sql: String) throws -> ResultSummary {
        ResultSummary(columns: ResultColumn.all(of: try shape(of: sql)), rowCount: 0, byteCount: 0)
    }

    /// A result without rows.
    private func shape(of sql: String) throws -> DuckDB.QueryResult {
        try connection.prepare("SELECT * FROM (\(sql)) AS result LIMIT 0").execute()
    }

    /// Has the engine write the rows: it has the formats.
    private func write(_ sql: String, as output: FileOutput) throws -> ResultSummary {
        let shape = try shape(of: sql)
        let said = ResultColumn.all(of: shape)
        if let column = shape.columns.first(where: { !$0.type.isReadable }) {
            throw DuckDBError(
                kind: .notImplemented,
                message: "Column \(column.name) has a type that files do not carry.")
        }
        guard output.columns.isEmpty || output.columns.count == said.count else {
            throw DuckDBError(
                kind: .binder,
                message: "Insert query has mismatched column types: Table has "
                    + "\(output.columns.count) columns, query has \(said.count)")
        }
        let places = said.indices.map { "c\($0)" }
        let list = said.indices.map { place in
            let (name, type) =
                output.columns.isEmpty
                ? (said[place].name, shape.columns[place].type.tableType)
                : (output.columns[place].name, output.columns[place].type)
            return "CAST(\(places[place]) AS \(type)) AS \(name.sqlIdentifier)"
        }
        let directory = "\(configuration.stagingDirectory)/\(output.directory.rawValue)"
        guard mkdir(directory, 0o700) == 0 else { throw ResultFile.Failure(error: errno) }
        var options = ["FORMAT \(output.format.rawValue)"]
        if !output.compression.isEmpty { options.append("COMPRESSION \(output.compression)") }
        if output.format == .csv {
            options += ["HEADER false", "DELIMITER \(output.delimiter.sqlLiteral)"]
        }
        var target = "\(directory)/0.\(output.format.rawValue)"
        if output.partitionedBy.isEmpty {
            options.append("USE_TMP_FILE false")
        } else {
            target = directory
            let names = output.partitionedBy.map(\.sqlIdentifier).joined(separator: ", ")
            options += ["PARTITION_BY (\(names))", "OVERWRITE_OR_IGNORE true"]
        }
        let copied = try connection.rows(
            """
            COPY (SELECT \(list.joined(separator: ", ")) FROM (\(sql)) AS result(\(places.joined(separator: ", "))))
            TO \(target.sqlLiteral) (\(options.joined(separator: ", ")))
            """)
        return ResultSummary(
            columns: said, rowCount: copied.first?.first?.int64.map(Int.init) ?? 0, byteCount: 0)
    }
}
