import DuckDB

/// Lines that are JSON objects. A column is the member of its name, and NULL where there is none; case does
/// not count. A value that is none of its column's type is an error, and so is a line that is no object.
///
/// Source: Amazon Athena User Guide, "OpenX JSON SerDe" and "Hive JSON SerDe".
struct JSONSerDe: Sendable {
    /// Whether a line that is no object is a row of NULLs.
    let ignoresMalformed: Bool
    let isCaseInsensitive: Bool
    /// Columns that are called otherwise in the files.
    let names: [String: String]
    let headerLines: Int

    init(_ properties: SerDe.Properties) throws(QueryFault) {
        ignoresMalformed = properties.flag("ignore.malformed.json")
        isCaseInsensitive = properties.values["case.insensitive"]?.lowercased() != "false"
        names = properties.values.reduce(into: [:]) { names, property in
            guard property.key.hasPrefix("mapping.") else { return }
            names[property.key.dropFirst("mapping.".count).lowercased()] = property.value
        }
        headerLines = properties.headerLines
        try properties.refuse("dots.in.keys") { $0.lowercased() != "true" }
        try properties.refuse("skip.footer.line.count") { $0 == "0" }
    }

    func scan(
        of files: [TableFiles.File], compression: String, _ columns: [GovernedScan.Column]
    ) -> TableScan {
        let partitions = columns.filter(\.isPartition).map(\.name)
        let lines = TextLines(headerLines: headerLines, partitions: partitions)
            .sql(over: files, compression: compression)
        let own = columns.filter { !$0.isPartition }
        let values = own.map { column in
            let value = Self.member(
                names[column.name] ?? column.name, of: Self.row, inAnyCase: isCaseInsensitive)
            // The text of what has parts keeps its quotes: it is read as JSON again.
            let text =
                column.declared.isNested
                ? "CAST(\(value) AS VARCHAR)" : "json_extract_string(\(value), '$')"
            return "\(text) AS \(column.name.sqlIdentifier)"
        }
        let passed = partitions.map(\.sqlIdentifier) + [TableScan.path]
        let json = "TRY_CAST(\(TextLines.line) AS JSON)"
        let isObject = "json_type(\(json)) = 'OBJECT'"
        let inner = (["CASE WHEN \(isObject) THEN \(json) END AS \(Self.row)"] + passed)
            .joined(separator: ", ")
        let fault = TableScan.badData("'Row is not a valid JSON Object'", as: "BOOLEAN")
        let isWhole =
            ignoresMalformed ? "" : " WHERE CASE WHEN \(isObject) THEN true ELSE \(fault) END"
        let list = (values + passed).joined(separator: ", ")
        return TableScan(
            sql:
                "(SELECT \(list) FROM (SELECT \(inner) FROM \(lines)\(isWhole) \(TextLines.once)))",
            forms: own.reduce(into: [:]) { forms, column in
                forms[column.name] =
                    column.type == "VARCHAR" ? .declared : column.declared.isNested ? .json : .other
            })
    }

    private static let row = "\"$row\""

    /// An object's member, as JSON: of exactly that name, or else the first of that name in any case.
    private static func member(
        _ name: String, of object: String, inAnyCase: Bool = true
    ) -> String {
        let pointer = "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
        let exact = "json_extract(\(object), \(pointer.sqlLiteral))"
        guard inAnyCase else { return exact }
        let members = "CAST(\(object) AS MAP(VARCHAR, JSON))"
        let names = "list_transform(map_keys(\(members)), lambda key: lower(key))"
        let place = "list_position(\(names), \(name.lowercased().sqlLiteral))"
        return "coalesce(\(exact), list_extract(map_values(\(members)), \(place)))"
    }

    /// The value that a text of JSON says.
    static func value(inText text: String, of type: HiveType, field: String) -> String {
        value(of: "CAST(\(text) AS JSON)", type, field: field, depth: 0)
    }

    /// A type with parts is read part by part: the engine's own cast knows names in one case alone.
    private static func value(
        of json: String, _ type: HiveType, field: String, depth: Int
    ) -> String {
        let (name, item) = ("x\(depth)", "x\(depth + 1)")
        func inner(_ json: String, _ type: HiveType) -> String {
            value(of: json, type, field: field, depth: depth + 2)
        }
        func each(_ list: String, _ body: String) -> String {
            "list_transform(\(list), lambda \(item): \(body))"
        }
        // Named by a lambda, since it is repeated.
        func parts(_ kind: String, _ body: String) -> String {
            let text = "json_extract_string(\(name), '$')"
            let fault = TableScan.fault(text, type, field: field)
            return "list_extract(list_transform([\(json)], lambda \(name): "
                + "CASE coalesce(json_type(\(name)), 'NULL') WHEN 'NULL' THEN NULL "
                + "WHEN '\(kind)' THEN \(body) ELSE \(fault) END), 1)"
        }
        switch type {
        case .simple("VARCHAR"): return "json_extract_string(\(json), '$')"
        case .simple:
            return TableScan.cast("json_extract_string(\(json), '$')", to: type, field: field)
        case .array(let type):
            return parts("ARRAY", each("CAST(\(name) AS JSON[])", inner(item, type)))
        case .map(let key, let value):
            let members = "CAST(\(name) AS MAP(VARCHAR, JSON))"
            let keys = each(
                "map_keys(\(members))", TableScan.cast(item, to: key, field: field))
            let values = each("map_values(\(members))", inner(item, value))
            return parts("OBJECT", "MAP(\(keys), \(values))")
        case .structure(let fields):
            let list = fields.map {
                "\($0.name.sqlLiteral): \(inner(member($0.name, of: name), $0.type))"
            }
            return parts("OBJECT", "{\(list.joined(separator: ", "))}")
        }
    }
}
