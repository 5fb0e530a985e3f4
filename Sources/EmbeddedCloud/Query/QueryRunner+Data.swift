import AWSAPI
import Foundation
import GlueAPI
import QueryWorker

/// Statements that leave files: CREATE TABLE AS, INSERT and UNLOAD. A worker writes them, and what it wrote
/// becomes objects of the asker's own buckets, all of them at once.
extension QueryRunner {
    /// Partitions that one statement may make.
    ///
    /// Source: Amazon Athena User Guide, "Considerations and limitations for CTAS queries".
    static let partitionsMax = 100

    func write(
        _ statement: AthenaStatement, _ running: QueryExecution
    ) async throws -> QueryExecution {
        let catalogue = CatalogueStatements(
            cloud: try cloud.acting(as: running.caller), database: running.database,
            workGroup: running.workGroup, columns: { _ in [] })
        switch statement {
        case .createTableAs(let name, let question, let properties, let ifNotExists):
            return try await createTable(
                name, as: question, properties, ifNotExists: ifNotExists, catalogue, running)
        case .insert(let name, let columns, let question):
            return try await insert(into: name, columns, question, catalogue, running)
        case .unload(let question, let location, let properties):
            return try await unload(question, to: location, properties, running)
        default: preconditionFailure("It leaves no files.")
        }
    }

    private func createTable(
        _ name: AthenaStatement.QualifiedName, as question: AthenaStatement.Question,
        _ properties: [String: AthenaStatement.Property], ifNotExists: Bool,
        _ catalogue: CatalogueStatements, _ running: QueryExecution
    ) async throws -> QueryExecution {
        let schema = try catalogue.schema(name)
        let wish = try WrittenTable(properties)
        if try await exists(name, catalogue) {
            guard ifNotExists else {
                throw QueryFault(
                    "TABLE_ALREADY_EXISTS", "Table '\(name.written)' already exists",
                    at: name.position)
            }
            return try await finish(running, rows: 0, files: [])
        }
        try await requireOwn(schema, catalogue)
        guard let location = S3URL(wish.location ?? "\(running.outputLocation)/")?.folder,
            wish.location != nil || !running.isManaged
        else { throw QueryFault.noBucketOfOnesOwn(wish.location ?? "external_location") }
        guard try await surroundings.isEmpty(location, running.account) else {
            throw QueryFault(
                "HIVE_PATH_ALREADY_EXISTS",
                "Target directory for table '\(name.written)' already exists: \(location)")
        }
        var output = try wish.output()
        output.partitionedBy = wish.partitionedBy
        var execution = running
        let written = try await run(question, output, &execution)
        defer { written.discard() }
        try QueryFault.check(named: written.columns)
        let objects = written.objects(in: location, of: execution)
        let partitions = try Self.partitions(of: written.files, wish.partitionedBy)
        let input = try wish.input(name.name, written.columns, at: location)
        return try await uncancelled { [execution] in
            try await self.surroundings.write(objects, execution.account)
            _ = try await catalogue.cloud.send(
                Glue.CreateTable(databaseName: schema, tableInput: input))
            try await self.add(partitions, to: name.name, in: schema, at: location, wish, catalogue)
            return try await self.finish(execution, rows: written.rows, files: objects)
        }
    }

