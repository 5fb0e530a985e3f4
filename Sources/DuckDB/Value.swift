/// One value, taken out of its vector. For small results: large ones are read from ``Vector``.
public indirect enum Value: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// Every integer type but UHUGEINT.
    case integer(Int128)
    case unsigned(UInt128)
    case double(Double)
    /// `unscaled` / 10^`scale`.
    case decimal(unscaled: Int128, scale: Int)
    /// VARCHAR, JSON, a label of an ENUM, or a BIT as zeros and ones.
    case text(String)
    case blob([UInt8])
    /// The bits in the order they are printed.
    case uuid(UInt128)
    /// Days since 1970-01-01.
    case date(days: Int)
    /// Since midnight, as if the day had no zone.
    case time(nanoseconds: Int64)
    case zonedTime(microseconds: Int64, offsetSeconds: Int)
    /// Since 1970-01-01. Without a zone.
    case timestamp(Int64, TimestampUnit)
    /// Since 1970-01-01 UTC.
    case instant(microseconds: Int64)
    case interval(Interval)
    /// LIST or ARRAY.
    case list([Value])
    case structure([Member])
    case map([Entry])

    public enum TimestampUnit: Hashable, Sendable {
        case seconds, milliseconds, microseconds, nanoseconds
    }

    public struct Member: Hashable, Sendable {
        public var name: String
        public var value: Value

        public init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    public struct Entry: Hashable, Sendable {
        public var key: Value
        public var value: Value

        public init(key: Value, value: Value) {
            self.key = key
            self.value = value
        }
    }
}

extension Value {
    /// Nil when this is null, or no text.
    public var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    /// Nil when this is null, no integer, or one that does not fit.
    public var int64: Int64? {
        if case .integer(let value) = self { Int64(exactly: value) } else { nil }
    }

    /// Nil when this is null, or no DOUBLE or FLOAT.
    public var double: Double? {
        if case .double(let value) = self { value } else { nil }
    }

    /// Nil when this is null, or no BOOLEAN.
    public var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }
}

extension Vector {
    /// The value at `row`, copied out.
    ///
    /// - Precondition: the type is none of ``LogicalType/unreadable(id:)``.
    public func value(at row: Int) -> Value {
        if isNull(row) { return .null }
        switch type {
        case .null:
            return .null
        case .boolean:
            return .boolean(boolean(row))
        case .tinyint, .smallint, .integer, .bigint, .hugeint, .utinyint, .usmallint, .uinteger,
            .ubigint:
            return .integer(wideInteger(row))
        case .uhugeint:
            return .unsigned(unsignedWideInteger(row))
        case .float:
            return .double(Double(float(row)))
        case .double:
            return .double(double(row))
        case .decimal(_, let scale):
            return .decimal(unscaled: wideInteger(row), scale: scale)
        case .varchar, .json:
            return .text(text(row))
        case .enumeration(let labels):
            return .text(labels[Int(integer(row))])
        case .bit:
            return .text(bits(row))
        case .blob:
            return .blob(withBytes(row) { [UInt8]($0) })
        case .uuid:
            return .uuid(unsignedWideInteger(row))
        case .date:
            return .date(days: Int(integer(row)))
        case .time:
            return .time(nanoseconds: integer(row) * 1_000)
        case .timeNS:
            return .time(nanoseconds: integer(row))
        case .timeTZ:
            let time = zonedTime(row)
            return .zonedTime(microseconds: time.microseconds, offsetSeconds: time.offset)
        case .timestampS:
            return .timestamp(integer(row), .seconds)
        case .timestampMS:
            return .timestamp(integer(row), .milliseconds)
        case .timestamp:
            return .timestamp(integer(row), .microseconds)
        case .timestampNS:
            return .timestamp(integer(row), .nanoseconds)
        case .timestampTZ:
            return .instant(microseconds: integer(row))
        case .interval:
            return .interval(interval(row))
        case .list, .array:
            return .list(elements(row).map { children[0].value(at: $0) })
        case .map:
            return .map(
                elements(row).map {
                    Value.Entry(key: children[0].value(at: $0), value: children[1].value(at: $0))
                }
            )
        case .structure(let fields):
            return .structure(
                zip(fields, children).map {
                    Value.Member(name: $0.name, value: $1.value(at: row))
                }
            )
        case .union:
            return children[Int(children[0].integer(row)) + 1].value(at: row)
        case .unreadable(let id):
            preconditionFailure("Type \(id) must be cast to VARCHAR before it is read.")
        }
    }

    /// A BIT as zeros and ones.
    public func bits(_ row: Int) -> String {
        withBytes(row) { stored in
            guard let unused = stored.first else { return "" }
            let bits = stored.dropFirst().flatMap { byte in
                (0..<8).map { byte & (0x80 >> UInt8($0)) == 0 ? "0" : "1" }
            }
            return bits.dropFirst(Int(unused)).joined()
        }
    }
}
