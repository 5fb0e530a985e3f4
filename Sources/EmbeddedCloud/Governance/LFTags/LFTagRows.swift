import AWSAPI
import GRDB
import HashTreeCollections
import Ledger

/// A tag, with the values that it may have, in the order in which they were added.
struct LFTagRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "lfTag"

    var catalog: AccountID
    var key: String
    var values: [String]

    /// Tags, what is tagged, and grants by them.
    static let migration = Migration(
        "2-governance",
        """
        CREATE TABLE lfTag (
            catalog TEXT NOT NULL CHECK (length(catalog) = 12),
            key TEXT NOT NULL CHECK (key <> ''),
            "values" TEXT NOT NULL CHECK (json_valid("values")),
            PRIMARY KEY (catalog, key)
        ) STRICT;
        CREATE TABLE lfTagAssignment (
            catalog TEXT NOT NULL CHECK (length(catalog) = 12),
            database TEXT NOT NULL,
            tableName TEXT NOT NULL,
            "column" TEXT NOT NULL,
            tags TEXT NOT NULL CHECK (json_valid(tags)),
            PRIMARY KEY (catalog, database, tableName, "column"),
            FOREIGN KEY (catalog, database)
                REFERENCES catalogDatabase(catalog, name) ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE anyGrant (
            grantee TEXT NOT NULL,
            kind TEXT NOT NULL,
            catalog TEXT NOT NULL CHECK (length(catalog) = 12),
            database TEXT NOT NULL,
            tableName TEXT NOT NULL,
            part TEXT NOT NULL CHECK (json_valid(part)),
            permissions TEXT NOT NULL CHECK (permissions <> ''),
            grantable TEXT NOT NULL,
            grantor TEXT NOT NULL,
            updatedAt TEXT NOT NULL,
            updatedBy TEXT NOT NULL,
            PRIMARY KEY (grantee, kind, catalog, database, tableName, part)
        ) STRICT;
        INSERT INTO anyGrant SELECT * FROM lakeGrant;
        DROP TABLE lakeGrant;
        ALTER TABLE anyGrant RENAME TO lakeGrant;
        """)
}

/// The tags that a database, a table or a column was given itself.
struct LFTagAssignmentRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "lfTagAssignment"

    var catalog: AccountID
    var database: String
    /// Empty for a database.
    var tableName: String
    /// Empty for a database or a table.
    var column: String
    var tags: [String: String]

    init(_ tags: [String: String], on resource: TaggableResource) {
        (catalog, database) = (resource.database.catalog, resource.database.name)
        (tableName, column) =
            switch resource {
            case .database: ("", "")
            case .table(let id): (id.name, "")
            case .column(let id, let name): (id.name, name)
            }
        self.tags = tags
    }

    var resource: TaggableResource {
        let database = DatabaseID(catalog: catalog, name: database)
        if tableName.isEmpty { return .database(database) }
        let table = database.table(tableName)
        return column.isEmpty ? .table(table) : .column(table, column)
    }
}

extension GovernanceState {
    func assigned(to resource: TaggableResource) -> [String: String] {
        tagged[resource.database]?[resource] ?? [:]
    }

    /// Whether anything has that value of the tag.
    func isAssigned(_ key: String, _ value: String, in catalog: AccountID) -> Bool {
        tagged.contains { database, tagged in
            database.catalog == catalog
                && tagged.assignments(in: database).contains {
                    $0.tags[key] == value
                }
        }
    }

    mutating func set(_ tag: LFTagRow, in db: Database) throws {
        changed()
        try tag.save(db)
        tags[tag.catalog, default: [:]][tag.key] = tag.values
    }

    /// No tags at all: it is not tagged any more.
    mutating func assign(
        _ tags: [String: String], to resource: TaggableResource, in db: Database
    ) throws {
        changed()
        let row = LFTagAssignmentRow(tags, on: resource)
        if tags.isEmpty { try row.delete(db) } else { try row.save(db) }
        insert(row)
    }

    mutating func insert(_ row: LFTagAssignmentRow) {
        let database = row.resource.database
        var tagged = tagged[database] ?? TaggedDatabase()
        tagged[row.resource] = row.tags
        self.tagged[database] = tagged.isBare ? nil : tagged
    }

    /// The tag, wherever it was given, and the grants by it.
    mutating func removeTag(_ key: String, of catalog: AccountID, in db: Database) throws {
        changed()
        try LFTagRow.deleteOne(db, key: ["catalog": catalog.rawValue, "key": key])
        tags[catalog]?[key] = nil
        for (database, tagged) in tagged where database.catalog == catalog {
            for var row in tagged.assignments(in: database) where row.tags[key] != nil {
                row.tags[key] = nil
                try assign(row.tags, to: row.resource, in: db)
            }
        }
        let named = grants.keys.flatMap(tagGrants(to:)).filter { grant in
            grant.tagPolicy?.names(key, in: catalog) ?? false
        }
        for grant in named { try set(grant.with(permissions: [], grantable: []), in: db) }
    }

    /// Forgets the tags of columns that a table has no more: one that comes later by the same name is
    /// another.
    mutating func forgetTags(
        of table: TableID, exceptOn columns: Set<String>, in db: Database
    ) throws {
        for name in (tagged[table.databaseID]?.tables[table.name]?.columns ?? [:]).keys
        where !columns.contains(name) {
            try assign([:], to: .column(table, name), in: db)
        }
    }

    /// Forgets the tags of a thing that is dropped.
    mutating func forgetTags(of subject: GrantSubject, in db: Database) throws {
        let forgotten: [LFTagAssignmentRow] =
            switch subject {
            case .database(let id): tagged[id]?.assignments(in: id) ?? []
            case .table(let id):
                (tagged[id.databaseID]?.assignments(in: id.databaseID) ?? [])
                    .filter { $0.tableName == id.name }
            case .catalog, .tables, .location, .tagged: []
            }
        for row in forgotten { try assign([:], to: row.resource, in: db) }
    }
}

extension TaggedDatabase {
    func assignments(in database: DatabaseID) -> [LFTagAssignmentRow] {
        var rows = own.isEmpty ? [] : [LFTagAssignmentRow(own, on: .database(database))]
        for (name, table) in tables {
            let id = database.table(name)
            if !table.own.isEmpty { rows.append(.init(table.own, on: .table(id))) }
            rows += table.columns.map { .init($0.value, on: .column(id, $0.key)) }
        }
        return rows
    }
}
