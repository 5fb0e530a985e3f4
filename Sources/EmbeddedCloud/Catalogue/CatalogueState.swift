import AWSAPI
import FoundationEssentials
import GRDB
import GlueAPI
import HashTreeCollections
import Ledger

/// The data catalogue: what databases and tables each account has, in AWS's own shapes.
///
/// It says what exists. Who may know of it is the governance's to say.
struct CatalogueState: Sendable {
    struct Database: Sendable {
        var definition: Glue.Database
        /// The principal that made it, as an ARN.
        var createdBy: String
        var tables: TreeDictionary<String, Glue.Table> = [:]
    }

    private var catalogs: TreeDictionary<AccountID, TreeDictionary<String, Database>> = [:]
    /// Of all catalogues.
    private var located: TreeDictionary<LakeLocation, Set<TableID>> = [:]
    /// Tables with partitions that lie elsewhere than their values say: where, the ledger has to be asked.
    private var placed: TreeSet<TableID> = []

    init(loading db: GRDB.Database) throws {
        for row in try DatabaseRow.fetchAll(db) {
            self[DatabaseID(catalog: row.catalog, name: row.name)] = Database(
                definition: try Glue.Database(json: row.definition), createdBy: row.createdBy)
        }
        for row in try TableRow.fetchAll(db) {
            let id = TableID(catalog: row.catalog, database: row.database, name: row.name)
            self[id] = try Glue.Table(json: row.definition)
        }
        let placed = try Row.fetchAll(
            db,
            sql: """
                SELECT DISTINCT catalog, database, tableName FROM catalogPartition WHERE isPlaced = 1
                """)
        for row in placed {
            guard let catalog = AccountID(rawValue: row["catalog"]) else { continue }
            self.placed.insert(
                TableID(catalog: catalog, database: row["database"], name: row["tableName"]))
        }
    }

    subscript(id: DatabaseID) -> Database? {
        get { catalogs[id.catalog]?[id.name] }
        set {
            if newValue == nil { for table in tables(of: id) { self[table] = nil } }
            catalogs[id.catalog, default: [:]][id.name] = newValue
        }
    }

    /// Setting a table of a database that is not there changes nothing.
    subscript(id: TableID) -> Glue.Table? {
        get { catalogs[id.catalog]?[id.database]?.tables[id.name] }
        set {
            guard self[id.databaseID] != nil else { return }
            if let location = self[id]?.lakeLocation { located[location]?.remove(id) }
            if newValue == nil { placed.remove(id) }
            if let location = newValue?.lakeLocation {
                located[location, default: []].insert(id)
            }
            catalogs[id.catalog]?[id.database]?.tables[id.name] = newValue
        }
    }

    /// The tables, of any catalogue, whose files are said to be there.
    func tables(at location: LakeLocation) -> Set<TableID> { located[location] ?? [] }

    /// Whether the files of a table of the account's are said to be in a folder whose path begins so.
    func hasTable(of account: AccountID, below path: String, in bucket: BucketName) -> Bool {
        let beginning = "\(bucket.rawValue)/\(path)"
        return located.contains { location, tables in
            "\(location.path)/".utf8.starts(with: beginning.utf8)
                && tables.contains { $0.catalog == account }
        }
    }

    func hasPlacedPartitions(_ table: TableID) -> Bool { placed.contains(table) }

    /// After a change of the table's partitions, or of its place.
    mutating func lookForPlacedPartitions(of table: TableID, _ db: GRDB.Database) throws {
        let found = PartitionRow.all(of: table).filter(Column("isPlaced") == true)
        if try found.isEmpty(db) { placed.remove(table) } else { placed.insert(table) }
    }

    /// By name.
    func databases(of catalog: AccountID) -> [DatabaseID] {
        (catalogs[catalog] ?? [:]).keys.sorted().map { DatabaseID(catalog: catalog, name: $0) }
    }

    /// By name.
    func tables(of database: DatabaseID) -> [TableID] {
        (self[database]?.tables ?? [:]).keys.sorted().map(database.table)
    }

    static let migration = Migration(
        "1-catalogue",
        """
        CREATE TABLE catalogDatabase (
            catalog TEXT NOT NULL CHECK (length(catalog) = 12),
            name TEXT NOT NULL CHECK (name <> ''),
            createdBy TEXT NOT NULL,
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            PRIMARY KEY (catalog, name)
        ) STRICT;
        CREATE TABLE catalogTable (
            catalog TEXT NOT NULL,
            database TEXT NOT NULL,
            name TEXT NOT NULL CHECK (name <> ''),
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            PRIMARY KEY (catalog, database, name),
            FOREIGN KEY (catalog, database) REFERENCES catalogDatabase(catalog, name)
                ON DELETE CASCADE
        ) STRICT;
        """)
}

struct DatabaseRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "catalogDatabase"

    var catalog: AccountID
    var name: String
    var createdBy: String
    /// `Glue.Database` in JSON.
    var definition: String
}

struct TableRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "catalogTable"

    var catalog: AccountID
    var database: String
    var name: String
    /// `Glue.Table` in JSON.
    var definition: String
}
