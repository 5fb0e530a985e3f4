public import Crypto
public import FoundationEssentials

/// What a trail was found to be.
public enum TrailVerdict: Equatable, Sendable {
    /// Every record follows from the one before, and every head agrees.
    ///
    /// Records after the newest `head` are chained, but nothing shows that nobody rewrote them; nil:
    /// that is so for all of them. `unfinishedBytes` stand after the last whole line: a running
    /// exchange may be writing them, and one that was stopped cuts them off when it opens the trail.
    case whole(records: Int, head: TrailHead?, unfinishedBytes: Int)
    /// The first thing that is wrong.
    case flawed(TrailFlaw)
    /// The trail ends before a record whose head the exchange signed.
    case cut(lastSequence: Int, before: TrailHead)
}

/// How far verifying has come.
public struct TrailProgress: Equatable, Sendable {
    public var records: Int
    public var bytes: Int
    /// Of all segments, when it began.
    public var bytesTotal: Int
}

extension Trail {
    /// The file that a ``TrailFlaw`` names for a head from the call's `heads`.
    public static let givenHeads = "the heads given"

    /// Reads a whole trail, from its first record to its last, and says whether it is what the
    /// exchange wrote.
    ///
    /// The hashes show a change in a record, as long as those after it were left as they were. The
    /// heads show the rest: a history rewritten with new hashes, and a cut end. Those of the
    /// directory's own `heads.jsonl` are checked with those given.
    ///
    /// The exchange may go on writing meanwhile. Memory is constant. It blocks for as long as reading
    /// and hashing take, so call it from a command, or from a thread that may wait.
    ///
    /// - Parameters:
    ///   - directory: The trail's.
    ///   - publicKeys: Of all signing keys that the trail has had.
    ///   - heads: From where an attacker on the trail's disk cannot reach: the ledger, receipts, a
    ///     subscriber. In any order. Taken before this is called, if the exchange is running.
    ///   - progress: Called after every segment, and now and then within one.
    /// - Returns: What is wrong with the trail is an answer, not an error.
    /// - Throws: The file system's error.
    public static func verify(
        directory: URL,
        publicKeys: [TrailKeyID: Curve25519.Signing.PublicKey],
        heads: [TrailHead] = [],
        progress: (TrailProgress) -> Void = { _ in }
    ) throws -> TrailVerdict {
        let path = directory.localPath
        do {
            // The heads' end is fixed first: a head is kept after its records, so the segments listed
            // later hold all of them.
            let stream = try TrailHeadStream(directory: path, given: heads)
            let segments = try TrailSegment.all(in: path)
            var verification = TrailVerification(publicKeys: publicKeys, heads: stream)
            return try verification.run(segments, of: path, report: progress)
        } catch let flaw as TrailFlaw {
            return .flawed(flaw)
        }
    }
}

/// One run of ``Trail/verify(directory:publicKeys:heads:progress:)``.
private struct TrailVerification: ~Copyable {
    private static let recordsPerProgress = 1 << 16

    private let publicKeys: [TrailKeyID: Curve25519.Signing.PublicKey]
    private var heads: TrailHeadStream
    private var chain = TrailChain()
    /// Of the record that ``chain`` ends with.
    private var end = TrailPlace(file: TrailSegment(firstSequence: 1).name, line: 0)
    private var newestHead: TrailHead?
    /// The first record after ``newestHead``.
    private var firstUnsigned = TrailPlace(file: TrailSegment(firstSequence: 1).name, line: 1)
    private var progress = TrailProgress(records: 0, bytes: 0, bytesTotal: 0)

    init(
        publicKeys: [TrailKeyID: Curve25519.Signing.PublicKey], heads: consuming TrailHeadStream
    ) {
        self.publicKeys = publicKeys
        self.heads = heads
    }

    mutating func run(
        _ segments: [TrailSegment], of directory: String, report: (TrailProgress) -> Void
    ) throws -> TrailVerdict {
        let paths = segments.map { "\(directory)/\($0.name)" }
        for path in paths { progress.bytesTotal += try TrailFile.size(path) ?? 0 }

        var unfinishedBytes = 0
        for (segment, path) in zip(segments, paths) {
            let next = TrailSegment(firstSequence: chain.sequence + 1)
            guard segment == next else { throw TrailFlaw.missing(next) }
            unfinishedBytes = try read(
                segment, path: path, isLast: segment == segments.last, report: report)
        }
        if let beyond = try heads.next(through: .max) {
            try checkSignature(of: beyond)
            return .cut(lastSequence: chain.sequence, before: beyond.head)
        }
        return .whole(
            records: chain.sequence, head: newestHead,
            unfinishedBytes: unfinishedBytes + heads.unfinishedBytes)
    }

