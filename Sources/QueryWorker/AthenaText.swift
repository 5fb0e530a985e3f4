internal import DuckDB

/// How the values of one type are written as text, in the form of Athena's `VarCharValue`.
///
/// Made once for a column, so that a value costs no look at its type's names and parameters.
/// Timestamps have three digits after the second, as `timestamp(3)` has: finer ones are cut off.
///
/// Source: Amazon Athena API Reference, "Datum"; forms of values as seen in Athena's CSV results.
struct AthenaText {
    private let form: Form
    private let parts: [AthenaText]
    /// A struct's field names, or an enumeration's labels, as UTF-8.
    private let names: [[UInt8]]

    private enum Form {
        case boolean, integer, bigint, unsignedHuge, float, double
        case decimal(scale: Int)
        case text, binary, bits, uuid, label
        case date
        /// Units of the stored number in a millisecond, or a unit of whole seconds.
        case time(perMillisecond: Int)
        case timestamp(perMillisecond: Int)
        case timestampOfSeconds, zonedTime, instant, interval
        case list, map, row, union, null
    }

    /// - Precondition: `type` is readable.
    init(_ type: LogicalType) {
        switch type {
        case .boolean: self.init(form: .boolean)
        case .tinyint, .smallint, .integer, .bigint, .utinyint, .usmallint, .uinteger:
            self.init(form: .integer)
        case .ubigint: self.init(form: .decimal(scale: 0))
        case .hugeint: self.init(form: .bigint)
        case .uhugeint: self.init(form: .unsignedHuge)
        case .float: self.init(form: .float)
        case .double: self.init(form: .double)
        case .decimal(_, let scale): self.init(form: .decimal(scale: scale))
        case .varchar, .json: self.init(form: .text)
        case .blob: self.init(form: .binary)
        case .bit: self.init(form: .bits)
        case .uuid: self.init(form: .uuid)
        case .enumeration(let labels): self.init(form: .label, names: labels)
        case .date: self.init(form: .date)
        case .time: self.init(form: .time(perMillisecond: 1_000))
        case .timeNS: self.init(form: .time(perMillisecond: 1_000_000))
        case .timeTZ: self.init(form: .zonedTime)
        case .timestampS: self.init(form: .timestampOfSeconds)
        case .timestampMS: self.init(form: .timestamp(perMillisecond: 1))
        case .timestamp: self.init(form: .timestamp(perMillisecond: 1_000))
        case .timestampNS: self.init(form: .timestamp(perMillisecond: 1_000_000))
        case .timestampTZ: self.init(form: .instant)
        case .interval: self.init(form: .interval)
        case .list(let element), .array(let element, _):
            self.init(form: .list, parts: [AthenaText(element)])
        case .map(let key, let value):
            self.init(form: .map, parts: [AthenaText(key), AthenaText(value)])
        case .structure(let fields):
            self.init(
                form: .row,
                parts: fields.map { AthenaText($0.type) },
                names: fields.map(\.name)
            )
        case .union(let members):
            self.init(form: .union, parts: members.map { AthenaText($0.type) })
        case .null: self.init(form: .null)
        case .unreadable: preconditionFailure("Unreadable types are refused beforehand.")
        }
    }

    private init(form: Form, parts: [AthenaText] = [], names: [String] = []) {
        self.form = form
        self.parts = parts
        self.names = names.map { [UInt8]($0.utf8) }
    }

    /// Whether the text may hold a quote.
    var mayHoldQuotes: Bool {
        switch form {
        case .text, .label, .list, .map, .row, .union: true
        default: false
        }
    }