    private func insert(
        into name: AthenaStatement.QualifiedName, _ columns: [String],
        _ question: AthenaStatement.Question, _ catalogue: CatalogueStatements,
        _ running: QueryExecution
    ) async throws -> QueryExecution {
        let schema = try catalogue.schema(name)
        let table = try await catalogue.table(name)
        try await requireOwn(schema, catalogue)
        guard !table.isView, !table.isLink,
            let location = table.folder
        else { throw QueryFault.notSupported("INSERT into '\(name.written)'", at: name.position) }
        let wish = try WrittenTable(of: table)
        let keys = (table.partitionKeys ?? []).map(\.name)
        let all = try GovernedScan.columns(of: table)
        var output = try wish.output()
        output.partitionedBy = keys
        let order = columns.isEmpty ? all.map(\.name) : columns
        output.columns = try order.map { named in
            guard let column = all.first(where: { $0.name == named }) else {
                throw QueryFault.columnNotFound(named, at: name.position)
            }
            return .init(name: column.name, type: column.type)
        }
        guard keys.allSatisfy(order.contains) else {
            throw QueryFault.notSupported(
                "INSERT without a value for each partition column", at: name.position)
        }
        var execution = running
        let written = try await run(question, output, &execution)
        defer { written.discard() }
        let objects = written.objects(in: location, of: execution)
        let partitions = try Self.partitions(of: written.files, keys)
        return try await uncancelled { [execution] in
            try await self.surroundings.write(objects, execution.account)
            try await self.add(
                partitions, to: table.name, in: schema, at: location, wish, catalogue)
            return try await self.finish(execution, rows: written.rows, files: objects)
        }
    }

    private func unload(
        _ question: AthenaStatement.Question, to place: String,
        _ properties: [String: AthenaStatement.Property], _ running: QueryExecution
    ) async throws -> QueryExecution {
        guard let location = S3URL(place)?.folder else {
            throw QueryFault("INVALID_FUNCTION_ARGUMENT", "\(place) is not a valid S3 path")
        }
        let wish = try WrittenTable(properties)
        guard try await surroundings.isEmpty(location, running.account) else {
            throw QueryFault(
                "HIVE_PATH_ALREADY_EXISTS", "Target directory '\(location)' is not empty")
        }
        var output = try wish.output()
        output.partitionedBy = wish.partitionedBy
        var execution = running
        let written = try await run(question, output, &execution)
        defer { written.discard() }
        // A file without rows says nothing that its being absent does not.
        let objects = written.rows == 0 ? [] : written.objects(in: location, of: execution)
        return try await uncancelled { [execution] in
            try await self.surroundings.write(objects, execution.account)
            return try await self.finish(execution, rows: written.rows, files: objects)
        }
    }

    // MARK: Files

    /// What a worker left in the staging directory.
    struct Written: Sendable {
        var columns: [ResultColumn]
        var rows: Int
        /// Below ``directory``: `year=2024/data_0.parquet`.
        var files: [String]
        var directory: URL

        func objects(in location: S3URL, of execution: QueryExecution) -> [NewObject] {
            files.enumerated().map { number, file in
                let parts = file.split(separator: "/")
                let kind = parts.last?.split(separator: ".").last ?? ""
                let name = "\(execution.id)_\(number).\(kind)"
                let folders = parts.dropLast().map { $0 + "/" }.joined()
                return NewObject(
                    file: directory.appending(path: file),
                    location: location.appending(folders + name))
            }
        }

        func discard() { try? FileManager.default.removeItem(at: directory) }
    }

    private func run(
        _ question: AthenaStatement.Question, _ output: FileOutput,
        _ execution: inout QueryExecution
    ) async throws -> Written {
        let prepared = try await prepare(question.text, &execution)
        if output.columns.isEmpty {
            try SyntaxTree(prepared.tree, parameters: prepared.parameters).checkColumns()
        }
        let directory = try pool.stagingDirectory(of: execution.account)
            .appending(path: output.directory.rawValue)
        do {
            let summary = try await run(
                prepared, for: execution.account, output: .files(output)
            ).summary
            try await recheck(prepared)
            let names = try FileManager.default.subpathsOfDirectory(atPath: directory.localPath)
            let files = names.filter { name in
                var isDirectory: ObjCBool = false
                let path = directory.appending(path: name).localPath
                return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
                    && !isDirectory.boolValue
            }.sorted()
            execution.outputRows = summary.rowCount
            execution.outputBytes = files.reduce(0) { sum, name in
                sum + (FileIdentity(ofFileAt: directory.appending(path: name).localPath)?.size ?? 0)
            }
            return Written(
                columns: summary.columns, rows: summary.rowCount, files: files,
                directory: directory)
        } catch {
            try? FileManager.default.removeItem(at: directory)
            throw error
        }
    }

