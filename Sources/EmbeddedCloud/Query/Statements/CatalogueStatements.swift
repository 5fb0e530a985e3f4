import AWSAPI
import AthenaAPI
import FoundationEssentials
import GlueAPI
import QueryWorker
import S3API

/// Carries out the statements that are about the catalogue: each is one of Glue's operations, sent as whoever
/// asks, and so shows and changes what that caller may see and change.
struct CatalogueStatements: Sendable {
    let cloud: any Cloud
    let database: String?
    let workGroup: String
    /// What the columns of a question's answer are.
    let columns: @Sendable (AthenaStatement.Question) async throws -> [ResultColumn]

    func carryOut(_ statement: AthenaStatement) async throws -> TextResult {
        switch statement {
        case .show(let shown): return try await show(shown)
        case .createDatabase(let name, let comment, let location, let ifNotExists):
            try await tolerating(ifNotExists ? "AlreadyExistsException" : nil) {
                _ = try await cloud.send(
                    Glue.CreateDatabase(
                        databaseInput: .init(
                            name: name, description: comment, locationUri: location)))
            }
        case .dropDatabase(let name, let ifExists, let cascade):
            try await tolerating(ifExists ? "EntityNotFoundException" : nil) {
                let tables = try await cloud.send(Glue.GetTables(databaseName: name, maxResults: 1))
                guard cascade || (tables.tableList ?? []).isEmpty else {
                    throw QueryFault(
                        "SCHEMA_NOT_EMPTY", "Cannot drop non-empty schema '\(name)': say CASCADE")
                }
                _ = try await cloud.send(Glue.DeleteDatabase(name: name))
            }
        case .dropTable(let name, let ifExists, let isView):
            try await tolerating(ifExists ? "EntityNotFoundException" : nil) {
                let table = try await table(name)
                guard table.isView == isView else {
                    throw QueryFault(
                        "TABLE_NOT_FOUND",
                        "'\(name.written)' is \(table.isView ? "a view" : "a table")",
                        at: name.position)
                }
                _ = try await cloud.send(
                    Glue.DeleteTable(databaseName: try schema(name), name: name.name))
            }
        case .createExternalTable(let name, let table, let ifNotExists):
            let input = try Self.input(name, table)
            guard try await !isTaken(by: input, in: schema(name)) || ifNotExists else {
                throw QueryFault(
                    "TABLE_ALREADY_EXISTS", "Table '\(name.written)' already exists",
                    at: name.position)
            }
        case .createView(let name, let question, let orReplace):
            try await createView(name, question, orReplace: orReplace)
        case .repairTable(let name): return try await repair(name)
        case .prepare(let name, let question):
            _ = try await cloud.send(
                Athena.CreatePreparedStatement(
                    statementName: name, workGroup: workGroup,
                    queryStatement: String(question.text.drop(while: \.isWhitespace))))
        case .deallocate(let name):
            _ = try await cloud.send(
                Athena.DeletePreparedStatement(statementName: name, workGroup: workGroup))
        default: preconditionFailure("It is not about the catalogue.")
        }
        return TextResult()
    }

    private static func input(
        _ name: AthenaStatement.QualifiedName, _ table: AthenaStatement.ExternalTable
    ) throws -> Glue.TableInput {
        guard let location = table.location, S3URL(location) != nil else {
            throw QueryFault("INVALID_TABLE", "LOCATION must be an S3 path", at: name.position)
        }
        let named = table.format ?? "textfile"
        guard let format = TableFormat.named[named] else {
            throw QueryFault.unreadable("STORED AS \(named.uppercased())")
        }
        func columns(_ columns: [AthenaStatement.ExternalTable.Column]) throws -> [Glue.Column] {
            try columns.map {
                _ = try HiveType($0.type)
                return .init(name: $0.name, type: $0.type, comment: $0.comment)
            }
        }
        var properties = table.properties
        properties["EXTERNAL"] = "TRUE"
        let storage = Glue.StorageDescriptor(
            columns: try columns(table.columns), location: location,
            inputFormat: table.inputFormat ?? format.input,
            outputFormat: table.outputFormat ?? format.output,
            serdeInfo: .init(
                serializationLibrary: table.serde ?? format.serde,
                parameters: table.serdeProperties))
        // Better here than at the first question.
        _ = try SerDe(of: storage, parameters: properties)
        return .init(
            name: name.name, description: table.comment, storageDescriptor: storage,
            partitionKeys: try columns(table.partitionKeys), tableType: "EXTERNAL_TABLE",
            parameters: properties)
    }

    // MARK: Views

