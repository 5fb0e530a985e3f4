internal import DuckDB

extension ResultColumn {
    /// The columns as Athena describes them.
    ///
    /// A HUGEINT is called `bigint`, since it is what DuckDB's `sum` makes of integers and Trino's
    /// makes `bigint` of them; a value that does not fit is refused, as Trino refuses it.
    ///
    /// Source: Amazon Athena API Reference, "ColumnInfo"; Athena user guide, "Data types".
    static func all(of result: DuckDB.QueryResult) -> [ResultColumn] {
        result.columns.enumerated().map { place, column in
            let (type, precision, scale) = describe(column.type)
            return ResultColumn(
                name: column.name == unnamed ? "_col\(place)" : column.name, type: type,
                precision: precision, scale: scale)
        }
    }

    private static func describe(_ type: LogicalType) -> (String, precision: Int, scale: Int) {
        switch type {
        case .boolean: ("boolean", 0, 0)
        case .tinyint: ("tinyint", 3, 0)
        case .smallint, .utinyint: ("smallint", 5, 0)
        case .integer, .usmallint: ("integer", 10, 0)
        case .bigint, .uinteger, .hugeint: ("bigint", 19, 0)
        case .ubigint: ("decimal", 20, 0)
        case .uhugeint: ("decimal", 38, 0)
        case .float: ("float", 17, 0)
        case .double: ("double", 17, 0)
        case .decimal(let width, let scale): ("decimal", width, scale)
        case .blob: ("varbinary", 1_073_741_824, 0)
        case .date: ("date", 0, 0)
        case .time, .timeNS: ("time", 3, 0)
        case .timeTZ: ("time with time zone", 3, 0)
        case .timestampS, .timestampMS, .timestamp, .timestampNS: ("timestamp", 3, 0)
        case .timestampTZ: ("timestamp with time zone", 3, 0)
        case .interval: ("interval day to second", 0, 0)
        case .list, .array: ("array", 0, 0)
        case .map: ("map", 0, 0)
        case .structure: ("row", 0, 0)
        case .json: ("json", 0, 0)
        case .varchar, .uuid, .bit, .enumeration, .union, .null, .unreadable:
            ("varchar", 2_147_483_647, 0)
        }
    }
}

extension LogicalType {
    /// Whether each value in it can be read without a cast.
    var isReadable: Bool {
        switch self {
        case .unreadable: false
        case .list(let element), .array(let element, _): element.isReadable
        case .map(let key, let value): key.isReadable && value.isReadable
        case .structure(let fields), .union(let fields): fields.allSatisfy(\.type.isReadable)
        default: true
        }
    }
}
