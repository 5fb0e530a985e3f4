import GRDB
import Ledger

/// One tag of a resource that is known by its ARN. Nothing is decided by them.
struct TagRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "catalogTag"
    static let migration = Migration(
        "2-catalogue-tags",
        """
        CREATE TABLE catalogTag (
            resource TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (resource, name)
        ) STRICT, WITHOUT ROWID;
        """)

    static let perResourceMax = 50
    static let limits =
        "A resource has \(perResourceMax) tags at most; a tag's key has 1 to 128 characters, its value at "
        + "most 256."

    /// The ARN.
    var resource: String
    var name: String
    var value: String

    static func tags(of resource: String, _ db: Database) throws -> [String: String] {
        let rows = try filter(Column("resource") == resource).fetchAll(db)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.value) })
    }

    /// - Returns: False beyond ``limits``: the change is to be undone.
    static func add(
        _ tags: [String: String], to resource: String, _ db: Database
    ) throws -> Bool {
        for (name, value) in tags {
            guard (1...128).contains(name.count), value.count <= 256 else { return false }
            try TagRow(resource: resource, name: name, value: value).save(db)
        }
        return try filter(Column("resource") == resource).fetchCount(db) <= perResourceMax
    }

    static func remove(_ names: [String], from resource: String, _ db: Database) throws {
        try filter(Column("resource") == resource && names.contains(Column("name"))).deleteAll(db)
    }

    static func forget(_ resource: String, _ db: Database) throws {
        try filter(Column("resource") == resource).deleteAll(db)
    }
}