    private func createView(
        _ name: AthenaStatement.QualifiedName, _ question: AthenaStatement.Question,
        orReplace: Bool
    ) async throws {
        let shape = try await columns(question)
        try QueryFault.check(named: shape)
        let schema = try schema(name)
        let view = PrestoView(
            originalSql: String(question.text.drop(while: \.isWhitespace)), schema: database,
            columns: shape.map { .init(name: $0.name, type: $0.type) })
        let input = Glue.TableInput(
            name: name.name,
            storageDescriptor: .init(
                columns: shape.map {
                    .init(name: $0.name, type: $0.catalogueType ?? "string")
                }, location: ""),
            viewOriginalText: try view.text, viewExpandedText: "/* Presto View */",
            tableType: "VIRTUAL_VIEW",
            parameters: ["presto_view": "true", "comment": "Presto View"])
        guard try await isTaken(by: input, in: schema) else { return }
        guard orReplace, try await table(name).isView else {
            throw QueryFault(
                "TABLE_ALREADY_EXISTS", "'\(name.written)' already exists", at: name.position)
        }
        _ = try await cloud.send(Glue.UpdateTable(databaseName: schema, tableInput: input))
    }

    /// Whether there is a table by that name. If not, it is made.
    private func isTaken(by input: Glue.TableInput, in schema: String) async throws -> Bool {
        do throws(AWSError) {
            _ = try await cloud.send(Glue.CreateTable(databaseName: schema, tableInput: input))
            return false
        } catch {
            guard error.code == "AlreadyExistsException" else { throw error }
            return true
        }
    }

    // MARK: Partitions that are in the bucket and not in the catalogue

    /// Keys that are looked at.
    private static let repairKeysMax = 100_000

