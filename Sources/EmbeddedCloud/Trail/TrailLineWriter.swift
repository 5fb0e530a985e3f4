import FoundationEssentials

/// Writes the members of one JSON object straight into bytes: one line, in the order of the calls.
///
/// Every request waits for its line, and an encoder that first builds a tree costs many times the
/// disk's share. The opening brace is left out, since ``Trail`` puts the chain's members first.
struct TrailLineWriter {
    private var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(1_024)
    }

    mutating func member(_ name: StaticString, _ value: String) {
        begin(name)
        append(value)
    }

    mutating func member(_ name: StaticString, ifPresent value: String?) {
        if let value { member(name, value) }
    }

    mutating func member(_ name: StaticString, _ value: Bool) {
        begin(name)
        append(literal: value ? "true" : "false")
    }

    /// Lower case, as AWS writes it.
    mutating func member(_ name: StaticString, _ value: UUID) {
        begin(name)
        bytes.append(UInt8(ascii: "\""))
        withUnsafeBytes(of: value.uuid) { uuid in
            for (index, byte) in uuid.enumerated() {
                switch index {
                case 4, 6, 8, 10: bytes.append(UInt8(ascii: "-"))
                default: break
                }
                bytes.append(hex: byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// `2026-01-31T09:00:00Z`: UTC, fractions of a second dropped, kept within the years 0 to 9999.
    mutating func member(_ name: StaticString, _ value: Date) {
        begin(name)
        let seconds = min(max(value.timeIntervalSince1970, -62_167_219_200), 253_402_300_799)
        let (days, second) = Int(seconds.rounded(.down)).flooredQuotientAndRemainder(by: 86_400)
        let (year, month, day) = civilDate(daysSince1970: days)
        bytes.append(UInt8(ascii: "\""))
        append(year, digits: 4)
        bytes.append(UInt8(ascii: "-"))
        append(month, digits: 2)
        bytes.append(UInt8(ascii: "-"))
        append(day, digits: 2)
        bytes.append(UInt8(ascii: "T"))
        append(second / 3_600, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        append(second / 60 % 60, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        append(second % 60, digits: 2)
        append(literal: "Z\"")
    }

    /// Embeds encoded JSON. A line break between its tokens becomes a space: the line stays one.
    mutating func member(_ name: StaticString, embedding json: String) {
        begin(name)
        let start = bytes.count
        bytes.append(contentsOf: json.utf8)
        for index in start..<bytes.count where bytes[index] < 0x20 {
            bytes[index] = UInt8(ascii: " ")
        }
    }

    mutating func object(_ name: StaticString, _ write: (inout Self) -> Void) {
        begin(name)
        bytes.append(UInt8(ascii: "{"))
        write(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    /// An array of objects.
    mutating func array<Element>(
        _ name: StaticString, of elements: [Element], _ write: (Element, inout Self) -> Void
    ) {
        begin(name)
        bytes.append(UInt8(ascii: "["))
        for element in elements {
            separate()
            bytes.append(UInt8(ascii: "{"))
            write(element, &self)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Everything written, the closing brace and the newline.
    consuming func finishedLine() -> [UInt8] {
        append(literal: "}\n")
        return bytes
    }

    private mutating func begin(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(literal: name)
        append(literal: "\":")
    }

    /// A comma, unless this is the first member or element.
    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["): break
        default: bytes.append(UInt8(ascii: ","))
        }
    }

    private mutating func append(literal: StaticString) {
        literal.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ number: Int, digits: Int) {
        var scale = 1
        for _ in 1..<digits { scale *= 10 }
        while scale > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / scale % 10))
            scale /= 10
        }
    }

    private mutating func append(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { utf8 in
            var copied = 0
            for (index, byte) in utf8.enumerated() {
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
                else { continue }
                bytes.append(contentsOf: utf8[copied..<index])
                append(escaped: byte)
                copied = index + 1
            }
            bytes.append(contentsOf: utf8[copied...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(escaped byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append(literal: "\\\"")
        case UInt8(ascii: "\\"): append(literal: "\\\\")
        case UInt8(ascii: "\n"): append(literal: "\\n")
        case UInt8(ascii: "\r"): append(literal: "\\r")
        case UInt8(ascii: "\t"): append(literal: "\\t")
        default:
            append(literal: "\\u00")
            bytes.append(hex: byte)
        }
    }
}

/// The proleptic Gregorian date of a day, 0 being 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last of its year, in eras of 400 years,
/// which are all alike.
private func civilDate(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
    let daysFromMarchOfYear0To1970 = 719_468
    let daysInEra = 146_097
    let (era, dayOfEra) = (daysSince1970 + daysFromMarchOfYear0To1970)
        .flooredQuotientAndRemainder(by: daysInEra)
    let leapDaysBefore = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
    let yearOfEra = (dayOfEra - leapDaysBefore) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
}

extension Int {
    fileprivate func flooredQuotientAndRemainder(by divisor: Int) -> (Int, Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
