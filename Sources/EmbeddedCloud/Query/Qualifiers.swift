import AWSAPI

/// What may stand before a column's name.
struct Qualifiers: Sendable {
    /// The tables of a statement by their aliases, or else by their names.
    private var tables: Set<String> = []
    /// Database and name of those tables that are written with both.
    private var qualified: Set<[String]> = []

    private let database: String?

    init(of tree: JSONValue, database: String?) {
        self.database = database?.lowercased()
        collect(tree)
    }

    private mutating func collect(_ value: JSONValue) {
        switch value {
        case .array(let items): for item in items { collect(item) }
        case .object(let object):
            if object["class"] == nil, object["type"]?.string != nil {
                let name =
                    object["table_name"]?.string ?? object["function"]?["function_name"]?.string
                let alias = object["alias"]?.string ?? ""
                tables.insert((alias.isEmpty ? name ?? "" : alias).lowercased())
                if let name, let database = object["schema_name"]?.string, !database.isEmpty {
                    qualified.insert([database.lowercased(), name.lowercased()])
                }
            }
            for member in object.members { collect(member.value) }
        default: break
        }
    }

    /// `db.table.column`, which BI tools send, as `table.column`: the table has become a sub-query, which
    /// has an alias and no database.
    func shortened(_ column: JSONObject) -> JSONObject {
        guard let parts = column["column_names"]?.array, parts.count > 2 else { return column }
        let names = parts.map { $0.string?.lowercased() ?? "" }
        var dropped = 0
        if names.count > 3, QueryCatalog.isOurs(names[0]), isDatabase(names[1], of: names[2]) {
            dropped = 2
        } else if isDatabase(names[0], of: names[1]) {
            dropped = 1
        }
        var shortened = column
        shortened["column_names"] = .array(Array(parts.dropFirst(dropped)))
        return shortened
    }

    /// Otherwise `a.b.c` is a field of a column, and stays as it is.
    private func isDatabase(_ name: String, of table: String) -> Bool {
        qualified.contains([name, table])
            || name == database && tables.contains(table) && !tables.contains(name)
    }
}