    /// Appends the value at `row`, which must not be null.
    ///
    /// - Throws: ``DuckDBError`` for a HUGEINT beyond `bigint`.
    func append(_ row: Int, of vector: borrowing Vector, to text: inout [UInt8]) throws {
        switch form {
        case .boolean:
            text.append(contentsOf: vector.boolean(row) ? "true".utf8 : "false".utf8)
        case .integer:
            text.appendInteger(vector.integer(row))
        case .bigint:
            let value = vector.wideInteger(row)
            guard let narrow = Int64(exactly: value) else { throw Self.tooWide(value) }
            text.appendInteger(narrow)
        case .unsignedHuge:
            text.append(contentsOf: String(vector.unsignedWideInteger(row)).utf8)
        case .float:
            text.appendJava(vector.float(row))
        case .double:
            text.appendJava(vector.double(row))
        case .decimal(let scale):
            text.appendDecimal(vector.wideInteger(row), scale: scale)
        case .text:
            vector.withBytes(row) { text.append(contentsOf: $0) }
        case .binary:
            vector.withBytes(row) { text.appendHexadecimal($0) }
        case .bits:
            text.append(contentsOf: vector.bits(row).utf8)
        case .uuid:
            text.appendUUID(vector.unsignedWideInteger(row))
        case .label:
            text.append(contentsOf: names[Int(vector.integer(row))])
        case .date, .time, .timestamp, .timestampOfSeconds, .zonedTime, .instant, .interval:
            appendTime(row, of: vector, to: &text)
        case .list, .map, .row, .union, .null:
            try appendNested(row, of: vector, to: &text)
        }
    }

    private static func tooWide(_ value: Int128) -> DuckDBError {
        DuckDBError(kind: .outOfRange, message: "\(value) does not fit into a bigint.")
    }
}

// MARK: - Times

extension AthenaText {
    private func appendTime(_ row: Int, of vector: borrowing Vector, to text: inout [UInt8]) {
        if case .interval = form { return text.appendInterval(vector.interval(row)) }
        if case .zonedTime = form { return text.appendZonedTime(vector.zonedTime(row)) }

        let value = Int(vector.integer(row))
        switch form {
        case .date where abs(value) == Int(Int32.max):
            text.appendInfinity(negative: value < 0)
        case .date:
            text.appendDate(days: value)
        case .time(let unit):
            text.appendTime(milliseconds: value / unit)
        case _ where value.magnitude == Int.max.magnitude:
            text.appendInfinity(negative: value < 0)
        case .timestamp(let unit):
            text.appendTimestamp(milliseconds: value.floored(by: unit))
        case .timestampOfSeconds:
            text.appendTimestamp(milliseconds: value * 1_000)
        default:
            text.appendTimestamp(milliseconds: value.floored(by: 1_000))
            text.append(contentsOf: " UTC".utf8)
        }
    }
}

// MARK: - Values inside values

