import FoundationEssentials

/// When a contract that is renewed by itself gets its next term.
enum Renewal {
    /// Seconds before a term is over at which the next one is made: whoever reads meanwhile notices nothing.
    static let lead: TimeInterval = 86_400

    /// The last day of the first term that goes on after `now`, in whole periods from the contract's own end.
    /// Days of a month that is shorter are its last one, and the months after count from the contract's day
    /// again.
    ///
    /// - Parameters:
    ///   - lastDay: Of the contract as it was signed.
    ///   - months: Of a period, at least 1.
    static func lastDay(after lastDay: CalendarDay, every months: Int, at now: Date) -> CalendarDay
    {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        var (end, periods) = (lastDay.end, 0)
        while end - lead <= now {
            periods += 1
            guard
                let next = calendar.date(
                    byAdding: .month, value: months * periods, to: lastDay.end)
            else { preconditionFailure("The calendar has no day \(months * periods) months on.") }
            end = next
        }
        return CalendarDay(before: end)
    }
}
