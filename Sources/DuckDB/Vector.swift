internal import CDuckDB

/// The values of one column in one chunk, read in place.
///
/// A read costs a few nanoseconds and copies nothing but the value. Ask ``isNull(_:)`` first: what
/// a null position holds is undefined. A row out of bounds, or an accessor that does not fit
/// the type, is a programming error and stops the process.
public struct Vector {
    public let type: LogicalType
    public let count: Int
    /// The vectors inside this one: a list's, array's or map's elements (one vector), a map's
    /// entries (in it, keys and values), a struct's fields, a union's tag and then its members.
    public let children: [Vector]

    /// Kept because the pointers below lead into it.
    private let chunk: DataChunk
    private let storage: Storage
    private let data: UnsafeRawPointer?
    private let validity: UnsafePointer<UInt64>?

    /// How a value lies in memory.
    fileprivate enum Storage {
        case bytes1, bytes2, bytes4, bytes8, bytes16
        case unsigned1, unsigned2, unsigned4, unsigned8, unsigned16
        case float, double, interval, string, ranges, nested
        case fixedRanges(Int)
    }

    init(_ handle: duckdb_vector?, type: LogicalType, count: Int, of chunk: DataChunk) {
        self.type = type
        self.count = count
        self.chunk = chunk
        data = duckdb_vector_get_data(handle).map { UnsafeRawPointer($0) }
        validity = duckdb_vector_get_validity(handle).map { UnsafePointer($0) }
        storage = Storage(type)

        func fields(_ types: [LogicalType], of handle: duckdb_vector?, count: Int) -> [Vector] {
            types.enumerated().map { index, type in
                Vector(
                    duckdb_struct_vector_get_child(handle, idx_t(index)),
                    type: type,
                    count: count,
                    of: chunk
                )
            }
        }
        switch type {
        case .list(let element):
            children = [
                Vector(
                    duckdb_list_vector_get_child(handle),
                    type: element,
                    count: Int(duckdb_list_vector_get_size(handle)),
                    of: chunk
                )
            ]
        case .array(let element, let size):
            children = [
                Vector(
                    duckdb_array_vector_get_child(handle),
                    type: element,
                    count: count * size,
                    of: chunk
                )
            ]
        case .map(let key, let value):
            children = fields(
                [key, value],
                of: duckdb_list_vector_get_child(handle),
                count: Int(duckdb_list_vector_get_size(handle))
            )
        case .structure(let members):
            children = fields(members.map(\.type), of: handle, count: count)
        case .union(let members):
            children = fields([.utinyint] + members.map(\.type), of: handle, count: count)
        default:
            children = []
        }
    }
}

// MARK: - Reading one value

extension Vector {
    @inline(__always)
    public func isNull(_ row: Int) -> Bool {
        precondition(row >= 0 && row < count, "The row lies outside the vector.")
        guard let validity else { return false }
        return validity[row >> 6] & (1 << UInt64(row & 63)) == 0
    }

    public func boolean(_ row: Int) -> Bool {
        load(row, as: UInt8.self) != 0
    }

    /// An integer of up to 64 bits; the unscaled digits of a decimal of up to 18; the days of a
    /// date since 1970-01-01; a time or timestamp in its type's unit, since midnight or 1970-01-01.
    public func integer(_ row: Int) -> Int64 {
        switch storage {
        case .bytes1: Int64(load(row, as: Int8.self))
        case .bytes2: Int64(load(row, as: Int16.self))
        case .bytes4: Int64(load(row, as: Int32.self))
        case .bytes8: load(row, as: Int64.self)
        case .unsigned1: Int64(load(row, as: UInt8.self))
        case .unsigned2: Int64(load(row, as: UInt16.self))
        case .unsigned4: Int64(load(row, as: UInt32.self))
        default: preconditionFailure("\(type) is no integer of up to 64 bits.")
        }
    }

    /// Any integer but UHUGEINT; the unscaled digits of any decimal.
    public func wideInteger(_ row: Int) -> Int128 {
        switch storage {
        case .bytes16:
            let halves = load(row, as: duckdb_hugeint.self)
            return Int128(halves.upper) << 64 | Int128(halves.lower)
        case .unsigned8:
            return Int128(load(row, as: UInt64.self))
        default:
            return Int128(integer(row))
        }
    }

    /// UHUGEINT, and the 128 bits of a UUID in the order they are printed.
    public func unsignedWideInteger(_ row: Int) -> UInt128 {
        switch storage {
        case .unsigned16:
            let halves = load(row, as: duckdb_uhugeint.self)
            return UInt128(halves.upper) << 64 | UInt128(halves.lower)
        case .bytes16 where type == .uuid:
            // Stored with the top bit turned over, so that signed order is the printed order.
            return UInt128(truncatingIfNeeded: wideInteger(row)) ^ (1 << 127)
        default:
            preconditionFailure("\(type) is neither UHUGEINT nor UUID.")
        }
    }