    /// Leaves the list of what was written, and ends the statement.
    private func finish(
        _ running: QueryExecution, rows: Int, files: [NewObject]
    ) async throws -> QueryExecution {
        var execution = running
        let name = try Self.stagingFile("csv")
        let manifest = try pool.stagingDirectory(of: execution.account)
            .appending(path: name.rawValue)
        let text = files.map { "\($0.location)\n" }.joined()
        try DataDirectory.writePrivate(Array(text.utf8), to: manifest)
        execution.state = .succeeded
        execution.plannedAt = execution.plannedAt ?? clock()
        execution.completedAt = clock()
        execution.scannedBytes = execution.scannedBytes ?? 0
        execution.outputRows = rows
        execution.columns = try Self.text(
            of: [ResultColumn(name: "rows", type: "bigint", precision: 19, scale: 0)])
        let location = "\(execution.outputLocation)-manifest.csv"
        if !execution.isManaged { execution.manifestLocation = location }
        do {
            try await publish(manifest, at: location, execution)
        } catch {
            try? FileManager.default.removeItem(at: manifest)
            throw error
        }
        return execution
    }

    // MARK: The catalogue

    private func exists(
        _ name: AthenaStatement.QualifiedName, _ catalogue: CatalogueStatements
    ) async throws -> Bool {
        do {
            _ = try await catalogue.table(name)
            return true
        } catch let fault as QueryFault where fault.code == "TABLE_NOT_FOUND" {
            return false
        }
    }

    /// What others share is read only, also under one's own name for it.
    private func requireOwn(_ schema: String, _ catalogue: CatalogueStatements) async throws {
        do {
            let found = try await catalogue.cloud.send(Glue.GetDatabase(name: schema))
            guard found.database?.targetDatabase == nil else {
                throw QueryFault.notSupported(
                    "Writing into '\(schema)', which others share,", at: nil)
            }
        } catch let error as AWSError where error.code == "EntityNotFoundException" {
            throw QueryFault("SCHEMA_NOT_FOUND", "Schema '\(schema)' does not exist")
        }
    }

    /// The values of the partition columns that the files' folders say.
    private static func partitions(
        of files: [String], _ keys: [String]
    ) throws -> [[String]] {
        guard !keys.isEmpty else { return [] }
        var seen: Set<[String]> = []
        for file in files {
            let said = HivePartition.values(in: file)
            seen.insert(keys.map { (said[$0] ?? nil) ?? HivePartition.null })
        }
        guard seen.count <= partitionsMax else {
            throw QueryFault(
                "HIVE_TOO_MANY_OPEN_PARTITIONS",
                "Exceeded limit of \(partitionsMax) open writers for partitions")
        }
        return seen.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private func add(
        _ partitions: [[String]], to table: String, in schema: String, at location: S3URL,
        _ wish: WrittenTable, _ catalogue: CatalogueStatements
    ) async throws {
        guard !partitions.isEmpty else { return }
        let known = try await catalogue.cloud.send(
            Glue.GetTable(databaseName: schema, name: table)
        ).table
        let keys = (known?.partitionKeys ?? []).map(\.name)
        _ = try await catalogue.cloud.send(
            Glue.BatchCreatePartition(
                databaseName: schema, tableName: table,
                partitionInputList: partitions.map { values in
                    let folder = zip(keys, values).map { key, value in
                        "\(key)=\(value == HivePartition.null ? value : PercentEncoding.encode(value))/"
                    }.joined()
                    var storage = wish.storage(at: location.appending(folder))
                    storage.columns = known?.storageDescriptor?.columns
                    return .init(values: values, storageDescriptor: storage)
                }))
    }
}
