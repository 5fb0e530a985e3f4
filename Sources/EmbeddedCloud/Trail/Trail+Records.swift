public import FoundationEssentials

/// A record as it stands in the trail.
public struct TrailRecord: Equatable, Sendable {
    public let sequence: Int
    /// A UUID in lower case.
    public let eventID: String
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
    ///   - sequence: The first record wanted. What comes before it in its segment is read as well.
    ///   - body: May throw to stop.
    /// - Throws: ``TrailFlaw`` at a line that is not the record it should be, what `body` throws, or
    ///   the file system's error.
    public static func records(
        in directory: URL, from sequence: Int = 1, _ body: (TrailRecord) throws -> Void
    ) throws {
        try forEachLine(in: directory.trailPath, from: sequence) { header, line in
            try body(
                TrailRecord(
                    sequence: header.sequence, eventID: header.eventID(in: line),
                    line: Array(line.dropLast())))
        }
    }

    /// - Parameter body: Its line is gone when it returns.
    static func forEachLine(
        in directory: String, from sequence: Int,
        _ body: (TrailLineHeader, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let segments = try TrailSegment.all(in: directory)
        let first = segments.lastIndex { $0.firstSequence <= sequence } ?? 0
        for segment in segments.dropFirst(first) {
            var reader = try TrailLineReader("\(directory)/\(segment.name)")
            var expected = segment.firstSequence
            while let line = try reader.next() {
                let header = TrailLineHeader(line: line)
                guard let header, header.sequence == expected else {
                    throw TrailFlaw(
                        file: segment.name, line: expected - segment.firstSequence + 1,
                        sequence: expected,
                        kind: header.map { .wrongSequence(found: $0.sequence) } ?? .malformed)
                }
                if expected >= sequence { try body(header, line) }
                expected += 1
            }
        }
    }
}