extension AthenaText {
    /// `[a, b]`, `{k=v, l=w}`, and `null` where nothing is; without quotes, as Athena has them.
    private func appendNested(
        _ row: Int,
        of vector: borrowing Vector,
        to text: inout [UInt8]
    ) throws {
        switch form {
        case .list:
            let elements = vector.children[0]
            text.append(UInt8(ascii: "["))
            for element in vector.elements(row) {
                if element != vector.elements(row).lowerBound { text.append(contentsOf: ", ".utf8) }
                try parts[0].appendOrNull(element, of: elements, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .map:
            let (keys, values) = (vector.children[0], vector.children[1])
            text.append(UInt8(ascii: "{"))
            for entry in vector.elements(row) {
                if entry != vector.elements(row).lowerBound { text.append(contentsOf: ", ".utf8) }
                try parts[0].appendOrNull(entry, of: keys, to: &text)
                text.append(UInt8(ascii: "="))
                try parts[1].appendOrNull(entry, of: values, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        case .row:
            text.append(UInt8(ascii: "{"))
            for (index, part) in parts.enumerated() {
                if index > 0 { text.append(contentsOf: ", ".utf8) }
                text.append(contentsOf: names[index])
                text.append(UInt8(ascii: "="))
                try part.appendOrNull(row, of: vector.children[index], to: &text)
            }
            text.append(UInt8(ascii: "}"))
        case .union:
            let member = Int(vector.children[0].integer(row))
            try parts[member].appendOrNull(row, of: vector.children[member + 1], to: &text)
        default:
            text.append(contentsOf: "null".utf8)
        }
    }

    private func appendOrNull(
        _ row: Int,
        of vector: borrowing Vector,
        to text: inout [UInt8]
    ) throws {
        if vector.isNull(row) {
            text.append(contentsOf: "null".utf8)
        } else {
            try append(row, of: vector, to: &text)
        }
    }
}

// MARK: - Digits

extension [UInt8] {
    mutating func appendInteger(_ value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendPadded(UInt(value.magnitude), width: 1)
    }

    /// `-1.25`, from -125 and 2: always `scale` digits after the point.
    mutating func appendDecimal(_ unscaled: Int128, scale: Int) {
        if unscaled < 0 { append(UInt8(ascii: "-")) }
        let zero = UInt8(ascii: "0")
        var digits: [UInt8] = []
        if let small = UInt(exactly: unscaled.magnitude) {
            digits.appendPadded(small, width: 1)
        } else {
            digits.append(contentsOf: String(unscaled.magnitude).utf8)
        }
        let whole = digits.count - scale
        if whole > 0 { append(contentsOf: digits[..<whole]) } else { append(zero) }
        guard scale > 0 else { return }
        append(UInt8(ascii: "."))
        append(contentsOf: repeatElement(zero, count: Swift.max(-whole, 0)))
        append(contentsOf: digits[Swift.max(whole, 0)...])
    }

    /// `68 65 6c`.
    mutating func appendHexadecimal(_ bytes: UnsafeRawBufferPointer) {
        for (index, byte) in bytes.enumerated() {
            if index > 0 { append(UInt8(ascii: " ")) }
            appendHexadecimal(byte)
        }
    }

    mutating func appendUUID(_ bits: UInt128) {
        for byte in 0..<16 {
            if [4, 6, 8, 10].contains(byte) { append(UInt8(ascii: "-")) }
            appendHexadecimal(UInt8(truncatingIfNeeded: bits >> UInt128(8 * (15 - byte))))
        }
    }

    private mutating func appendHexadecimal(_ byte: UInt8) {
        for nibble in [byte >> 4, byte & 0xF] {
            append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
        }
    }

    /// `1-2` for years and months, `3 04:05:06.789` for days and time, or both.
    mutating func appendInterval(_ interval: Interval) {
        if interval.months != 0 {
            if interval.months < 0 { append(UInt8(ascii: "-")) }
            let months = UInt(interval.months.magnitude)
            appendPadded(months / 12, width: 1)
            append(UInt8(ascii: "-"))
            appendPadded(months % 12, width: 1)
            if interval.days == 0, interval.microseconds == 0 { return }
            append(UInt8(ascii: " "))
        }
        let perDay = 86_400_000
        let milliseconds = interval.days * perDay + Int(interval.microseconds) / 1_000
        if milliseconds < 0 { append(UInt8(ascii: "-")) }
        let magnitude = Int(milliseconds.magnitude)
        appendPadded(UInt(magnitude / perDay), width: 1)
        append(UInt8(ascii: " "))
        appendTime(milliseconds: magnitude % perDay)
    }

    /// `14:32:01.123+02:00`.
    mutating func appendZonedTime(_ time: (microseconds: Int64, offset: Int)) {
        appendTime(milliseconds: Int(time.microseconds / 1_000))
        append(UInt8(ascii: time.offset < 0 ? "-" : "+"))
        appendPadded(time.offset.magnitude / 3_600, width: 2)
        append(UInt8(ascii: ":"))
        appendPadded(time.offset.magnitude / 60 % 60, width: 2)
    }

    mutating func appendInfinity(negative: Bool) {
        append(contentsOf: negative ? "-infinity".utf8 : "infinity".utf8)
    }
}

extension Int {
    /// The quotient, rounded towards minus infinity, so that times before 1970 are cut like later
    /// ones.
    fileprivate func floored(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
