public import DuckDB

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
                precision: precision, scale: scale, catalogueType: column.type.catalogueType)
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
    /// The nearest type that tables have, as catalogues write it.
    ///
    /// Source: AWS Athena User Guide, "Data types in Amazon Athena".
    public var catalogueType: String {
        switch self {
        case .boolean: "boolean"
        case .tinyint: "tinyint"
        case .smallint, .utinyint: "smallint"
        case .integer, .usmallint: "int"
        case .bigint, .uinteger, .hugeint: "bigint"
        case .ubigint: "decimal(20,0)"
        case .uhugeint: "decimal(38,0)"
        case .float: "float"
        case .double: "double"
        case .decimal(let width, let scale): "decimal(\(width),\(scale))"
        case .blob: "binary"
        case .date: "date"
        case .timestampS, .timestampMS, .timestamp, .timestampNS, .timestampTZ: "timestamp"
        case .list(let element), .array(let element, _): "array<\(element.catalogueType)>"
        case .map(let key, let value): "map<\(key.catalogueType),\(value.catalogueType)>"
        case .structure(let fields):
            "struct<\(fields.map { "\($0.name):\($0.type.catalogueType)" }.joined(separator: ","))>"
        case .varchar, .uuid, .bit, .enumeration, .union, .null, .unreadable, .json, .time, .timeNS,
            .timeTZ, .interval:
            "string"
        }
    }

    /// The engine's name of that type.
    var tableType: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .tinyint: "TINYINT"
        case .smallint, .utinyint: "SMALLINT"
        case .integer, .usmallint: "INTEGER"
        case .bigint, .uinteger, .hugeint: "BIGINT"
        case .ubigint: "DECIMAL(20,0)"
        case .uhugeint: "DECIMAL(38,0)"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .decimal(let width, let scale): "DECIMAL(\(width),\(scale))"
        case .blob: "BLOB"
        case .date: "DATE"
        case .timestampS, .timestampMS, .timestamp, .timestampNS, .timestampTZ: "TIMESTAMP"
        case .list(let element), .array(let element, _): "\(element.tableType)[]"
        case .map(let key, let value): "MAP(\(key.tableType), \(value.tableType))"
        case .structure(let fields):
            "STRUCT(\(fields.map { "\($0.name.sqlIdentifier) \($0.type.tableType)" }.joined(separator: ", ")))"
        case .varchar, .uuid, .bit, .enumeration, .union, .null, .unreadable, .json, .time, .timeNS,
            .timeTZ, .interval:
            "VARCHAR"
        }
    }

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
