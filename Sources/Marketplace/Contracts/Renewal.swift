import FoundationEssentials

/// When a contract that is renewed by itself gets its next term.
enum Renewal {
    /// Seconds before a term is over at which the next one is made: whoever reads meanwhile notices nothing.
    static let lead: TimeInterval = 86_400

    /// The last day of the first term that goes on after `now`, in whole periods from the contract's own last day:
    /// the same day of another month, or its last one where it is shorter. A month's last day stays one.
    ///
    /// - Parameters:
    ///   - lastDay: Of the contract as it was signed.
    ///   - months: Of a period, at least 1.
    static func lastDay(after lastDay: CalendarDay, every months: Int, at now: Date) -> CalendarDay
    {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let endsMonth = calendar.component(.day, from: lastDay.end) == 1
        var (end, periods) = (lastDay.end, 0)
        while end - lead <= now {
            periods += 1
            let day = calendar.date(
                byAdding: .month, value: months * periods,
                to: endsMonth ? lastDay.end : lastDay.begin)
            guard let day else {
                preconditionFailure("The calendar has no day \(months * periods) months on.")
            }
            end = endsMonth ? day : day + 86_400
        }
        return CalendarDay(before: end)
    }
}
