import FoundationEssentials

/// A trail that has been found sound enough to go on with.
struct TrailOpening: ~Copyable {
    /// Where the trail on the disk ends.
    struct End {
        var chain: TrailChain
        var segment: TrailSegment
        /// Of the segment, up to the end of its last whole line.
        var bytes: Int
        var tornTail: Trail.TornTail?
        var newestHead: TrailHead?
    }

    let directory: TrailDirectory
    let segment: TrailWriter.Segment
    let heads: TrailHeadsFile
    let end: End

    /// Locks the directory, reads its newest segments, and cuts off an unfinished write, but only
    /// after it has been found to lie beyond every known head.
    static func open(
        _ path: String, signer: TrailSigner, lastHead: TrailHead?
    ) throws(TrailOpenFault) -> TrailOpening {
        let directory = try TrailDirectory(locking: path)
        do {
            let heads = try TrailHeadsFile(in: directory)
            var known: [TrailHead] = []
            if let lastHead { known.append(lastHead) }
            // Written after its records were synced, so it too tells what must be there. A head by
            // an earlier key is left to `verify`, which has that key.
            if let kept = heads.last, signer.hasSigned(kept) {
                known.append(kept)
            }
            let end = try findEnd(path, heads: known.sorted { $0.sequence < $1.sequence })

            let file = try directory.open(end.segment.name)
            if end.tornTail != nil {
                try file.truncate(to: end.bytes)
            }
            // The last lines may be whole and yet unsynced. From now on they count as written.
            try TrailDisk.real.sync(file.descriptor)
            return TrailOpening(
                directory: directory,
                segment: TrailWriter.Segment(file: file, bytes: end.bytes),
                heads: heads,
                end: end)
        } catch let fault as TrailOpenFault {
            throw fault
        } catch let flaw as TrailFlaw {
            throw .damaged(flaw)
        } catch let fault as SystemCallFault {
            throw .system(fault, path: path)
        } catch {
            throw .unreadable(reason: String(describing: error), path: path)
        }
    }

    /// Reads the trail from the segment that holds the first of the heads, which are in order, or
    /// from the last segment but one.
    private static func findEnd(_ path: String, heads: [TrailHead]) throws -> End {
        let segments = try TrailSegment.all(in: path)
        var scan = EndScan(heads: heads)
        for segment in segments.dropFirst(firstToRead(of: segments, heads: heads)) {
            try scan.read(segment, of: path, isLast: segment == segments.last)
        }
        if let head = heads.last, scan.chain.sequence < head.sequence {
            throw TrailOpenFault.endsBeforeHead(head, lastSequence: scan.chain.sequence)
        }
        return End(
            chain: scan.chain,
            segment: segments.last ?? TrailSegment(firstSequence: 1),
            bytes: scan.bytes,
            tornTail: scan.tornTail,
            newestHead: heads.last)
    }

    /// The last segment may be empty or torn in its first line, so the one before it is always read.
    private static func firstToRead(of segments: [TrailSegment], heads: [TrailHead]) -> Int {
        let lastButOne = max(0, segments.count - 2)
        guard let head = heads.first,
            let index = segments.lastIndex(where: { $0.firstSequence <= head.sequence })
        else { return lastButOne }
        return min(index, lastButOne)
    }
}

/// Follows the chain through the newest segments to where it ends.
private struct EndScan {
    private(set) var chain = TrailChain()
    /// Of the record that ``chain`` ends with.
    private var end = TrailPlace(file: "", line: 0)
    /// Whole lines of the segment read last.
    private(set) var bytes = 0
    private(set) var tornTail: Trail.TornTail?

    /// Not reached yet, in order.
    private var heads: ArraySlice<TrailHead>
    /// Whether ``chain`` says what the next line follows.
    private var isAnchored = false

    init(heads: [TrailHead]) {
        self.heads = heads[...]
    }

    mutating func read(_ segment: TrailSegment, of directory: String, isLast: Bool) throws {
        if segment.firstSequence == 1 { isAnchored = true }
        let next = TrailSegment(firstSequence: chain.sequence + 1)
        guard !isAnchored || segment == next else { throw TrailFlaw.missing(next) }

        let path = "\(directory)/\(segment.name)"
        var reader = try TrailLineReader(path)
        var place = TrailPlace(file: segment.name, line: 0)
        bytes = 0
        while let line = try reader.next() {
            place.line += 1
            if !isAnchored { try anchor(before: line, of: segment) }
            do {
                try chain.follow(line)
            } catch {
                guard isLast, line.contains(0) else {
                    throw TrailFlaw(error, at: place, after: chain, at: end)
                }
                return try tear(segment, path: path)
            }
            end = place
            bytes = reader.offset
            try checkHeads()
        }
        if !reader.rest.isEmpty {
            guard isLast, reader.rest.count < Trail.lineBytesMax || reader.rest.contains(0) else {
                place.line += 1
                throw TrailFlaw(.malformed, at: place, after: chain, at: end)
            }
            try tear(segment, path: path)
        }
        guard isAnchored else {
            place.line = 1
            throw TrailFlaw(at: place, sequence: segment.firstSequence, kind: .malformed)
        }
    }

    /// Begins in the middle of the trail: what comes before is not read here, so its hash is taken
    /// from the first line. Heads from before cannot be checked; `verify` does.
    private mutating func anchor(
        before line: UnsafeRawBufferPointer, of segment: TrailSegment
    ) throws {
        guard let header = TrailLineHeader(line: line) else {
            throw TrailFlaw(
                file: segment.name, line: 1, sequence: segment.firstSequence, kind: .malformed)
        }
        chain = TrailChain(sequence: segment.firstSequence - 1, hash: header.previousHash)
        isAnchored = true
        heads = heads.drop { $0.sequence < chain.sequence }
        try checkHeads()
    }

    private mutating func checkHeads() throws {
        while let head = heads.first, head.sequence == chain.sequence {
            guard head.hash == chain.hash else {
                throw TrailOpenFault.disagreesWithHead(head, found: chain.hash)
            }
            heads.removeFirst()
        }
    }

    /// Notes that the segment ends in an unfinished write.
    ///
    /// A write that was cut short lacks its newline; after a power cut, pages that never reached the
    /// disk read as zeros, which no line holds. Whatever else is wrong is not cut off but reported.
    private mutating func tear(_ segment: TrailSegment, path: String) throws {
        let size = try TrailFile.size(path) ?? bytes
        tornTail = Trail.TornTail(
            segment: segment.name, lastSequence: chain.sequence, bytes: size - bytes)
    }
}
