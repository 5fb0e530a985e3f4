public import FoundationEssentials

/// The forms a point in time takes on the wire. All are UTC.
public enum Timestamp: Sendable {
    /// Seconds since 1970, fractions allowed: JSON's default.
    case epochSeconds
    /// `2024-02-18T14:32:01Z`: the query protocol's default.
    case iso8601
    /// `2024-02-18T14:32:01.123Z`: S3's bodies and Data Exchange.
    case iso8601Milliseconds
    /// `Sun, 18 Feb 2024 14:32:01 GMT` (IMF-fixdate): headers.
    case httpDate

    /// Forms without a fraction drop it; the others keep the nearest millisecond. A date outside the
    /// years 1 to 9999 is written as the nearest within.
    public func text(_ date: Date) -> String {
        switch self {
        case .epochSeconds:
            let milliseconds = date.wholeMilliseconds
            return milliseconds.isMultiple(of: 1000)
                ? String(milliseconds / 1000) : String(Double(milliseconds) / 1000)
        case .iso8601:
            return CivilTime(secondsSince1970: date.wholeSeconds).iso8601 + "Z"
        case .iso8601Milliseconds:
            let milliseconds = date.wholeMilliseconds
            let fraction = ((milliseconds % 1000) + 1000) % 1000
            let second = CivilTime(secondsSince1970: (milliseconds - fraction) / 1000)
            return "\(second.iso8601).\(fraction.padded(to: 3))Z"
        case .httpDate:
            return CivilTime(secondsSince1970: date.wholeSeconds).httpDate
        }
    }

    /// Any of the forms above, and an offset in place of `Z`. Nil outside the years 1 to 9999.
    public static func parse(_ text: String) -> Date? {
        var reader = DateReader(text)
        if let date = reader.iso8601() { return date }
        reader = DateReader(text)
        if let date = reader.httpDate() { return date }
        return Double(text).flatMap(Date.init(wireSeconds:))
    }
}

/// SigV4's `20240218T143201Z`.
enum BasicTimestamp {
    static func text(_ date: Date) -> String {
        let time = CivilTime(secondsSince1970: date.wholeSeconds)
        let day = time.year.padded(to: 4) + time.month.padded(to: 2) + time.day.padded(to: 2)
        return day + "T" + time.hour.padded(to: 2) + time.minute.padded(to: 2)
            + time.second.padded(to: 2) + "Z"
    }

    /// Nil unless the text has exactly that form.
    static func parse(_ text: String) -> Date? {
        var reader = DateReader(text)
        return reader.basic()
    }
}

extension Date {
    /// Nil for what no form of a timestamp can say again: not finite, or outside the years 1 to 9999.
    init?(wireSeconds seconds: Double) {
        guard seconds >= Double(CivilTime.range.lowerBound),
            seconds < Double(CivilTime.range.upperBound + 1)
        else { return nil }
        self.init(timeIntervalSince1970: seconds)
    }

    /// Milliseconds since 1970, the nearest.
    fileprivate var wholeMilliseconds: Int {
        Int((clampedToWire * 1000).rounded(.toNearestOrAwayFromZero))
    }

    /// Seconds since 1970, the fraction dropped.
    fileprivate var wholeSeconds: Int { Int(clampedToWire.rounded(.down)) }

    private var clampedToWire: Double {
        min(
            max(timeIntervalSince1970, Double(CivilTime.range.lowerBound)),
            Double(CivilTime.range.upperBound))
    }
}

// MARK: - Digits

extension CivilTime {
    fileprivate static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    fileprivate static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Without fraction and zone.
    fileprivate var iso8601: String {
        "\(year.padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2))T\(clock)"
    }

    /// Source: RFC 9110, 5.6.7.
    fileprivate var httpDate: String {
        "\(Self.days[weekday]), \(day.padded(to: 2)) \(Self.months[month - 1]) "
            + "\(year.padded(to: 4)) \(clock) GMT"
    }

    private var clock: String {
        "\(hour.padded(to: 2)):\(minute.padded(to: 2)):\(second.padded(to: 2))"
    }
}

extension Int {
    /// Zeros before the digits, up to `width` of them.
    fileprivate func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
    }
}

/// Takes a timestamp apart from left to right.
private struct DateReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    /// `2024-02-18T14:32:01[.123](Z|+01:00)`. Source: RFC 3339, 5.6.
    mutating func iso8601() -> Date? {
        guard let year = number(4), take("-"), let month = number(2), take("-"),
            let day = number(2), take("T"), let clock = clock(),
            let fraction = fraction(), let offset = offset(), rest.isEmpty,
            let time = CivilTime(
                year: year, month: month, day: day, hour: clock.hour, minute: clock.minute,
                second: clock.second)
        else { return nil }
        return Date(wireSeconds: Double(time.secondsSince1970 - offset) + fraction)
    }

    /// `Sun, 18 Feb 2024 14:32:01 GMT`. Which day of the week it says is not checked.
    mutating func httpDate() -> Date? {
        guard word(3) != nil, take(", "), let day = number(2), take(" "),
            let name = word(3), let month = CivilTime.months.firstIndex(of: name), take(" "),
            let year = number(4), take(" "), let clock = clock(), take(" GMT"), rest.isEmpty,
            let time = CivilTime(
                year: year, month: month + 1, day: day, hour: clock.hour, minute: clock.minute,
                second: clock.second)
        else { return nil }
        return Date(timeIntervalSince1970: Double(time.secondsSince1970))
    }

    mutating func basic() -> Date? {
        guard let year = number(4), let month = number(2), let day = number(2), take("T"),
            let hour = number(2), let minute = number(2), let second = number(2), take("Z"),
            rest.isEmpty,
            let time = CivilTime(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        return Date(timeIntervalSince1970: Double(time.secondsSince1970))
    }

    private mutating func clock() -> (hour: Int, minute: Int, second: Int)? {
        guard let hour = number(2), take(":"), let minute = number(2), take(":"),
            let second = number(2)
        else { return nil }
        return (hour, minute, second)
    }

    /// Zero where there is none; nil where a point has no digits after it.
    private mutating func fraction() -> Double? {
        guard take(".") else { return 0 }
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        rest = rest.dropFirst(digits.count)
        return digits.isEmpty ? nil : Double("0." + String(decoding: digits, as: UTF8.self))
    }

    /// Seconds east of UTC.
    private mutating func offset() -> Int? {
        if take("Z") { return 0 }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = number(2), take(":"), let minutes = number(2),
            hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    private mutating func number(_ count: Int) -> Int? {
        var number = 0
        let digits = rest.prefix(count)
        guard digits.count == count else { return nil }
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        rest = rest.dropFirst(count)
        return number
    }

    private mutating func word(_ count: Int) -> String? {
        let letters = rest.prefix(count)
        guard letters.count == count else { return nil }
        rest = rest.dropFirst(count)
        return String(decoding: letters, as: UTF8.self)
    }

    private mutating func take(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { expected in
            guard rest.starts(with: expected) else { return false }
            rest = rest.dropFirst(expected.count)
            return true
        }
    }
}
