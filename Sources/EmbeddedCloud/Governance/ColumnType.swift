/// The catalogue's column types whose values a row filter can be compared with.
///
/// Source: Lake Formation Developer Guide, "PartiQL support in row filter expressions". Dates and
/// timestamps are not on its list: they are ours.
enum ColumnType: Hashable, Codable, Sendable {
    case string, boolean
    case tinyint, smallint, integer, bigint
    case float, double
    case decimal(precision: Int, scale: Int)
    case date, timestamp

    /// - Parameter name: As the catalogue has it: `decimal(18,4)`, `varchar(12)`. Case does not
    ///   count.
    /// - Returns: Nil for what cannot be filtered by: structures, arrays, maps, binary.
    init?(catalogued name: String) {
        let name = name.lowercased().filter { $0 != " " }
        let parts = name.split(separator: "(", maxSplits: 1)
        let arguments =
            parts.count == 2 && name.hasSuffix(")")
            ? parts[1].dropLast().split(separator: ",").compactMap { Int($0) } : []
        switch (parts.first, arguments.count) {
        case ("string", 0), ("varchar", 0...1), ("char", 0...1): self = .string
        case ("boolean", 0): self = .boolean
        case ("tinyint", 0): self = .tinyint
        case ("smallint", 0): self = .smallint
        case ("int", 0), ("integer", 0): self = .integer
        case ("bigint", 0), ("long", 0): self = .bigint
        case ("float", 0), ("real", 0): self = .float
        case ("double", 0): self = .double
        case ("date", 0): self = .date
        case ("timestamp", 0): self = .timestamp
        case ("decimal", 0): self = .decimal(precision: 10, scale: 0)
        case ("decimal", 1...2):
            let scale = arguments.count == 2 ? arguments[1] : 0
            guard (1...38).contains(arguments[0]), (0...arguments[0]).contains(scale) else {
                return nil
            }
            self = .decimal(precision: arguments[0], scale: scale)
        default: return nil
        }
    }

    /// The engine's name for it.
    var sql: String {
        switch self {
        case .string: "VARCHAR"
        case .boolean: "BOOLEAN"
        case .tinyint: "TINYINT"
        case .smallint: "SMALLINT"
        case .integer: "INTEGER"
        case .bigint: "BIGINT"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .decimal(let precision, let scale): "DECIMAL(\(precision),\(scale))"
        case .date: "DATE"
        case .timestamp: "TIMESTAMP"
        }
    }
}
