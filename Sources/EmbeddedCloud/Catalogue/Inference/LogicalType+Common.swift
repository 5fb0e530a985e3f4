import DuckDB
import QueryWorker

extension LogicalType {
    /// The type that values of both are read as; text where there is no nearer one.
    ///
    /// Numbers widen, dates become timestamps, structures have the fields of both.
    func common(with other: LogicalType) -> LogicalType {
        if self == other { return self }
        switch (self, other) {
        case (.null, let type), (let type, .null): return type
        case (.list(let one), .list(let two)): return .list(one.common(with: two))
        case (.map(let key, let value), .map(let otherKey, let otherValue)):
            return .map(key: key.common(with: otherKey), value: value.common(with: otherValue))
        case (.structure(let one), .structure(let two)):
            return .structure(Self.fields(of: one, and: two))
        default: break
        }
        if let one = digits, let two = other.digits { return Self.number(one, two) }
        if isNumber, other.isNumber { return .double }
        let times = Set([catalogueType, other.catalogueType])
        if times.isSubset(of: ["date", "timestamp"]) { return .timestamp }
        return times.count == 1 ? self : .varchar
    }

    /// Digits before the point and after it. Nil for all but exact numbers.
    private var digits: (whole: Int, scale: Int)? {
        switch self {
        case .tinyint: (3, 0)
        case .smallint, .utinyint: (5, 0)
        case .integer, .usmallint: (10, 0)
        case .bigint, .uinteger, .hugeint: (19, 0)
        case .ubigint: (20, 0)
        case .decimal(let width, let scale): (width - scale, scale)
        default: nil
        }
    }

    private var isNumber: Bool {
        switch self {
        case .float, .double: true
        default: digits != nil
        }
    }

    private static func number(
        _ one: (whole: Int, scale: Int), _ two: (whole: Int, scale: Int)
    ) -> LogicalType {
        let (whole, scale) = (max(one.whole, two.whole), max(one.scale, two.scale))
        if scale == 0, one.scale == 0, two.scale == 0 {
            switch whole {
            case ...3: return .tinyint
            case ...5: return .smallint
            case ...10: return .integer
            case ...19: return .bigint
            default: break
            }
        }
        return whole + scale <= 38 ? .decimal(width: whole + scale, scale: scale) : .double
    }

    private static func fields(of one: [Field], and two: [Field]) -> [Field] {
        let shared = one.map { field in
            let same = two.first { $0.name.lowercased() == field.name.lowercased() }
            return same.map { Field(name: field.name, type: field.type.common(with: $0.type)) }
                ?? field
        }
        let names = Set(one.map { $0.name.lowercased() })
        return shared + two.filter { !names.contains($0.name.lowercased()) }
    }
}
