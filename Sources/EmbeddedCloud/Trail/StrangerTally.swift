import FoundationEssentials

/// Counts the refusals of callers whom nobody knows, by source and minute, so that strangers cannot
/// fill the trail.
struct StrangerTally: Sendable {
    /// Sources counted apart in one minute; all further ones are counted as one.
    static let sourcesMax = 1_000
    static let otherSources = "other sources"

    private struct Key: Hashable {
        var source: String
        /// Since 1970.
        var minute: Int
    }

    private var counts: [Key: (last: AuditEvent, count: Int)] = [:]

    /// True for the first of its source and minute: that one is recorded at once.
    mutating func count(_ event: AuditEvent) -> Bool {
        let minute = Self.minute(of: event.eventTime)
        var key = Key(source: event.sourceIPAddress, minute: minute)
        if counts[key] == nil, counts.count >= Self.sourcesMax { key.source = Self.otherSources }
        guard let known = counts[key] else {
            counts[key] = (event, 0)
            return true
        }
        counts[key] = (event, known.count + 1)
        return false
    }

    /// One event for each source and minute that is over and had more refusals than the one recorded.
    mutating func ended(before time: Date) -> [AuditEvent] {
        let over = counts.filter { $0.key.minute < Self.minute(of: time) }
        for key in over.keys { counts[key] = nil }
        return over.filter { $0.value.count > 0 }.map { key, value in
            var event = value.last
            event.eventID = UUID()
            event.sourceIPAddress = key.source
            event.eventType = .awsServiceEvent
            event.additionalEventData = #"{"furtherRefusalsInThisMinute":\#(value.count)}"#
            return event
        }
    }

    private static func minute(of time: Date) -> Int {
        let minutes = time.timeIntervalSince1970 / 60
        return minutes >= Double(Int.max) ? Int.max : Int(minutes)
    }
}
