import AWSAPI
import FoundationEssentials
import GRDB
import LakeFormationAPI
import Ledger

extension GovernanceState {
    static let migration = Migration(
        "1-governance",
        """
        CREATE TABLE dataLakeSettings (
            account TEXT PRIMARY KEY CHECK (length(account) = 12),
            settings TEXT NOT NULL CHECK (json_valid(settings))
        ) STRICT;
        CREATE TABLE lakeLocation (
            account TEXT NOT NULL CHECK (length(account) = 12),
            arn TEXT NOT NULL,
            info TEXT NOT NULL CHECK (json_valid(info)),
            PRIMARY KEY (account, arn)
        ) STRICT;
        CREATE TABLE dataCellsFilter (
            catalog TEXT NOT NULL,
            database TEXT NOT NULL,
            tableName TEXT NOT NULL,
            name TEXT NOT NULL CHECK (name <> ''),
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            predicate TEXT CHECK (predicate IS NULL OR json_valid(predicate)),
            PRIMARY KEY (catalog, database, tableName, name),
            FOREIGN KEY (catalog, database, tableName)
                REFERENCES catalogTable(catalog, database, name) ON DELETE CASCADE
        ) STRICT;
        CREATE TABLE lakeGrant (
            grantee TEXT NOT NULL,
            kind TEXT NOT NULL
                CHECK (kind IN ('catalog', 'database', 'tables', 'table', 'location')),
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
        """)
}

struct DataLakeSettingsRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "dataLakeSettings"

    var account: AccountID
    /// `LakeFormation.DataLakeSettings` in JSON.
    var settings: String
}

struct LocationRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "lakeLocation"

    var account: AccountID
    var arn: String
    /// `LakeFormation.ResourceInfo` in JSON.
    var info: String
}

struct GrantRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "lakeGrant"

    var grantee: String
    var kind: String
    var catalog: AccountID
    /// Empty where the kind has none; of a location, its ARN; of what is tagged, `DATABASE` or `TABLE`.
    var database: String
    /// Empty where the kind has none; of what is tagged, the expression, in JSON.
    var tableName: String
    /// `{}`, `{"only":[…]}`, `{"except":[…]}` or `{"filter":"…"}`.
    var part: String
    /// `DESCRIBE SELECT`
    var permissions: String
    var grantable: String
    var grantor: AccountID
    var updatedAt: Date
    var updatedBy: String
}

extension GrantRow {
    init(_ grant: Grant) {
        let subject = grant.resource.subject
        let (kind, database, table) =
            switch subject {
            case .catalog: ("catalog", "", "")
            case .database(let id): ("database", id.name, "")
            case .tables(let id): ("tables", id.name, "")
            case .table(let id): ("table", id.database, id.name)
            case .location(_, let arn): ("location", arn, "")
            case .tagged(let policy): ("tagged", policy.kind.rawValue, policy.expression.text)
            }
        self.init(
            grantee: grant.grantee.description, kind: kind, catalog: subject.catalog,
            database: database, tableName: table, part: grant.resource.part.json.text,
            permissions: Self.words(grant.permissions), grantable: Self.words(grant.grantable),
            grantor: grant.grantor, updatedAt: grant.updatedAt, updatedBy: grant.updatedBy)
    }

    private static func words(_ permissions: Set<LakeFormation.Permission>) -> String {
        permissions.map(\.rawValue).sorted().joined(separator: " ")
    }

    fileprivate static func permissions(_ words: String) -> Set<LakeFormation.Permission> {
        Set(words.split(separator: " ").map { LakeFormation.Permission(rawValue: String($0)) })
    }

    fileprivate var subject: GrantSubject? {
        switch kind {
        case "catalog": .catalog(catalog)
        case "database": .database(DatabaseID(catalog: catalog, name: database))
        case "tables": .tables(DatabaseID(catalog: catalog, name: database))
        case "table": .table(TableID(catalog: catalog, database: database, name: tableName))
        case "location": .location(catalog, database)
        case "tagged":
            TagPolicy.Kind(rawValue: database).flatMap { kind in
                TagExpression(text: tableName).map { expression in
                    .tagged(TagPolicy(catalog: catalog, kind: kind, expression: expression))
                }
            }
        default: nil
        }
    }
}

extension Grant {
    init(_ row: GrantRow) throws {
        guard let grantee = Grantee(row.grantee), let subject = row.subject,
            let part = GrantPart(json: try JSONValue(parsing: row.part))
        else { throw DataDirectoryFault.damaged("a grant to \(row.grantee) cannot be read.") }
        self.init(
            grantee: grantee, resource: GrantResource(subject: subject, part: part),
            permissions: GrantRow.permissions(row.permissions),
            grantable: GrantRow.permissions(row.grantable), grantor: row.grantor,
            updatedAt: row.updatedAt, updatedBy: row.updatedBy)
    }
}

extension GrantPart {
    var json: JSONValue {
        switch self {
        case .whole: [:]
        case .columns(.only(let names)): ["only": .array(names.sorted().map(JSONValue.string))]
        case .columns(.except(let names)): ["except": .array(names.sorted().map(JSONValue.string))]
        case .filter(let name): ["filter": .string(name)]
        }
    }

    init?(json: JSONValue) {
        guard let members = json.object?.members else { return nil }
        switch (members.first?.name, members.first?.value) {
        case (nil, _): self = .whole
        case ("only", .array(let names)): self = .columns(.only(Set(names.compactMap(\.string))))
        case ("except", .array(let names)):
            self = .columns(.except(Set(names.compactMap(\.string))))
        case ("filter", .string(let name)): self = .filter(name)
        default: return nil
        }
    }
}
