import AWSAPI
import GRDB
import GlueAPI
import Ledger

struct PartitionRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "catalogPartition"
    static let migration = Migration(
        "1-partitions",
        """
        CREATE TABLE catalogPartition (
            catalog TEXT NOT NULL,
            database TEXT NOT NULL,
            tableName TEXT NOT NULL,
            partitionValues TEXT NOT NULL CHECK (json_valid(partitionValues)),
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            PRIMARY KEY (catalog, database, tableName, partitionValues),
            FOREIGN KEY (catalog, database, tableName)
                REFERENCES catalogTable(catalog, database, name) ON DELETE CASCADE
        ) STRICT;
        """)

    static let placesMigration = Migration(
        "2-partitions",
        """
        ALTER TABLE catalogPartition ADD COLUMN isPlaced INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX catalogPartitionPlaced
            ON catalogPartition(catalog, database, tableName) WHERE isPlaced = 1;
        """)

    var catalog: AccountID
    var database: String
    var tableName: String
    /// A JSON list of strings, one for each partition key.
    var partitionValues: String
    /// `Glue.Partition` in JSON.
    var definition: String
    /// Whether it lies elsewhere than in the folders of the table that say its values.
    var isPlaced: Bool

    init(_ partition: Glue.Partition, of id: TableID, _ table: Glue.Table) {
        catalog = id.catalog
        database = id.database
        tableName = id.name
        isPlaced = partition.isPlaced(in: table)
        partitionValues = Self.key(partition.values ?? [])
        definition = partition.json
    }

    /// Where each partition of a table is, for those that have a place.
    static func locations(
        of table: TableID, in db: Database
    ) throws -> [(values: [String], location: S3URL)] {
        try all(of: table).order(Column("partitionValues")).fetchAll(db).compactMap { row in
            let partition = try Glue.Partition(json: row.definition)
            return partition.storageDescriptor?.folder.map { (partition.values ?? [], $0) }
        }
    }

    /// Looks anew at which partitions of a table lie elsewhere, when it has moved.
    static func place(_ id: TableID, in table: Glue.Table, _ db: Database) throws {
        for var row in try all(of: id).fetchAll(db) {
            let isPlaced = try Glue.Partition(json: row.definition).isPlaced(in: table)
            guard isPlaced != row.isPlaced else { continue }
            row.isPlaced = isPlaced
            try row.update(db)
        }
    }

    static func all(of table: TableID) -> QueryInterfaceRequest<PartitionRow> {
        filter(
            Column("catalog") == table.catalog.rawValue && Column("database") == table.database
                && Column("tableName") == table.name)
    }

    /// What the values are kept as.
    static func key(_ values: [String]) -> String {
        JSONValue.array(values.map(JSONValue.string)).text
    }

    /// - Returns: Whether it was there.
    static func delete(_ key: String, of table: TableID, in db: Database) throws -> Bool {
        try deleteOne(
            db,
            key: [
                "catalog": table.catalog.rawValue, "database": table.database,
                "tableName": table.name, "partitionValues": key,
            ])
    }

    /// The values of the table's partitions, in order, after those.
    static func values(of table: TableID, after: String?, in db: Database) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT partitionValues FROM catalogPartition
                WHERE catalog = ? AND database = ? AND tableName = ? AND partitionValues > ?
                ORDER BY partitionValues
                """,
            arguments: [table.catalog.rawValue, table.database, table.name, after ?? ""])
    }

    static func partition(
        _ values: String, of table: TableID, in db: Database
    ) throws -> Glue.Partition? {
        let row = try fetchOne(
            db,
            key: [
                "catalog": table.catalog.rawValue, "database": table.database,
                "tableName": table.name, "partitionValues": values,
            ])
        return try row.map { try Glue.Partition(json: $0.definition) }
    }
}

extension Glue.Partition {
    /// Whether its files are not where the table's location and its values say: then its values are not in
    /// their keys either.
    fileprivate func isPlaced(in table: Glue.Table) -> Bool {
        guard let location = storageDescriptor?.folder else { return false }
        guard let folder = table.folder, location.bucket == folder.bucket,
            location.key.hasPrefix(folder.key)
        else { return true }
        let rest = location.key.dropFirst(folder.key.count)
        let keys = (table.partitionKeys ?? []).map { $0.name.lowercased() }
        let said = HivePartition.all(in: rest + "file")
        return said.count != rest.split(separator: "/").count || said.map(\.name) != keys
            || said.map { $0.value ?? HivePartition.null } != values ?? []
    }
}
