/// Whether a record may use the space that is kept for when the disk is full.
public enum TrailUrgency: Sendable {
    /// A request's record. Refused when the disk is full, and so is the request.
    case ordinary
    /// One of the few records that the exchange writes of itself when all else is refused, such as
    /// its shutdown. Written from the reserve when the disk is full.
    case final
}

/// A record that waits for the disk, and its caller with it.
struct TrailPending: Sendable {
    let body: [UInt8]
    let urgency: TrailUrgency
    /// Resumed exactly once, by the writer.
    let continuation: CheckedContinuation<Result<TrailReceipt, TrailFault>, Never>
}

/// Decides which records may wait for the disk. Knows no disk: ``Trail`` brings the records and
/// tells how writing went.
struct TrailInbox: ~Copyable {
    enum Admission: Equatable {
        /// The writer is at work and will come to it.
        case waits
        /// The writer must be woken.
        case wakesWriter
        case refused(TrailFault)
    }

    let pendingBytesMax: Int
    private(set) var pending: [TrailPending] = []
    private var pendingBytes = 0
    private var isWriting = false
    private var isClosed = false
    /// Set while ordinary records cannot be written.
    private var fault: TrailFault?
    /// Whether an ordinary record is under way to find out if the fault is over.
    private var isProbing = false

    init(pendingBytesMax: Int, fault: TrailFault?) {
        self.pendingBytesMax = pendingBytesMax
        self.fault = fault
    }

    /// While the trail cannot be written, one ordinary record at a time is let through: it is the
    /// retry. So nothing needs a timer, and nobody but that one record's caller waits for a disk
    /// that takes long to fail.
    mutating func admit(_ record: TrailPending) -> Admission {
        if isClosed { return .refused(.closed) }
        let isOrdinary = record.urgency == .ordinary
        if isOrdinary, let fault, isProbing { return .refused(fault) }
        guard pendingBytes + record.body.count <= pendingBytesMax else {
            return .refused(.tooManyPending)
        }
        if isOrdinary, fault != nil { isProbing = true }
        pending.append(record)
        pendingBytes += record.body.count
        if isWriting { return .waits }
        isWriting = true
        return .wakesWriter
    }

    /// Everything that waits. Nil if nothing does: then the writer rests until it is woken.
    mutating func takeBatch() -> [TrailPending]? {
        guard !pending.isEmpty else {
            isWriting = false
            return nil
        }
        defer {
            pending = []
            pendingBytes = 0
        }
        return pending
    }

    /// - Parameter fault: Why ordinary records cannot be written, or nil if they can.
    mutating func batchEnded(_ fault: TrailFault?) {
        self.fault = fault
        isProbing = pending.contains { $0.urgency == .ordinary }
    }

    mutating func close() {
        isClosed = true
    }
}
