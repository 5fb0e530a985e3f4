import Dispatch
public import FoundationEssentials
import Synchronization

/// The audit trail: who asked for what, when, and what came of it, for ever.
///
/// Lines of JSON in CloudTrail's shape, appended to segments (`trail-<first sequence>.jsonl`). Each
/// line carries its sequence number and the hash of the line before. A record is acknowledged when it
/// is on the disk, never before.
///
/// - **Group commit without a timer.** What arrives while the disk syncs is the next batch: one
///   write and one sync for all of it. Alone, a record waits for one sync; in a crowd, for two.
/// - **Signed heads.** The end of each batch is signed and goes into every receipt and to `onHead`.
///   ``verify(directory:publicKeys:heads:progress:)`` tells what they prove.
/// - **When the disk fails**, records are refused until a write succeeds again, and whoever asked for
///   them must refuse in turn: nothing is served unlogged.
///
/// The disk is waited for on a queue of the trail's own, never on Swift's cooperative threads.
public final class Trail: Sendable {
    /// The longest line, with its newline, in bytes. CloudTrail's largest event is as long.
    public static let lineBytesMax = 1 << 20

    /// What a trail may take and when it moves on.
    public struct Limits: Sendable {
        /// A segment this long is full, and the next batch begins another. Bytes.
        public var segmentBytesMax = 64 << 20
        /// Records that wait for the disk may take this much; as much again is being written. Bytes.
        public var pendingBytesMax = 8 << 20
        /// Kept free for the last records when the disk is full. Bytes; 0 for none.
        public var reserveBytes = 8 << 20
        /// A head is kept in `heads.jsonl` each time that so many records have come.
        public var recordsPerHead = 256

        public init() {}
    }

    /// What has been written since the trail was opened.
    public struct Tally: Equatable, Sendable {
        public var records = 0
        /// Each was one write and one sync.
        public var batches = 0
        public var bytes = 0
    }

    /// What opening cut off: the unfinished write of an exchange that was stopped in the middle of
    /// one. Nobody had been told that it was written.
    public struct TornTail: Equatable, Sendable {
        /// The segment's file name.
        public let segment: String
        /// The last record that is whole.
        public let lastSequence: Int
        public let bytes: Int
    }

    /// Nil if the trail ended with a whole line when it was opened.
    public let tornTail: TornTail?

    private struct Position {
        var lastSequence: Int
        var newestHead: TrailHead?
        var tally = Tally()
    }

    private let directory: String
    private let onHead: @Sendable (TrailHead) -> Void
    private let queue = DispatchQueue(label: "bourse.trail", qos: .userInitiated)
    private let inbox: Mutex<TrailInbox>
    private let position: Mutex<Position>
    /// Touched on `queue` only, so nobody ever waits for this lock. Nil once closed.
    private let writer: Mutex<TrailWriter?>

    /// Opens the trail in a directory, and makes one there if there is none.
    ///
    /// An unfinished write at its end is cut off (``tornTail``). Everything that is in the trail when
    /// this returns is on the disk. It blocks while the newest segments are read, two as a rule; the
    /// older ones are for ``verify(directory:publicKeys:heads:progress:)``.
    ///
    /// - Parameters:
    ///   - directory: Local; its parent must exist. Locked until the trail is closed.
    ///   - signer: Signs the heads of this run. Heads of an earlier key stay valid.
    ///   - lastHead: The newest head that the ledger remembers. Nil only when it remembers none.
    ///   - limits: Sizes and distances.
    ///   - clock: The time that heads carry.
    ///   - onHead: Is given each batch's head when the batch is on the disk, in order, before its
    ///     records are acknowledged. Called on the trail's queue, so all records wait for it: it
    ///     must only take note.
    /// - Returns: A trail that goes on after its last record.
    /// - Throws: When the trail is in use, damaged, ends before `lastHead` or disagrees with it, or
    ///   cannot be read. A full disk is no reason: then appending is refused until there is room.
    public static func open(
        directory: URL,
        signer: TrailSigner,
        lastHead: TrailHead?,
        limits: Limits = Limits(),
        clock: @escaping @Sendable () -> Date,
        onHead: @escaping @Sendable (TrailHead) -> Void
    ) throws(TrailOpenFault) -> Trail {
        try open(
            directory: directory, signer: signer, lastHead: lastHead, limits: limits, disk: .real,
            clock: clock, onHead: onHead)
    }

    static func open(
        directory: URL,
        signer: TrailSigner,
        lastHead: TrailHead?,
        limits: Limits = Limits(),
        disk: TrailDisk,
        clock: @escaping @Sendable () -> Date,
        onHead: @escaping @Sendable (TrailHead) -> Void
    ) throws(TrailOpenFault) -> Trail {
        let path = directory.localPath
        let opened = try TrailOpening.open(path, signer: signer, lastHead: lastHead)
        let end = opened.end
        var writer = TrailWriter(
            directory: opened.directory, limits: limits, signer: signer, clock: clock, disk: disk,
            segment: opened.segment, chain: end.chain, heads: opened.heads)
        var fault: TrailFault?
        do {
            try writer.takeReserve()
        } catch {
            fault = error
        }
        return Trail(
            directory: path, tornTail: end.tornTail, lastSequence: end.chain.sequence,
            newestHead: end.newestHead, writer: writer,
            inbox: TrailInbox(pendingBytesMax: limits.pendingBytesMax, fault: fault),
            onHead: onHead)
    }

