/// Days and times of the Gregorian calendar as text, extended backwards and forwards without end.
extension [UInt8] {
    /// `2024-02-02`, from days since 1970-01-01. A year past 9999 takes the digits it needs.
    mutating func appendDate(days: Int) {
        // Counted from 0000-03-01, so that the leap day is a year's last, in eras of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)

        if year < 0 { append(UInt8(ascii: "-")) }
        appendPadded(year.magnitude, width: 4)
        append(UInt8(ascii: "-"))
        appendPadded(UInt(month), width: 2)
        append(UInt8(ascii: "-"))
        appendPadded(UInt(day), width: 2)
    }

    /// `14:32:01.123`. What is finer than a millisecond is cut off.
    mutating func appendTime(milliseconds: Int) {
        appendPadded(UInt(milliseconds / 3_600_000), width: 2)
        append(UInt8(ascii: ":"))
        appendPadded(UInt(milliseconds / 60_000 % 60), width: 2)
        append(UInt8(ascii: ":"))
        appendPadded(UInt(milliseconds / 1_000 % 60), width: 2)
        append(UInt8(ascii: "."))
        appendPadded(UInt(milliseconds % 1_000), width: 3)
    }

    /// `2024-02-18 14:32:01.123`, from milliseconds since 1970-01-01.
    mutating func appendTimestamp(milliseconds: Int) {
        let millisecondsPerDay = 86_400_000
        let days =
            (milliseconds >= 0 ? milliseconds : milliseconds - (millisecondsPerDay - 1))
            / millisecondsPerDay
        appendDate(days: days)
        append(UInt8(ascii: " "))
        appendTime(milliseconds: milliseconds - days * millisecondsPerDay)
    }

    /// Digits with zeros before them up to `width`.
    mutating func appendPadded(_ value: UInt, width: Int) {
        var divisor: UInt = 1
        var digits = 1
        while digits < width || value / divisor >= 10 {
            divisor *= 10
            digits += 1
        }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
