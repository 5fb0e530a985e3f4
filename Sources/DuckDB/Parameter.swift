internal import CDuckDB

/// A value for one `?` or `$1` of a statement. DuckDB converts it to the type it stands for.
public enum Parameter: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case double(Double)
    case text(String)
    case blob([UInt8])

    func bind(to statement: duckdb_prepared_statement, at index: idx_t) -> duckdb_state {
        switch self {
        case .null:
            duckdb_bind_null(statement, index)
        case .boolean(let value):
            duckdb_bind_boolean(statement, index, value)
        case .integer(let value):
            duckdb_bind_int64(statement, index, value)
        case .double(let value):
            duckdb_bind_double(statement, index, value)
        case .text(let value):
            value.withBytes { duckdb_bind_varchar_length(statement, index, $0, $1) }
        case .blob(let value):
            value.withUnsafeBytes {
                duckdb_bind_blob(statement, index, $0.baseAddress, idx_t($0.count))
            }
        }
    }

    func append(to appender: duckdb_appender) -> duckdb_state {
        switch self {
        case .null:
            duckdb_append_null(appender)
        case .boolean(let value):
            duckdb_append_bool(appender, value)
        case .integer(let value):
            duckdb_append_int64(appender, value)
        case .double(let value):
            duckdb_append_double(appender, value)
        case .text(let value):
            value.withBytes { duckdb_append_varchar_length(appender, $0, $1) }
        case .blob(let value):
            value.withUnsafeBytes {
                duckdb_append_blob(appender, $0.baseAddress, idx_t($0.count))
            }
        }
    }
}

extension String {
    /// The UTF-8 and its length, so that a zero byte inside does not end the text.
    fileprivate func withBytes(
        _ body: (UnsafePointer<CChar>?, idx_t) -> duckdb_state
    ) -> duckdb_state {
        utf8CString.withUnsafeBufferPointer { body($0.baseAddress, idx_t($0.count - 1)) }
    }
}

extension Parameter: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(nilLiteral: ()) { self = .null }
}