    private init(
        directory: String,
        tornTail: TornTail?,
        lastSequence: Int,
        newestHead: TrailHead?,
        writer: consuming sending TrailWriter,
        inbox: consuming sending TrailInbox,
        onHead: @escaping @Sendable (TrailHead) -> Void
    ) {
        self.directory = directory
        self.tornTail = tornTail
        self.onHead = onHead
        self.inbox = Mutex(inbox)
        self.position = Mutex(Position(lastSequence: lastSequence, newestHead: newestHead))
        self.writer = Mutex(writer)
    }

    /// Appends a record, and returns when it is on the disk.
    ///
    /// Records are ordered as their batches are written, not as the calls were made. A cancelled task
    /// waits all the same, since its record may be half-way to the disk.
    ///
    /// - Throws: ``TrailFault``. The record is then not in the trail, and what it records must not
    ///   happen.
    public func append(
        _ event: AuditEvent, urgency: TrailUrgency = .ordinary
    ) async throws(TrailFault) -> TrailReceipt {
        let body = event.lineBody()
        guard body.count <= Self.lineBytesMax - TrailLineHeader.bytesMax else {
            throw .recordTooLarge(bytes: body.count)
        }
        return try await withCheckedContinuation { continuation in
            enter(TrailPending(body: body, urgency: urgency, continuation: continuation))
        }.get()
    }

    /// Refuses new records, waits for those under way, and keeps the last head.
    public func close() async {
        inbox.withLock { $0.close() }
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                writer.withLock { writer in
                    writer?.keepLastHead()
                    writer = nil
                }
                continuation.resume()
            }
        }
    }

    /// Of the newest record on the disk. 0 if there is none.
    public var lastSequence: Int {
        position.withLock { $0.lastSequence }
    }

    /// Nil until one is known, from the ledger, from `heads.jsonl` or from the first batch.
    public var newestHead: TrailHead? {
        position.withLock { $0.newestHead }
    }

    public var tally: Tally {
        position.withLock { $0.tally }
    }

    /// How many records wait for the disk, besides those being written.
    public var pendingRecords: Int {
        inbox.withLock { $0.pending.count }
    }

    /// Calls back with the identifiers of the newest records, oldest first.
    ///
    /// For the ledger's outbox, when the exchange starts: what is in it and among these is in the
    /// trail already. Blocks while the segments that hold them are read.
    ///
    /// - Parameters:
    ///   - count: Fewer come if the trail is shorter.
    ///   - body: May throw to stop.
    /// - Throws: As ``records(in:from:_:)`` does.
    public func newestEventIDs(_ count: Int, _ body: (UUID) throws -> Void) throws {
        let from = max(1, lastSequence - count + 1)
        try Self.forEachLine(in: directory, from: from) { _, eventID, _ in try body(eventID) }
    }

    private func enter(_ record: TrailPending) {
        let admission = inbox.withLock { inbox in
            let admission = inbox.admit(record)
            // Inside the lock, so that closing cannot overtake it on the queue.
            if admission == .wakesWriter { queue.async { self.writePending() } }
            return admission
        }
        if case .refused(let fault) = admission {
            record.continuation.resume(returning: .failure(fault))
        }
    }

    /// Writes until nothing is left. Runs on `queue`.
    private func writePending() {
        while let batch = inbox.withLock({ $0.takeBatch() }) {
            writer.withLock { writer in
                guard let outcome = writer?.write(batch) else {
                    preconditionFailure("Nothing is admitted after closing.")
                }
                settle(outcome)
                writer?.keepHead()
            }
        }
    }

    private func settle(_ outcome: TrailWriter.Outcome) {
        inbox.withLock { $0.batchEnded(outcome.fault) }
        if let head = outcome.written.last?.receipt.head {
            position.withLock { position in
                position.lastSequence = head.sequence
                position.newestHead = head
                position.tally.records += outcome.written.count
                position.tally.batches += 1
                position.tally.bytes += outcome.bytes
            }
            onHead(head)
        }
        for (record, receipt) in outcome.written {
            record.continuation.resume(returning: .success(receipt))
        }
        for (record, fault) in outcome.refused {
            record.continuation.resume(returning: .failure(fault))
        }
    }
}

/// The proof that a record is in the trail.
public struct TrailReceipt: Equatable, Sendable {
    /// The record's number, from 1.
    public let sequence: Int
    /// Of the record's line.
    public let hash: TrailHash
    /// The signed end of the batch that the record was written with: at or after it.
    public let head: TrailHead
}
