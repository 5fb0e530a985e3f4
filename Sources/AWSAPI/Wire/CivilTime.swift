/// A second of the Gregorian calendar in UTC, in the digits that timestamps are written with.
///
/// Years 1 to 9999: beyond them the forms on the wire have no digits.
struct CivilTime: Equatable {
    let year: Int
    let month: Int
    let day: Int
    /// Seconds since midnight.
    let secondOfDay: Int

    /// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, in seconds since 1970.
    static let range = -62_135_596_800...253_402_300_799

    private static let secondsPerDay = 86_400
    private static let daysPerEra = 146_097
    /// 0000-03-01 to 1970-01-01.
    private static let daysToEpoch = 719_468

    /// Counts in eras of 400 years from 0000-03-01, so that the leap day ends its year.
    ///
    /// - Parameter seconds: Within ``range``.
    init(secondsSince1970 seconds: Int) {
        let sinceDayZero = seconds + Self.daysToEpoch * Self.secondsPerDay
        let (days, secondOfDay) = sinceDayZero.quotientAndRemainder(dividingBy: Self.secondsPerDay)
        let (era, dayOfEra) = days.quotientAndRemainder(dividingBy: Self.daysPerEra)
        let leapDays = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
        let yearOfEra = (dayOfEra - leapDays) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = era * 400 + yearOfEra + (month < 3 ? 1 : 0)
        day = dayOfYear - Self.daysBefore(monthFromMarch) + 1
        self.secondOfDay = secondOfDay
    }

    /// Nil for a day that the calendar has not, or a second that the day has not: 23:59:60 is none.
    init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        guard (1...9999).contains(year), (1...12).contains(month),
            (1...Self.days(in: month, of: year)).contains(day),
            (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
        secondOfDay = hour * 3_600 + minute * 60 + second
    }

    var secondsSince1970: Int {
        let yearFromMarch = month < 3 ? year - 1 : year
        let (era, yearOfEra) = yearFromMarch.quotientAndRemainder(dividingBy: 400)
        let dayOfYear = Self.daysBefore(month < 3 ? month + 9 : month - 3) + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * Self.daysPerEra + dayOfEra - Self.daysToEpoch
        return days * Self.secondsPerDay + secondOfDay
    }

    var hour: Int { secondOfDay / 3_600 }
    var minute: Int { secondOfDay / 60 % 60 }
    var second: Int { secondOfDay % 60 }

    /// 0 for Sunday. 1970-01-01 was a Thursday.
    var weekday: Int {
        let days = secondsSince1970 - secondOfDay
        return ((days / Self.secondsPerDay + 4) % 7 + 7) % 7
    }

    /// Days from 1 March to the first of the month that many after March: 31, 30, 31, 30, 31 twice over.
    private static func daysBefore(_ monthFromMarch: Int) -> Int { (153 * monthFromMarch + 2) / 5 }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
