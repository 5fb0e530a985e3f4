/// Why a record was refused. It is not in the trail, and must not be acted upon as if it were.
public enum TrailFault: Error, Equatable, Sendable {
    /// The line would be longer than ``Trail/lineBytesMax``.
    case recordTooLarge(bytes: Int)
    case closed
    /// So much waits for the disk that ``Trail/Limits/pendingBytesMax`` is reached. Try again soon.
    case tooManyPending
    /// Appending goes on by itself once there is room again.
    case diskFull
    /// Appending goes on by itself once the disk takes the writes again.
    case unwritable(SystemCallFault)
    /// The head of the batch could not be signed.
    case unsigned(reason: String)

    init(_ fault: SystemCallFault) {
        self = fault.isFullDisk ? .diskFull : .unwritable(fault)
    }
}

extension TrailFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .recordTooLarge(let bytes):
            "The audit record has \(bytes) bytes and cannot be longer than \(Trail.lineBytesMax)."
        case .closed:
            "The audit trail is closed: the exchange is stopping."
        case .tooManyPending:
            "Too many audit records wait for the disk. Try again in a moment."
        case .diskFull:
            """
            The disk of the audit trail is full, so requests are refused rather than served \
            unlogged. Free some space; no restart is needed.
            """
        case .unwritable(let fault):
            """
            The audit trail cannot be written (\(fault)), so requests are refused rather than served \
            unlogged. Mend the disk; no restart is needed.
            """
        case .unsigned(let reason):
            "The audit trail's head could not be signed: \(reason)"
        }
    }
}

/// Why a trail was not opened. Each says what mends it.
public enum TrailOpenFault: Error, Equatable, Sendable {
    case system(SystemCallFault, path: String)
    case unreadable(reason: String, path: String)
    case inUse(directory: String)
    /// Something other than an unfinished write at the end of the last segment.
    case damaged(TrailFlaw)
    /// The signed head's record is in the trail, with another content.
    case disagreesWithHead(TrailHead, found: TrailHash)
    /// The trail ends before the signed head.
    case endsBeforeHead(TrailHead, lastSequence: Int)
}

extension TrailOpenFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .system(let fault, let path):
            "The audit trail cannot be opened (\(fault) on \(path)). Mend that and start again."
        case .unreadable(let reason, let path):
            "The audit trail in \(path) cannot be read (\(reason)). Mend that and start again."
        case .inUse(let directory):
            """
            Another process writes the audit trail in \(directory). Stop it, or start with another \
            data directory.
            """
        case .damaged(let flaw):
            "The audit trail is damaged: \(flaw) \(Self.mend)"
        case .disagreesWithHead(let head, let found):
            """
            The audit trail was rewritten: record \(head.sequence) hashes to \(found.hex), but the \
            exchange signed \(head.hash.hex). \(Self.mend)
            """
        case .endsBeforeHead(let head, let lastSequence):
            """
            The audit trail was cut: it ends with record \(lastSequence), but the exchange signed \
            record \(head.sequence). \(Self.mend)
            """
        }
    }

    private static let mend = """
        Keep the directory as evidence, put the trail's files back from a backup that holds the \
        record, check it with `bourse trail verify`, and start again.
        """
}

/// The first thing that is wrong with a trail, and where.
public struct TrailFlaw: Error, Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        /// Named almost like a segment.
        case strayFile
        /// The segment that begins with the record is not there.
        case missingSegment
        /// Not a line of a trail: broken, cut short or far too long.
        case malformed
        /// Another record stands where this one should.
        case wrongSequence(found: Int)
        /// Not what the records around it say it was.
        case changed
        /// This record was changed, or the next one's `previousHash`: nothing follows to tell which.
        case unlinked
        /// This record, or one after it up to the signed head's, was changed and all hashes were
        /// computed anew.
        case rewritten(TrailHead)
        case malformedHead
        /// A head for a record before those that were already vouched for.
        case headOutOfOrder
        /// No public key by this name was given.
        case unknownKey(TrailKeyID)
        /// The signature is not the key's.
        case forgedHead
    }

    /// Name of the segment, `heads.jsonl`, or ``Trail/givenHeads``.
    public let file: String
    /// Within the file, from 1.
    public let line: Int
    /// Of the record that is wrong or, for a head, that it names. 0 if there is none.
    public let sequence: Int
    public let kind: Kind
}

extension TrailFlaw {
    init(at place: TrailPlace, sequence: Int, kind: Kind) {
        self.init(file: place.file, line: place.line, sequence: sequence, kind: kind)
    }

    /// What is wrong with the line at `place`, which does not follow `chain`. The record that the
    /// chain ends with stands at `end`.
    init(
        _ cause: TrailChain.Break, at place: TrailPlace, after chain: TrailChain, at end: TrailPlace
    ) {
        let sequence = chain.sequence + 1
        switch cause {
        case .malformed:
            self.init(at: place, sequence: sequence, kind: .malformed)
        case .wrongSequence(let found):
            self.init(at: place, sequence: sequence, kind: .wrongSequence(found: found))
        case .wrongPreviousHash where chain.sequence == 0:
            self.init(at: place, sequence: sequence, kind: .changed)
        case .wrongPreviousHash:
            self.init(at: end, sequence: chain.sequence, kind: .unlinked)
        }
    }

    static func missing(_ segment: TrailSegment) -> TrailFlaw {
        TrailFlaw(
            file: segment.name, line: 1, sequence: segment.firstSequence, kind: .missingSegment)
    }
}

/// A line of one of the trail's files.
struct TrailPlace: Equatable, Sendable {
    var file: String
    /// From 1; 0 before the first.
    var line: Int
}

extension TrailFlaw: CustomStringConvertible {
    public var description: String {
        switch kind {
        case .strayFile:
            "\(file) is named almost like a segment, but is none."
        case .missingSegment:
            "Record \(sequence) is missing, and \(file), which should begin with it, is not there."
        case .malformed:
            "Record \(sequence) (\(place)) is broken, cut short or too long."
        case .wrongSequence(let found):
            "Record \(sequence) is missing: record \(found) stands in its place (\(place))."
        case .changed:
            "Record \(sequence) (\(place)) was changed."
        case .unlinked:
            """
            Record \(sequence) (\(place)) was changed, or the previousHash of the record after it.
            """
        case .rewritten(let head):
            sequence == head.sequence
                ? "Record \(sequence) (\(place)) was changed: the exchange signed another content."
                : """
                One of the records \(sequence) (\(place)) to \(head.sequence) was changed, and the \
                hashes after it anew: the exchange signed another history.
                """
        case .malformedHead:
            "The head at \(place) is broken."
        case .headOutOfOrder:
            "The head at \(place) names record \(sequence), which comes before the heads above it."
        case .unknownKey(let keyID):
            "The head of record \(sequence) (\(place)) is signed by \(keyID.rawValue), an unknown key."
        case .forgedHead:
            "The head of record \(sequence) (\(place)) is not signed by the key that it names."
        }
    }

    private var place: String {
        "\(file), line \(line)"
    }
}
