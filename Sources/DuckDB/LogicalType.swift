internal import CDuckDB

/// A column's type, as SQL sees it.
public indirect enum LogicalType: Hashable, Sendable {
    case boolean
    case tinyint, smallint, integer, bigint, hugeint
    case utinyint, usmallint, uinteger, ubigint, uhugeint
    case float, double
    /// `width` is 1 to 38 digits in all, `scale` of them after the point.
    case decimal(width: Int, scale: Int)
    case varchar, json, blob, bit, uuid
    case date, time, timeNS, timeTZ
    /// Without a zone, in seconds, milliseconds, microseconds and nanoseconds.
    case timestampS, timestampMS, timestamp, timestampNS
    /// An instant, in microseconds.
    case timestampTZ
    case interval
    case enumeration([String])
    case list(LogicalType)
    case array(LogicalType, count: Int)
    case structure([Field])
    case map(key: LogicalType, value: LogicalType)
    case union([Field])
    /// The type of a bare `NULL`.
    case null
    /// One that the C API hands out in no usable form (BIGNUM, GEOMETRY, VARIANT): cast it to
    /// VARCHAR in SQL. The number is DuckDB's own.
    case unreadable(id: Int)

    public struct Field: Hashable, Sendable {
        public var name: String
        public var type: LogicalType

        public init(name: String, type: LogicalType) {
            self.name = name
            self.type = type
        }
    }
}

extension LogicalType {
    /// Reads the engine's description of a type, which stays its owner's to destroy.
    init(reading handle: duckdb_logical_type) {
        let id = duckdb_get_type_id(handle)
        if let plain = Self.plain[id.rawValue] {
            self = plain
            return
        }
        switch id {
        case DUCKDB_TYPE_VARCHAR:
            let alias = duckdb_logical_type_get_alias(handle).map(String.init(taking:))
            self = alias == "JSON" ? .json : .varchar
        case DUCKDB_TYPE_DECIMAL:
            self = .decimal(
                width: Int(duckdb_decimal_width(handle)),
                scale: Int(duckdb_decimal_scale(handle))
            )
        case DUCKDB_TYPE_ENUM:
            let labels = (0..<idx_t(duckdb_enum_dictionary_size(handle))).map {
                duckdb_enum_dictionary_value(handle, $0).map(String.init(taking:)) ?? ""
            }
            self = .enumeration(labels)
        case DUCKDB_TYPE_LIST:
            self = .list(LogicalType(taking: duckdb_list_type_child_type(handle)))
        case DUCKDB_TYPE_ARRAY:
            self = .array(
                LogicalType(taking: duckdb_array_type_child_type(handle)),
                count: Int(duckdb_array_type_array_size(handle))
            )
        case DUCKDB_TYPE_MAP:
            self = .map(
                key: LogicalType(taking: duckdb_map_type_key_type(handle)),
                value: LogicalType(taking: duckdb_map_type_value_type(handle))
            )
        case DUCKDB_TYPE_STRUCT:
            let fields = (0..<duckdb_struct_type_child_count(handle)).map {
                Field(
                    name: duckdb_struct_type_child_name(handle, $0).map(String.init(taking:)) ?? "",
                    type: LogicalType(taking: duckdb_struct_type_child_type(handle, $0))
                )
            }
            self = .structure(fields)
        case DUCKDB_TYPE_UNION:
            let members = (0..<duckdb_union_type_member_count(handle)).map {
                Field(
                    name: duckdb_union_type_member_name(handle, $0).map(String.init(taking:)) ?? "",
                    type: LogicalType(taking: duckdb_union_type_member_type(handle, $0))
                )
            }
            self = .union(members)
        default:
            self = .unreadable(id: Int(id.rawValue))
        }
    }

    /// Reads a description that was made for us, and destroys it.
    private init(taking handle: duckdb_logical_type?) {
        guard let handle else {
            self = .null
            return
        }
        self.init(reading: handle)
        var spent: duckdb_logical_type? = handle
        duckdb_destroy_logical_type(&spent)
    }

    /// Types that have no parameter.
    private static let plain: [duckdb_type.RawValue: LogicalType] = [
        DUCKDB_TYPE_BOOLEAN.rawValue: .boolean,
        DUCKDB_TYPE_TINYINT.rawValue: .tinyint,
        DUCKDB_TYPE_SMALLINT.rawValue: .smallint,
        DUCKDB_TYPE_INTEGER.rawValue: .integer,
        DUCKDB_TYPE_BIGINT.rawValue: .bigint,
        DUCKDB_TYPE_HUGEINT.rawValue: .hugeint,
        DUCKDB_TYPE_UTINYINT.rawValue: .utinyint,
        DUCKDB_TYPE_USMALLINT.rawValue: .usmallint,
        DUCKDB_TYPE_UINTEGER.rawValue: .uinteger,
        DUCKDB_TYPE_UBIGINT.rawValue: .ubigint,
        DUCKDB_TYPE_UHUGEINT.rawValue: .uhugeint,
        DUCKDB_TYPE_FLOAT.rawValue: .float,
        DUCKDB_TYPE_DOUBLE.rawValue: .double,
        DUCKDB_TYPE_BLOB.rawValue: .blob,
        DUCKDB_TYPE_BIT.rawValue: .bit,
        DUCKDB_TYPE_UUID.rawValue: .uuid,
        DUCKDB_TYPE_DATE.rawValue: .date,
        DUCKDB_TYPE_TIME.rawValue: .time,
        DUCKDB_TYPE_TIME_NS.rawValue: .timeNS,
        DUCKDB_TYPE_TIME_TZ.rawValue: .timeTZ,
        DUCKDB_TYPE_TIMESTAMP_S.rawValue: .timestampS,
        DUCKDB_TYPE_TIMESTAMP_MS.rawValue: .timestampMS,
        DUCKDB_TYPE_TIMESTAMP.rawValue: .timestamp,
        DUCKDB_TYPE_TIMESTAMP_NS.rawValue: .timestampNS,
        DUCKDB_TYPE_TIMESTAMP_TZ.rawValue: .timestampTZ,
        DUCKDB_TYPE_INTERVAL.rawValue: .interval,
        DUCKDB_TYPE_SQLNULL.rawValue: .null,
    ]
}

extension String {
    /// Copies a C string that the engine allocated for us, and frees it.
    fileprivate init(taking pointer: UnsafeMutablePointer<CChar>) {
        self.init(cString: pointer)
        duckdb_free(pointer)
    }
}