    private func repair(_ name: AthenaStatement.QualifiedName) async throws -> TextResult {
        let table = try await table(name)
        let schema = try schema(name)
        let keys = (table.partitionKeys ?? []).map(\.name)
        guard !keys.isEmpty,
            let location = table.folder
        else {
            throw QueryFault(
                "INVALID_TABLE", "Table '\(name.written)' is not a partitioned table",
                at: name.position)
        }
        var folders: [String: [String]] = [:]
        var count = 0
        try await pages { token in
            let page = try await cloud.send(
                S3.ListObjectsV2(
                    bucket: location.bucket, prefix: location.key, continuationToken: token))
            for key in (page.contents ?? []).compactMap(\.key) {
                count += 1
                let below = String(key.dropFirst(location.key.count))
                let said = HivePartition.values(in: below)
                guard keys.allSatisfy({ said[$0] != nil }) else { continue }
                let folder = below.split(separator: "/").dropLast().map { $0 + "/" }.joined()
                folders[folder] = keys.map { (said[$0] ?? nil) ?? HivePartition.null }
            }
            guard count <= Self.repairKeysMax else {
                throw QueryFault(
                    "HIVE_EXCEEDED_PARTITION_LIMIT",
                    "There are more than \(Self.repairKeysMax) objects at \(location)")
            }
            return page.nextContinuationToken
        }
        var lines: [String] = []
        var rest = folders.sorted { $0.key < $1.key }[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Partitions.batchMax)
            rest = rest.dropFirst(batch.count)
            let answer = try await cloud.send(
                Glue.BatchCreatePartition(
                    databaseName: schema, tableName: name.name,
                    partitionInputList: batch.map { folder, values in
                        var storage = table.storageDescriptor ?? .init()
                        storage.location = location.appending(folder).description
                        return .init(values: values, storageDescriptor: storage)
                    }))
            let known = Set((answer.errors ?? []).compactMap(\.partitionValues))
            lines += batch.filter { !known.contains($0.value) }.map { _, values in
                "Repair: Added partition to metastore \(name.written):"
                    + zip(keys, values).map { "\($0)=\($1)" }.joined(separator: "/")
            }
        }
        return TextResult(columns: ["repair"], lines: lines)
    }

    // MARK: SHOW

    private func show(_ shown: AthenaStatement.Shown) async throws -> TextResult {
        switch shown {
        case .databases(let pattern):
            var names: [String] = []
            try await pages { token in
                let page = try await cloud.send(Glue.GetDatabases(nextToken: token))
                names += page.databaseList.map(\.name)
                return page.nextToken
            }
            return TextResult(columns: ["database_name"], lines: Self.matching(pattern, names))
        case .tables(let database, let pattern):
            let names = try await tables(in: database).map(\.name)
            return TextResult(columns: ["tab_name"], lines: Self.matching(pattern, names))
        case .views(let database, let pattern):
            let names = try await tables(in: database).filter(\.isView).map(\.name)
            return TextResult(columns: ["views"], lines: Self.matching(pattern, names))
        case .columns(let name):
            let names = try await table(name).allColumns.map { Self.padded($0.name) }
            return TextResult(columns: ["field"], lines: names)
        case .partitions(let name):
            return TextResult(columns: ["partition"], lines: try await partitions(of: name))
        case .creation(let name):
            let table = try await table(name)
            let lines = table.isView ? try Self.creation(ofView: table) : Self.creation(of: table)
            return TextResult(columns: ["createtab_stmt"], lines: lines)
        case .properties(let name):
            let said = try await table(name).parameters ?? [:]
            return TextResult(
                columns: ["prpt_name", "prpt_value"],
                lines: said.sorted { $0.key < $1.key }.map { "\($0.key)\t\($0.value)" })
        case .description(let name):
            return TextResult(
                columns: ["col_name", "data_type", "comment"],
                lines: Self.description(of: try await table(name)))
        }
    }

    private func tables(in database: String?) async throws -> [Glue.Table] {
        guard let named = database ?? self.database else { throw QueryFault.noDatabase }
        var tables: [Glue.Table] = []
        try await notFound("SCHEMA_NOT_FOUND", "Schema '\(named)' does not exist") {
            try await pages { token in
                let page = try await cloud.send(
                    Glue.GetTables(databaseName: named, nextToken: token))
                tables += page.tableList ?? []
                return page.nextToken
            }
        }
        return tables
    }

    private func partitions(of name: AthenaStatement.QualifiedName) async throws -> [String] {
        let table = try await table(name)
        let keys = (table.partitionKeys ?? []).map(\.name)
        guard !keys.isEmpty else {
            throw QueryFault(
                "INVALID_TABLE", "Table '\(name.written)' is not a partitioned table",
                at: name.position)
        }
        let schema = try schema(name)
        var lines: [String] = []
        try await pages { token in
            let page = try await cloud.send(
                Glue.GetPartitions(
                    databaseName: schema, tableName: name.name, nextToken: token,
                    excludeColumnSchema: true))
            lines += (page.partitions ?? []).map { partition in
                zip(keys, partition.values ?? []).map { "\($0)=\($1)" }.joined(separator: "/")
            }
            return page.nextToken
        }
        return lines
    }

    private func pages(_ ask: (String?) async throws -> String?) async throws {
        var token: String?
        repeat { token = try await ask(token) } while token != nil
    }

    // MARK: Names and refusals

    func schema(_ name: AthenaStatement.QualifiedName) throws -> String {
        guard let schema = name.database ?? database else { throw QueryFault.noDatabase }
        return schema
    }

    func table(_ name: AthenaStatement.QualifiedName) async throws -> Glue.Table {
        let schema = try schema(name)
        do throws(AWSError) {
            let found = try await cloud.send(Glue.GetTable(databaseName: schema, name: name.name))
            if let table = found.table { return table }
        } catch {
            guard error.code == "EntityNotFoundException" else { throw error }
        }
        throw QueryFault.tableNotFound(name.written, at: name.position)
    }

    private func notFound(
        _ code: String, _ message: String, _ work: () async throws -> Void
    ) async throws {
        do {
            try await work()
        } catch let error as AWSError where error.code == "EntityNotFoundException" {
            throw QueryFault(code, message)
        }
    }

    /// IF EXISTS, IF NOT EXISTS.
    private func tolerating(_ code: String?, _ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let error as AWSError where error.code == code {
        } catch let fault as QueryFault
            where fault.code == "TABLE_NOT_FOUND" && code == "EntityNotFoundException"
        {}
    }

    /// `*` stands for anything, `|` for or; LIKE's `%` and `_` count too.
    private static func matching(_ pattern: String?, _ names: [String]) -> [String] {
        guard let pattern, !pattern.isEmpty else { return names.sorted() }
        let choices = pattern.lowercased().split(separator: "|").map {
            NamePattern(String($0.map { $0 == "%" ? "*" : $0 }), single: "_")
        }
        return names.sorted().filter { name in choices.contains { $0.matches(name) } }
    }
}

extension QueryFault {
    /// A table or a view cannot have a column without a name.
    static func check(named columns: [ResultColumn]) throws(QueryFault) {
        for (place, column) in columns.enumerated() where column.name == "_col\(place)" {
            throw QueryFault(
                "COLUMN_NAME_NOT_SPECIFIED", "Column name not specified at position \(place + 1)")
        }
    }

    fileprivate static let noDatabase = QueryFault(
        "MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set")
}
