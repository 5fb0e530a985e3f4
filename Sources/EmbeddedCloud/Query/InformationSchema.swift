import AWSAPI
import DuckDB
import FoundationEssentials
import GlueAPI

/// `information_schema`: what the caller sees of the catalogue, as tables.
struct InformationSchema {
    static let name = "information_schema"

    private let entries: [(database: String, table: Glue.Table)]
    private let databases: [String]

    init(of state: CloudState, seenBy caller: Caller, at now: Date) {
        let named = state.databases(of: caller.account, seenBy: caller, at: now).map(\.name)
        databases = named
        entries = named.flatMap { name -> [(database: String, table: Glue.Table)] in
            let id = DatabaseID(catalog: caller.account, name: name)
            guard let followed = state.followed(id, for: caller, at: now) else { return [] }
            return state.tables(of: followed, seenBy: caller, at: now).map { (name, $0) }
        }
    }

    /// A table expression. Nil where there is no such table.
    func sql(_ table: String) -> String? {
        let catalog = QueryCatalog.name.lowercased()
        switch table.lowercased() {
        case "schemata":
            return Self.table(
                ["catalog_name", "schema_name"], databases.map { [catalog, $0] })
        case "tables":
            return Self.table(
                ["table_catalog", "table_schema", "table_name", "table_type"],
                entries.map {
                    [catalog, $0.database, $0.table.name, $0.table.isView ? "VIEW" : "BASE TABLE"]
                })
        case "views":
            return Self.table(
                ["table_catalog", "table_schema", "table_name", "view_definition"],
                entries.filter(\.table.isView).map {
                    [
                        catalog, $0.database, $0.table.name,
                        PrestoView($0.table.viewOriginalText ?? "")?.originalSql,
                    ]
                })
        case "columns":
            let rows = entries.flatMap { database, table in
                table.allColumns.enumerated().map { place, column in
                    [
                        catalog, database, table.name, column.name, String(place + 1), nil, "YES",
                        QueryTypeName.of(column.type ?? "string"),
                    ]
                }
            }
            return Self.table(
                [
                    "table_catalog", "table_schema", "table_name", "column_name",
                    "ordinal_position", "column_default", "is_nullable", "data_type",
                ], rows, numbers: ["ordinal_position"])
        default: return nil
        }
    }

    private static func table(
        _ columns: [String], _ rows: [[String?]], numbers: Set<String> = []
    ) -> String {
        func type(_ column: String) -> String { numbers.contains(column) ? "BIGINT" : "VARCHAR" }
        let typed = columns.map { "CAST(\($0) AS \(type($0))) AS \($0)" }.joined(separator: ", ")
        guard !rows.isEmpty else {
            let nulls = columns.map { "CAST(NULL AS \(type($0))) AS \($0)" }
            return "(SELECT \(nulls.joined(separator: ", ")) WHERE false)"
        }
        let values = rows.map { row in
            "(\(row.map { $0?.sqlLiteral ?? "NULL" }.joined(separator: ", ")))"
        }
        return "(SELECT \(typed) FROM (VALUES \(values.joined(separator: ", "))) "
            + "AS listed(\(columns.joined(separator: ", "))))"
    }
}

/// A catalogue's type in the words of queries.
enum QueryTypeName {
    static func of(_ type: String) -> String {
        switch type.lowercased() {
        case "string": "varchar"
        case "int": "integer"
        case "binary": "varbinary"
        case "float": "real"
        case "timestamp": "timestamp(3)"
        case let other: other
        }
    }
}
