/// What the trail could not take, while its disk was full or failed.
struct TrailRefusals: Sendable {
    /// Changes that are held; of further ones the outbox alone knows, until the next start.
    static let missedMax = 10_000

    /// Since a record was refused, and until one was taken and nothing is missing any more.
    private(set) var isRefusing = false
    /// Changes that were made and have no record yet, in their order.
    private(set) var missed: [AuditEvent] = []

    mutating func add(_ event: AuditEvent) {
        isRefusing = true
        if event.isChange, missed.count < Self.missedMax { missed.append(event) }
    }

    /// The trail has this one now.
    mutating func gave(_ event: AuditEvent) { missed.removeAll { $0.eventID == event.eventID } }

    /// The trail took a record.
    mutating func recorded() { isRefusing = !missed.isEmpty }
}

extension AuditEvent {
    /// Whether something was changed, and its event stands in the outbox.
    var isChange: Bool { !readOnly && errorCode == nil }
}
