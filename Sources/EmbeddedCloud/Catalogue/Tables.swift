import AWSAPI
import FoundationEssentials
import GRDB
import GlueAPI

/// The tables of the catalogue, and links to tables of other accounts.
struct Tables: Sendable {
    /// UTF-8 bytes of a table's definition in JSON, which stays in memory.
    static let definitionBytesMax = 1 << 20

    let state: StateStore
    let engine: ExpressionEngine
    let region: String

    var handlers: [Handler] {
        [
            Handler(createTable), Handler(getTable), Handler(getTables), Handler(deleteTable),
            Handler(updateTable), Handler(getTableVersions), Handler(searchTables),
            Handler(batchDeleteTable),
        ]
    }

    @Sendable func createTable(
        _ operation: Glue.CreateTable, _ request: Request
    ) async throws -> EmptyResponse {
        let catalog = try request.ownCatalog(operation.catalogId, toChange: "Create Table")
        guard let input = operation.tableInput, operation.openTableFormatInput == nil else {
            throw AWSError.glueInvalidInput(
                "TableInput is required; OpenTableFormatInput is not offered.")
        }
        let table = try self.table(
            input, in: DatabaseID(catalog: catalog, name: operation.databaseName.lowercased()),
            for: request)
        let definition = table.json
        guard definition.utf8.count <= Self.definitionBytesMax else {
            throw AWSError.glueInvalidInput(
                "The definition must be at most \(Self.definitionBytesMax) bytes.")
        }
        let named = operation.databaseName
        try await state.change(recording: request.event) { db, state in
            let databaseID = DatabaseID(catalog: catalog, name: named.lowercased())
            guard let database = state.catalogue[databaseID]?.definition else {
                throw AWSError.databaseNotFound(named)
            }
            guard database.targetDatabase == nil else {
                throw AWSError.glueInvalidInput("\(named) is a link: it has no tables of its own.")
            }
            let id = databaseID.table(table.name)
            guard state.catalogue[id] == nil else { throw AWSError.tableExists(table.name) }
            try TableRow(
                catalog: catalog, database: databaseID.name, name: table.name,
                definition: definition
            ).insert(db)
            state.catalogue[id] = table
            try state.governance.grant(
                (database.createTableDefaultPermissions ?? []).map(PrincipalPermissions.lake),
                on: .table(id), for: request, in: db)
        }
        return .init()
    }

    func table(
        _ input: Glue.TableInput, in database: DatabaseID, for request: Request
    ) throws(AWSError) -> Glue.Table {
        guard input.viewDefinition == nil else {
            throw .glueInvalidInput("A view of more than one dialect is not offered here.")
        }
        var storage = input.storageDescriptor
        storage?.columns = (input.storageDescriptor?.columns ?? []).map(Self.lowerCased)
        let table = Glue.Table(
            name: try CatalogueName.new(input.name, "TableInput.Name"),
            databaseName: database.name, description: input.description,
            owner: input.owner, createTime: request.time, updateTime: request.time,
            lastAccessTime: input.lastAccessTime, lastAnalyzedTime: input.lastAnalyzedTime,
            retention: input.retention ?? 0, storageDescriptor: storage,
            partitionKeys: (input.partitionKeys ?? []).map(Self.lowerCased),
            viewOriginalText: input.viewOriginalText,
            viewExpandedText: input.viewExpandedText, tableType: input.tableType,
            parameters: input.parameters, createdBy: request.caller.principal.description,
            targetTable: try linked(input.targetTable, database.catalog),
            catalogId: database.catalog.rawValue, versionId: "0")
        try check(table.allColumns)
        return table
    }

    /// The engine takes no notice of case, and neither do grants.
    private static func lowerCased(_ column: Glue.Column) -> Glue.Column {
        var column = column
        column.name = column.name.lowercased()
        return column
    }

    private func check(_ columns: [Glue.Column]) throws(AWSError) {
        var names: Set<String> = []
        for column in columns {
            let name = try CatalogueName.new(column.name, "A column's Name")
            guard names.insert(name).inserted else {
                throw .glueInvalidInput("The column \(name) is there twice.")
            }
        }
    }

