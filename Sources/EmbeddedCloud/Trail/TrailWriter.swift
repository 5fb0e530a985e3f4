import FoundationEssentials

/// Writes batches of records to the newest segment, one batch after the other.
///
/// Every call blocks until the disk has answered.
struct TrailWriter: ~Copyable {
    /// The segment being written.
    struct Segment: ~Copyable {
        let file: TrailFile
        /// Written and synced. What lies beyond is not part of the trail.
        var bytes: Int
    }

    private let directory: TrailDirectory
    private let limits: Trail.Limits
    private let signer: TrailSigner
    private let clock: @Sendable () -> Date
    private let disk: TrailDisk

    private var segment: Segment
    private var chain: TrailChain
    /// Whether a batch that failed may have left bytes beyond the segment's end.
    private var isFrayed = false
    private var holdsReserve = false
    private var heads: TrailHeadsFile
    private var newestHead: TrailHead?
    /// The batch's bytes. A member so that its memory is used again.
    private var lines: [UInt8] = []

    init(
        directory: consuming TrailDirectory,
        limits: Trail.Limits,
        signer: TrailSigner,
        clock: @escaping @Sendable () -> Date,
        disk: TrailDisk,
        segment: consuming Segment,
        chain: TrailChain,
        heads: consuming TrailHeadsFile
    ) {
        self.directory = directory
        self.limits = limits
        self.signer = signer
        self.clock = clock
        self.disk = disk
        self.segment = segment
        self.chain = chain
        self.heads = heads
    }

    /// What became of a batch.
    struct Outcome {
        var written: [(record: TrailPending, receipt: TrailReceipt)] = []
        var refused: [(record: TrailPending, fault: TrailFault)] = []
        var bytes = 0
        /// Why ordinary records cannot be written now, or nil if they can.
        var fault: TrailFault?
    }

    /// Writes the records, syncs and signs. On a fault the ordinary ones are refused, and the final
    /// ones are tried once more without them, in the space that the reserve gave up.
    mutating func write(_ batch: [TrailPending]) -> Outcome {
        var outcome = Outcome()
        do {
            try takeReserve()
            try write(batch, into: &outcome)
            return outcome
        } catch {
            outcome.fault = error
            outcome.refused = batch.filter { $0.urgency == .ordinary }.map { ($0, error) }
            if error == .diskFull { releaseReserve() }
        }
        let final = batch.filter { $0.urgency == .final }
        guard !final.isEmpty else { return outcome }
        do {
            try write(final, into: &outcome)
        } catch {
            outcome.refused += final.map { ($0, error) }
        }
        return outcome
    }

    private mutating func write(
        _ batch: [TrailPending], into outcome: inout Outcome
    ) throws(TrailFault) {
        do throws(SystemCallFault) {
            if isFrayed { try cutFrayedEnd() }
            if segment.bytes >= limits.segmentBytesMax { try roll() }
        } catch {
            throw TrailFault(error)
        }
        let links = assemble(batch)
        let end = links[links.count - 1]
        let head: TrailHead
        do {
            head = try signer.head(sequence: end.sequence, hash: end.hash, at: clock())
        } catch {
            throw .unsigned(reason: String(describing: error))
        }
        do throws(SystemCallFault) {
            try disk.write(segment.file.descriptor, lines.span.bytes, segment.bytes)
            try disk.sync(segment.file.descriptor)
        } catch {
            fray()
            throw TrailFault(error)
        }
        segment.bytes += lines.count
        chain = end
        newestHead = head
        outcome.bytes += lines.count
        for (record, link) in zip(batch, links) {
            outcome.written.append(
                (record, TrailReceipt(sequence: link.sequence, hash: link.hash, head: head)))
        }
    }

    /// Puts the batch's lines into ``lines``.
    ///
    /// - Returns: Where the chain stands after each of them.
    private mutating func assemble(_ batch: [TrailPending]) -> [TrailChain] {
        lines.removeAll(keepingCapacity: true)
        var links: [TrailChain] = []
        links.reserveCapacity(batch.count)
        var previous = chain
        for record in batch {
            let start = lines.count
            let sequence = previous.sequence + 1
            TrailLineHeader.append(
                sequence: sequence, previousHash: previous.hash, to: &lines)
            lines.append(contentsOf: record.body)
            let hash = lines.withUnsafeBytes { bytes in
                TrailHash(ofLine: UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
            previous = TrailChain(sequence: sequence, hash: hash)
            links.append(previous)
        }
        return links
    }

    /// Notes that a batch failed, and cuts off what it left: its records are refused, so nobody may
    /// read them as if they had been served.
    private mutating func fray() {
        isFrayed = true
        do {
            try cutFrayedEnd()
        } catch {
            // Then it is cut before the next batch is written, or when the trail is opened again.
        }
    }

    /// Removes what a failed batch left. What was synced before stays as it is; its last page is
    /// written again with the next batch, so a sync that failed once is not believed later.
    private mutating func cutFrayedEnd() throws(SystemCallFault) {
        try segment.file.truncate(to: segment.bytes)
        try disk.sync(segment.file.descriptor)
        isFrayed = false
    }

    private mutating func roll() throws(SystemCallFault) {
        let next = TrailSegment(firstSequence: chain.sequence + 1)
        let file = try directory.open(next.name)
        // Only an attempt to roll that failed can have made it before.
        try file.truncate(to: 0)
        segment = Segment(file: file, bytes: 0)
    }

    /// Keeps the newest head in `heads.jsonl`, if the last one there is ``Trail/Limits/recordsPerHead``
    /// records back or the segment is full.
    ///
    /// Called when the batch's callers have been answered. A head that cannot be kept there is no
    /// reason to refuse anything: the ledger was given it, and the next one covers its records too.
    mutating func keepHead() {
        guard let newestHead else { return }
        let isDue =
            newestHead.sequence >= (heads.last?.sequence ?? 0) + limits.recordsPerHead
            || segment.bytes >= limits.segmentBytesMax
        if isDue { heads.append(newestHead, disk: disk) }
    }

    /// Keeps the newest head whatever its distance. The writer's last act.
    mutating func keepLastHead() {
        if let newestHead { heads.append(newestHead, disk: disk) }
    }

    /// Takes the reserve's space, if it is not held: no ordinary record is written without it.
    mutating func takeReserve() throws(TrailFault) {
        guard !holdsReserve, limits.reserveBytes > 0 else { return }
        do {
            let file = try directory.open(TrailDirectory.reserveName)
            try disk.allocate(file.descriptor, limits.reserveBytes)
        } catch {
            throw TrailFault(error)
        }
        holdsReserve = true
    }

    /// Gives the reserve's space to final records.
    private mutating func releaseReserve() {
        holdsReserve = false
        do {
            try directory.remove(TrailDirectory.reserveName)
        } catch {
            // The disk is as full as it was, and whoever writes next finds that out.
        }
    }
}