    public func float(_ row: Int) -> Float {
        precondition(type == .float, "\(type) is no FLOAT.")
        return load(row, as: Float.self)
    }

    public func double(_ row: Int) -> Double {
        precondition(type == .double, "\(type) is no DOUBLE.")
        return load(row, as: Double.self)
    }

    /// A TIMETZ: the local time in microseconds since midnight, and the seconds east of UTC.
    public func zonedTime(_ row: Int) -> (microseconds: Int64, offset: Int) {
        precondition(type == .timeTZ, "\(type) is no TIMETZ.")
        // The low 24 bits count down from the largest offset, 15:59:59, so that order is by time.
        let packed = load(row, as: UInt64.self)
        return (Int64(packed >> 24), 57_599 - Int(packed & 0xFF_FFFF))
    }

    public func interval(_ row: Int) -> Interval {
        precondition(type == .interval, "\(type) is no INTERVAL.")
        let stored = load(row, as: duckdb_interval.self)
        return Interval(
            months: Int(stored.months),
            days: Int(stored.days),
            microseconds: stored.micros
        )
    }

    /// The bytes of a VARCHAR (UTF-8), JSON, BLOB, or BIT (a count of unused bits, then the bits).
    public func withBytes<Value>(
        _ row: Int,
        _ body: (UnsafeRawBufferPointer) throws -> Value
    ) rethrows -> Value {
        guard case .string = storage, let data else { preconditionFailure("\(type) has no bytes.") }
        precondition(row >= 0 && row < count, "The row lies outside the vector.")
        let string = data + row * MemoryLayout<duckdb_string_t>.stride
        let length = Int(string.load(as: UInt32.self))
        let inlineLimit = 12
        let bytes =
            length <= inlineLimit
            ? string + 4 : string.load(fromByteOffset: 8, as: UnsafeRawPointer.self)
        return try body(UnsafeRawBufferPointer(start: bytes, count: length))
    }

    public func text(_ row: Int) -> String {
        withBytes(row) { String(decoding: $0, as: UTF8.self) }
    }

    /// Which of ``children``'s positions belong to this list, array or map.
    public func elements(_ row: Int) -> Range<Int> {
        switch storage {
        case .ranges:
            let entry = load(row, as: duckdb_list_entry.self)
            return Int(entry.offset)..<Int(entry.offset + entry.length)
        case .fixedRanges(let size):
            return row * size..<(row + 1) * size
        default:
            preconditionFailure("\(type) has no elements.")
        }
    }

    @inline(__always)
    private func load<Stored: BitwiseCopyable>(_ row: Int, as: Stored.Type) -> Stored {
        precondition(row >= 0 && row < count, "The row lies outside the vector.")
        guard let data else { preconditionFailure("\(type) holds no values of its own.") }
        return data.load(fromByteOffset: row * MemoryLayout<Stored>.stride, as: Stored.self)
    }
}

/// A span of calendar time. The three parts do not convert into each other.
public struct Interval: Hashable, Sendable {
    public var months: Int
    public var days: Int
    public var microseconds: Int64

    public init(months: Int, days: Int, microseconds: Int64) {
        self.months = months
        self.days = days
        self.microseconds = microseconds
    }
}

extension Vector.Storage {
    init(_ type: LogicalType) {
        self =
            switch type {
            case .boolean, .utinyint: .unsigned1
            case .usmallint: .unsigned2
            case .uinteger: .unsigned4
            case .ubigint, .timeTZ: .unsigned8
            case .uhugeint: .unsigned16
            case .tinyint: .bytes1
            case .smallint: .bytes2
            case .integer, .date, .null: .bytes4
            case .bigint, .time, .timeNS, .timestampS, .timestampMS, .timestamp, .timestampNS,
                .timestampTZ:
                .bytes8
            case .hugeint, .uuid: .bytes16
            case .decimal(...4, _): .bytes2
            case .decimal(5...9, _): .bytes4
            case .decimal(10...18, _): .bytes8
            case .decimal: .bytes16
            case .enumeration(let labels) where labels.count <= Int(UInt8.max): .unsigned1
            case .enumeration(let labels) where labels.count <= Int(UInt16.max): .unsigned2
            case .enumeration: .unsigned4
            case .float: .float
            case .double: .double
            case .interval: .interval
            case .varchar, .json, .blob, .bit: .string
            case .list, .map: .ranges
            case .array(_, let size): .fixedRanges(size)
            case .structure, .union, .unreadable: .nested
            }
    }
}