    /// Follows the chain through one segment, and returns how many bytes stand after its last line.
    private mutating func read(
        _ segment: TrailSegment, path: String, isLast: Bool, report: (TrailProgress) -> Void
    ) throws -> Int {
        let bytesBefore = progress.bytes
        var reader = try TrailLineReader(path)
        var place = TrailPlace(file: segment.name, line: 0)
        while let line = try reader.next() {
            place.line += 1
            do {
                try chain.follow(line)
            } catch {
                let flaw = TrailFlaw(error, at: place, after: chain, at: end)
                guard flaw.kind == .unlinked else { throw flaw }
                let hash = TrailHash(ofLine: line)
                throw try culprit(flaw, before: hash, at: place, next: reader.next())
            }
            end = place
            try checkHeads()
            if chain.sequence % Self.recordsPerProgress == 0 {
                progress.records = chain.sequence
                progress.bytes = bytesBefore + reader.offset
                report(progress)
            }
        }
        let unfinishedBytes = reader.rest.count
        guard unfinishedBytes == 0 || isLast && unfinishedBytes < Trail.lineBytesMax else {
            place.line += 1
            throw TrailFlaw(.malformed, at: place, after: chain, at: end)
        }
        progress.records = chain.sequence
        progress.bytes = bytesBefore + reader.offset
        report(progress)
        return unfinishedBytes
    }

    /// Tells which record was changed when one, at `place` and now hashing to `hash`, does not follow
    /// from the one before, which `flaw` blames.
    ///
    /// The next line knows what the second one was when it was written. If there is none, a signed
    /// head may know.
    private mutating func culprit(
        _ flaw: TrailFlaw, before hash: TrailHash, at place: TrailPlace,
        next: UnsafeRawBufferPointer?
    ) throws -> TrailFlaw {
        let second = TrailChain(sequence: chain.sequence + 1, hash: hash)
        let secondIsIntact: Bool
        if let header = next.flatMap({ TrailLineHeader(line: $0) }) {
            secondIsIntact = header.previousHash == second.hash
        } else if let head = try newestSignedHead(through: second.sequence),
            head.sequence == second.sequence
        {
            secondIsIntact = head.hash == second.hash
        } else {
            return flaw
        }
        return secondIsIntact
            ? TrailFlaw(at: end, sequence: chain.sequence, kind: .changed)
            : TrailFlaw(at: place, sequence: second.sequence, kind: .changed)
    }

    private mutating func newestSignedHead(through sequence: Int) throws -> TrailHead? {
        var newest: TrailHead?
        while let entry = try heads.next(through: sequence) {
            try checkSignature(of: entry)
            newest = entry.head
        }
        return newest
    }

    /// Holds the heads of the newest record against it.
    private mutating func checkHeads() throws {
        while let entry = try heads.next(through: chain.sequence) {
            try checkSignature(of: entry)
            guard entry.head.sequence == chain.sequence else {
                throw entry.flaw(.headOutOfOrder)
            }
            guard entry.head.hash == chain.hash else {
                throw TrailFlaw(
                    at: firstUnsigned, sequence: (newestHead?.sequence ?? 0) + 1,
                    kind: .rewritten(entry.head))
            }
            newestHead = entry.head
            firstUnsigned = TrailPlace(file: end.file, line: end.line + 1)
        }
    }

    private func checkSignature(of entry: TrailHeadStream.Entry) throws {
        guard let key = publicKeys[entry.head.keyID] else {
            throw entry.flaw(.unknownKey(entry.head.keyID))
        }
        guard entry.head.isSigned(by: key) else { throw entry.flaw(.forgedHead) }
    }
}

/// The heads given and those of `heads.jsonl`, merged by the records that they name.
private struct TrailHeadStream: ~Copyable {
    struct Entry {
        var head: TrailHead
        var file: String
        var line: Int

        func flaw(_ kind: TrailFlaw.Kind) -> TrailFlaw {
            TrailFlaw(file: file, line: line, sequence: head.sequence, kind: kind)
        }
    }

    private var given: ArraySlice<Entry>
    /// Nil if there is no such file.
    private var file: TrailLineReader?
    private var linesRead = 0
    /// Read from the file, and not handed out yet.
    private var kept: Entry?
    /// After the file's last whole line, once that is read.
    private(set) var unfinishedBytes = 0

    init(directory: String, given heads: [TrailHead]) throws {
        given =
            heads.enumerated()
            .map { Entry(head: $1, file: Trail.givenHeads, line: $0 + 1) }
            .sorted { $0.head.sequence < $1.head.sequence }[...]
        let path = "\(directory)/\(TrailDirectory.headsName)"
        if let bytes = try TrailFile.size(path) {
            file = try TrailLineReader(path, upTo: bytes)
        } else {
            file = nil
        }
    }

    /// The next head, if it names a record up to `sequence`.
    mutating func next(through sequence: Int) throws -> Entry? {
        if kept == nil { kept = try readKept() }
        if let first = given.first, first.head.sequence <= kept?.head.sequence ?? .max {
            guard first.head.sequence <= sequence else { return nil }
            given.removeFirst()
            return first
        }
        guard let entry = kept, entry.head.sequence <= sequence else { return nil }
        kept = nil
        return entry
    }

    private mutating func readKept() throws -> Entry? {
        guard let line = try file?.next() else {
            unfinishedBytes = file?.rest.count ?? 0
            return nil
        }
        linesRead += 1
        guard let head = TrailHead(headsLine: line) else {
            throw TrailFlaw(
                file: TrailDirectory.headsName, line: linesRead, sequence: 0, kind: .malformedHead)
        }
        return Entry(head: head, file: TrailDirectory.headsName, line: linesRead)
    }
}
