import FoundationEssentials

/// What a condition compares with: a policy's values, read once.
enum Comparand: Hashable, Sendable {
    case text([TextPattern])
    case number(Ordering, [Double])
    /// Seconds since 1970.
    case date(Ordering, [Double])
    case flag([Bool])
    case address([AddressRange])
    case arn([ARNPattern])
    /// Of `Null`: whether the key has to be absent.
    case absence([Bool])

    enum Ordering: Sendable {
        case equal, less, lessOrEqual, greater, greaterOrEqual

        func holds(_ value: Double, _ other: Double) -> Bool {
            switch self {
            case .equal: value == other
            case .less: value < other
            case .lessOrEqual: value <= other
            case .greater: value > other
            case .greaterOrEqual: value >= other
            }
        }
    }

    /// Whether a request's value agrees with any of these. Open for a value of another kind.
    func matches(_ value: String, for access: Access) -> Match {
        switch self {
        case .text(let patterns): return patterns.anyMatches { $0.matches(value, for: access) }
        case .number(let ordering, let numbers):
            guard let value = Self.number(value) else { return .open }
            return Match(numbers.contains { ordering.holds(value, $0) })
        case .date(let ordering, let dates):
            guard let value = Self.date(value) else { return .open }
            return Match(dates.contains { ordering.holds(value, $0) })
        case .flag(let flags):
            guard let value = Self.flag(value) else { return .open }
            return Match(flags.contains(value))
        case .address(let ranges):
            guard let address = Address(value) else { return .open }
            return Match(ranges.contains { $0.contains(address) })
        case .arn(let patterns):
            guard let arn = ARN(value) else { return .open }
            return patterns.anyMatches { $0.matches(arn, for: access) }
        case .absence(let flags): return Match(flags.contains(false))
        }
    }
}

extension Comparand {
    init(
        _ values: [String], of comparison: ConditionOperator.Comparison,
        _ syntax: TextPattern.Syntax
    ) throws(PolicyFault) {
        switch comparison {
        case .stringEquals, .stringNotEquals:
            self = .text(
                try Self.read(values) { text throws(PolicyFault) in
                    try TextPattern(text, syntax)
                })
        case .stringEqualsIgnoreCase, .stringNotEqualsIgnoreCase:
            self = .text(
                try Self.read(values) { text throws(PolicyFault) in
                    try TextPattern(text, syntax, foldsCase: true)
                })
        case .stringLike, .stringNotLike:
            self = .text(
                try Self.read(values) { text throws(PolicyFault) in
                    try TextPattern(text, syntax.union(.wildcards))
                })
        case .numericEquals, .numericNotEquals: self = .number(.equal, try Self.numbers(values))
        case .numericLessThan: self = .number(.less, try Self.numbers(values))
        case .numericLessThanEquals: self = .number(.lessOrEqual, try Self.numbers(values))
        case .numericGreaterThan: self = .number(.greater, try Self.numbers(values))
        case .numericGreaterThanEquals: self = .number(.greaterOrEqual, try Self.numbers(values))
        case .dateEquals, .dateNotEquals: self = .date(.equal, try Self.dates(values))
        case .dateLessThan: self = .date(.less, try Self.dates(values))
        case .dateLessThanEquals: self = .date(.lessOrEqual, try Self.dates(values))
        case .dateGreaterThan: self = .date(.greater, try Self.dates(values))
        case .dateGreaterThanEquals: self = .date(.greaterOrEqual, try Self.dates(values))
        case .bool: self = .flag(try Self.flags(values))
        case .ipAddress, .notIPAddress:
            self = .address(
                try Self.read(values, as: "an address or a block of addresses") {
                    AddressRange($0)
                })
        case .arnEquals, .arnLike, .arnNotEquals, .arnNotLike:
            self = .arn(
                try Self.read(values) { text throws(PolicyFault) in
                    try ARNPattern(condition: text, syntax)
                })
        case .null: self = .absence(try Self.flags(values))
        }
    }

    private static func numbers(_ values: [String]) throws(PolicyFault) -> [Double] {
        try read(values, as: "a number") { number($0) }
    }

    private static func dates(_ values: [String]) throws(PolicyFault) -> [Double] {
        try read(values, as: "a date (ISO 8601, or seconds since 1970)") { date($0) }
    }

    private static func flags(_ values: [String]) throws(PolicyFault) -> [Bool] {
        try read(values, as: "true or false") { flag($0) }
    }

    private static func read<Value>(
        _ values: [String], as kind: String, _ value: (String) -> Value?
    ) throws(PolicyFault) -> [Value] {
        try read(values) { text throws(PolicyFault) in
            guard let value = value(text) else {
                throw PolicyFault("\(PolicyFault.quote(text)) is not \(kind).")
            }
            return value
        }
    }

    private static func read<Value>(
        _ values: [String], _ value: (String) throws(PolicyFault) -> Value
    ) throws(PolicyFault) -> [Value] {
        var read: [Value] = []
        for text in values { read.append(try value(text)) }
        return read
    }

    /// Digits as JSON writes them: no `inf`, no hexadecimal.
    private static func number(_ text: String) -> Double? {
        let isDecimal = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }
        guard isDecimal, let number = Double(text), number.isFinite else { return nil }
        return number
    }

    /// `2026-01-31`, `2026-01-31T12:00:00Z` with a fraction or an offset, or seconds since 1970.
    private static func date(_ text: String) -> Double? {
        if let seconds = number(text) { return seconds }
        let isDay = text.utf8.count == 10
        // Of the forms that are read, only ISO 8601 has a T there.
        guard isDay || text.utf8.dropFirst(10).first == UInt8(ascii: "T") else { return nil }
        return Timestamp.parse(isDay ? text + "T00:00:00Z" : text)?.timeIntervalSince1970
    }

    private static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true": true
        case "false": false
        default: nil
        }
    }
}
