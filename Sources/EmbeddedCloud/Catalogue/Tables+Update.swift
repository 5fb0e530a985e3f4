import AWSAPI
import FoundationEssentials
import GRDB
import GlueAPI
import HashTreeCollections
import Ledger

/// How tables change, and what they were before.
extension Tables {
    /// Versions of a table that are kept besides the newest; the oldest go first.
    static let archivedVersionsMax = 100

    /// Puts another definition in the place of a table's.
    @Sendable func updateTable(
        _ operation: Glue.UpdateTable, _ request: Request
    ) async throws -> EmptyResponse {
        let catalog = try request.ownCatalog(operation.catalogId, toChange: "Alter")
        guard let input = operation.tableInput, operation.updateOpenTableFormatInput == nil else {
            throw AWSError.glueInvalidInput(
                "TableInput is required; UpdateOpenTableFormatInput is not offered.")
        }
        guard operation.name.map({ $0.lowercased() == input.name.lowercased() }) ?? true else {
            throw AWSError.glueInvalidInput("A table's name cannot be changed.")
        }
        var table = try self.table(
            input, in: DatabaseID(catalog: catalog, name: operation.databaseName.lowercased()),
            for: request)
        table.updateTime = request.time
        let definition = table
        try await state.change(recording: request.event) { db, state in
            var table = definition
            let id = TableID(
                catalog: catalog, database: operation.databaseName.lowercased(), name: table.name)
            guard state.catalogue[id.databaseID] != nil else {
                throw AWSError.databaseNotFound(operation.databaseName)
            }
            guard let old = state.catalogue[id] else { throw AWSError.tableNotFound(input.name) }
            guard operation.versionId == nil || operation.versionId == old.versionId else {
                throw AWSError(
                    "ConcurrentModificationException",
                    "Update table failed due to concurrent modifications.")
            }
            guard (old.partitionKeys ?? []).map(\.name) == (table.partitionKeys ?? []).map(\.name)
            else {
                throw AWSError.glueInvalidInput("A table's partition keys cannot be changed.")
            }
            table.createTime = old.createTime
            table.createdBy = old.createdBy
            table.versionId = old.versionId.flatMap { Int($0) }.map { String($0 + 1) } ?? "1"
            if operation.skipArchive != true {
                try TableVersionRow(old, id).save(db)
                try TableVersionRow.trim(id, to: Self.archivedVersionsMax, in: db)
            }
            let text = table.json
            guard text.utf8.count <= Self.definitionBytesMax else {
                throw AWSError.glueInvalidInput(
                    "The definition must be at most \(Self.definitionBytesMax) bytes.")
            }
            try TableRow(
                catalog: catalog, database: id.database, name: id.name, definition: text
            ).update(db)
            state.catalogue[id] = table
            state.governance.changed()
            try state.governance.forgetTags(
                of: id, exceptOn: Set(table.allColumns.map { $0.name.lowercased() }), in: db)
            if table.folder != old.folder {
                try PartitionRow.place(id, in: table, db)
                try state.catalogue.lookForPlacedPartitions(of: id, db)
            }
        }
        return .init()
    }

    /// The newest first.
    @Sendable func getTableVersions(
        _ operation: Glue.GetTableVersions, _ request: Request
    ) async throws -> Glue.GetTableVersions.Response {
        let catalog = try request.ownCatalog(operation.catalogId, toChange: "Describe")
        let id = TableID(
            catalog: catalog, database: operation.databaseName.lowercased(),
            name: operation.tableName.lowercased())
        guard let newest = state.current.catalogue[id] else {
            throw AWSError.tableNotFound(operation.tableName)
        }
        let older = try await state.ledger.read { db in try TableVersionRow.all(of: id, in: db) }
        let all = try older.map { try Glue.Table(json: $0.definition) } + [newest]
        let versions = all.reversed().map { table in
            Glue.TableVersion(table: table, versionId: table.versionId)
        }
        guard
            let page = Page(
                of: versions, by: { Self.descending($0.versionId) }, after: operation.nextToken,
                limit: try Databases.limit(operation.maxResults))
        else { throw AWSError.unknownNextToken }
        return .init(tableVersions: page.items, nextToken: page.nextToken)
    }

    private static func descending(_ version: String?) -> String {
        let number = version.flatMap { Int($0) } ?? 0
        let digits = String(Int.max - number)
        return String(repeating: "0", count: 19 - digits.count) + digits
    }

    /// What cannot be deleted is named; the others are gone.
    @Sendable func batchDeleteTable(
        _ operation: Glue.BatchDeleteTable, _ request: Request
    ) async throws -> Glue.BatchDeleteTable.Response {
        guard (1...Databases.pageMax).contains(operation.tablesToDelete.count) else {
            throw AWSError.glueInvalidInput(
                "TablesToDelete must name 1 to \(Databases.pageMax) tables.")
        }
        let catalog = try request.ownCatalog(operation.catalogId, toChange: "Drop")
        let database = DatabaseID(catalog: catalog, name: operation.databaseName.lowercased())
        let errors = try await state.change(recording: request.event) { db, state in
            guard state.catalogue[database] != nil else {
                throw AWSError.databaseNotFound(operation.databaseName)
            }
            return try operation.tablesToDelete.compactMap { name -> Glue.TableError? in
                let id = database.table(name.lowercased())
                guard state.catalogue[id] != nil else {
                    return .init(tableName: name, errorDetail: .init(.tableNotFound(name)))
                }
                try delete(id, in: db, &state)
                return nil
            }
        }
        return .init(errors: errors)
    }
}

extension Glue.ErrorDetail {
    init(_ error: AWSError) { self.init(errorCode: error.code, errorMessage: error.message) }
}

/// What a table was before it was changed.
struct TableVersionRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "catalogTableVersion"
    static let migration = Migration(
        "2-table-versions",
        """
        CREATE TABLE catalogTableVersion (
            catalog TEXT NOT NULL,
            database TEXT NOT NULL,
            tableName TEXT NOT NULL,
            version INTEGER NOT NULL,
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            PRIMARY KEY (catalog, database, tableName, version),
            FOREIGN KEY (catalog, database, tableName)
                REFERENCES catalogTable(catalog, database, name) ON DELETE CASCADE
        ) STRICT;
        """)

    var catalog: AccountID
    var database: String
    var tableName: String
    var version: Int
    /// `Glue.Table` in JSON.
    var definition: String

    init(_ table: Glue.Table, _ id: TableID) {
        catalog = id.catalog
        database = id.database
        tableName = id.name
        version = table.versionId.flatMap { Int($0) } ?? 0
        definition = table.json
    }

    private static func of(_ id: TableID) -> QueryInterfaceRequest<TableVersionRow> {
        filter(
            Column("catalog") == id.catalog.rawValue && Column("database") == id.database
                && Column("tableName") == id.name)
    }

    /// The oldest first.
    static func all(of id: TableID, in db: Database) throws -> [TableVersionRow] {
        try of(id).order(Column("version")).fetchAll(db)
    }

    static func trim(_ id: TableID, to max: Int, in db: Database) throws {
        let kept = try of(id).order(Column("version").desc).limit(max).fetchAll(db)
        guard let oldest = kept.last, kept.count == max else { return }
        try of(id).filter(Column("version") < oldest.version).deleteAll(db)
    }
}