    /// What the link names need not exist, and whether it does is not said.
    private func linked(
        _ target: Glue.TableIdentifier?, _ catalog: AccountID
    ) throws(AWSError) -> Glue.TableIdentifier? {
        guard let target else { return nil }
        let linked = Glue.TableIdentifier(
            catalogId: target.catalogId ?? catalog.rawValue, databaseName: target.databaseName,
            name: target.name, region: target.region)
        guard TableID(linked) != nil, target.region ?? region == region else {
            throw .glueInvalidInput(
                "TargetTable must name an account, a database and a table of region \(region).")
        }
        return linked
    }

    @Sendable func getTable(
        _ operation: Glue.GetTable, _ request: Request
    ) async throws -> Glue.GetTable.Response {
        let state = state.current
        let named = DatabaseID(
            catalog: try request.catalog(operation.catalogId),
            name: operation.databaseName.lowercased())
        guard let database = state.followed(named, for: request.caller, at: request.time) else {
            throw AWSError.databaseNotFound(operation.databaseName)
        }
        let id = database.table(operation.name.lowercased())
        guard let table = state.table(id, seenBy: request.caller, at: request.time) else {
            throw AWSError.tableNotFound(operation.name)
        }
        return .init(table: table)
    }

    @Sendable func getTables(
        _ operation: Glue.GetTables, _ request: Request
    ) async throws -> Glue.GetTables.Response {
        let state = state.current
        let named = DatabaseID(
            catalog: try request.catalog(operation.catalogId),
            name: operation.databaseName.lowercased())
        guard let database = state.followed(named, for: request.caller, at: request.time) else {
            throw AWSError.databaseNotFound(operation.databaseName)
        }
        var tables = state.tables(of: database, seenBy: request.caller, at: request.time)
        if let pattern = operation.expression, !pattern.isEmpty {
            guard pattern.utf8.count <= NamePattern.bytesMax else {
                throw AWSError.glueInvalidInput(
                    "Expression may have \(NamePattern.bytesMax) bytes.")
            }
            // Glue takes stars as well as regular expressions, and its clients send both.
            let names = try await engine.names(tables.map(\.name), matching: pattern)
            let glob = NamePattern(pattern.lowercased())
            guard names != nil || pattern.contains("*") else {
                throw AWSError.glueInvalidInput("Expression is not a regular expression.")
            }
            tables.removeAll { names?.contains($0.name) != true && !glob.matches($0.name) }
        }
        guard
            let page = Page(
                of: tables, by: \.name, after: operation.nextToken,
                limit: try Databases.limit(operation.maxResults))
        else { throw AWSError.unknownNextToken }
        return .init(tableList: page.items, nextToken: page.nextToken)
    }

    @Sendable func deleteTable(
        _ operation: Glue.DeleteTable, _ request: Request
    ) async throws -> EmptyResponse {
        let id = TableID(
            catalog: try request.ownCatalog(operation.catalogId, toChange: "Drop"),
            database: operation.databaseName.lowercased(), name: operation.name.lowercased())
        try await state.change(recording: request.event) { db, state in
            guard state.catalogue[id.databaseID] != nil else {
                throw AWSError.databaseNotFound(id.database)
            }
            guard state.catalogue[id] != nil else { throw AWSError.tableNotFound(id.name) }
            try delete(id, in: db, &state)
        }
        return .init()
    }

    /// With what was granted on it, and its tags.
    func delete(_ id: TableID, in db: Database, _ state: inout CloudState) throws {
        try state.governance.forget(.table(id), in: db)
        try TagRow.forget(id, in: region, db)
        try TableRow.deleteOne(
            db, key: ["catalog": id.catalog.rawValue, "database": id.database, "name": id.name])
        state.catalogue[id] = nil
    }
}

extension CloudState {
    /// The database that the caller means, through its own link if it is one.
    ///
    /// - Returns: Nil if it is not there, or the caller sees nothing of it.
    func followed(_ named: DatabaseID, for caller: Caller, at now: Date) -> DatabaseID? {
        guard database(named, seenBy: caller, at: now) != nil,
            let database = catalogue.following(named),
            database == named || self.database(database, seenBy: caller, at: now) != nil
        else { return nil }
        return database
    }
}
