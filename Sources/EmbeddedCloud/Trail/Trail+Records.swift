public import FoundationEssentials

/// A record as it stands in the trail.
public struct TrailRecord: Equatable, Sendable {
    public let sequence: Int
    public let eventID: UUID
    /// The JSON object, without the newline.
    public let line: [UInt8]
}

extension Trail {
    /// Calls back with each record, in order, in constant memory.
    ///
    /// Nothing is verified but the numbers. The newest records of a running exchange may not be
    /// acknowledged yet. Blocks: call it from a command, or from a thread that may wait.
    ///
    /// - Parameters:
    ///   - directory: The trail's.
    ///   - sequence: The first record wanted. What comes before it in its segment is read as well.
    ///   - body: May throw to stop.
    /// - Throws: ``TrailFlaw`` at a line that is not the record it should be, what `body` throws, or
    ///   the file system's error.
    public static func records(
        in directory: URL, from sequence: Int = 1, _ body: (TrailRecord) throws -> Void
    ) throws {
        try forEachLine(in: directory.localPath, from: sequence) { sequence, eventID, line in
            try body(
                TrailRecord(sequence: sequence, eventID: eventID, line: Array(line.dropLast())))
        }
    }

    /// As ``records(in:from:_:)``, without copying: a line has its newline, and is gone when `body`
    /// returns.
    static func forEachLine(
        in directory: String, from sequence: Int,
        _ body: (_ sequence: Int, _ eventID: UUID, _ line: UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let segments = try TrailSegment.all(in: directory)
        let first = segments.lastIndex { $0.firstSequence <= sequence } ?? 0
        var next = first < segments.count ? segments[first].firstSequence : 1
        for segment in segments.dropFirst(first) {
            let expected = TrailSegment(firstSequence: next)
            guard segment == expected else { throw TrailFlaw.missing(expected) }
            var reader = try TrailLineReader("\(directory)/\(segment.name)")
            while let line = try reader.next() {
                let place = TrailPlace(file: segment.name, line: next - segment.firstSequence + 1)
                guard let header = TrailLineHeader(line: line) else {
                    throw TrailFlaw(at: place, sequence: next, kind: .malformed)
                }
                guard header.sequence == next else {
                    throw TrailFlaw(
                        at: place, sequence: next, kind: .wrongSequence(found: header.sequence))
                }
                if next >= sequence {
                    guard let eventID = header.eventID(in: line) else {
                        throw TrailFlaw(at: place, sequence: next, kind: .malformed)
                    }
                    try body(next, eventID, line)
                }
                next += 1
            }
        }
    }
}
