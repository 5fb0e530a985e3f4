import AWSAPI
public import FoundationEssentials

/// A day of UTC, as `2026-01-31`.
public struct CalendarDay: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    public let rawValue: String
    /// Its first moment.
    public let begin: Date

    /// Nil unless the text is a day of the calendar, in that form.
    public init?(rawValue: String) {
        guard let begin = Timestamp.parse(rawValue + "T00:00:00Z"),
            Timestamp.iso8601.text(begin) == rawValue + "T00:00:00Z"
        else { return nil }
        self.rawValue = rawValue
        self.begin = begin
    }

    /// - Parameter end: The first moment after it.
    init(before end: Date) {
        let text = Timestamp.iso8601.text(end - 86_400)
        guard let day = CalendarDay(rawValue: String(text.prefix(10))), day.end == end else {
            preconditionFailure("\(text) is no day's beginning.")
        }
        self = day
    }

    /// The first moment after it.
    public var end: Date { begin + 86_400 }

    public var description: String { rawValue }
}
