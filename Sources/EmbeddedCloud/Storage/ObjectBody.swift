import Glibc

/// The bytes of an object, or of a part of it, on their way to a reader.
///
/// Read as they are asked for, a piece at a time. The object's identity was checked when it was opened, and
/// is checked again before the last piece is given: a reader of a file that changed meanwhile gets an
/// error in its place, never a mixture that looks whole.
public struct ObjectBody: AsyncSequence, Sendable {
    /// Bytes: what a slow reader holds of memory.
    static let pieceBytesMax = 256 << 10
    /// Bytes that are sent from the file itself at a time.
    static let segmentBytesMax = 4 << 20

    private let file: OpenFile
    private let object: StoredObject
    private let range: Range<Int>
    /// All bytes, where they are so few that they were read at once. Owned.
    public let wholeInMemory: [UInt8]?
    /// Whether the reader may go on. Asked before each piece.
    var isAdmitted: @Sendable () -> Bool = { true }

    /// Opens the object. Blocks.
    ///
    /// - Parameters:
    ///   - file: The object's, just opened.
    ///   - range: Within the object's size.
    /// - Throws: ``ObjectChanged`` if the file is not the one that `object` speaks of.
    init(_ file: OpenFile, of object: StoredObject, range: Range<Int>) throws {
        guard object.isStill(try file.identity()) else { throw ObjectChanged(object) }
        self.file = file
        self.object = object
        self.range = range
        wholeInMemory =
            range.count <= Self.pieceBytesMax
            ? try Self.read(range, of: file, object, isLast: true) : nil
    }

    /// Bytes.
    public var count: Int { range.count }

    /// Whether the reader may go on, and the file is the one that was opened.
    @Sendable public func isGiven() -> Bool {
        isAdmitted() && isTheOpened()
    }

    private func isTheOpened() -> Bool { (try? object.isStill(file.identity())) == true }

    private static func read(
        _ range: Range<Int>, of file: OpenFile, _ object: StoredObject, isLast: Bool
    ) throws -> [UInt8] {
        let bytes = try file.read(range.count, at: range.lowerBound)
        guard bytes.count == range.count else { throw ObjectChanged(object) }
        if isLast, !object.isStill(try file.identity()) { throw ObjectChanged(object) }
        return bytes
    }

    /// - Throws: ``ReaderCutOff``, ``ObjectChanged``, or what the file system says.
    private func piece(_ range: Range<Int>, isLast: Bool) async throws -> [UInt8] {
        guard isAdmitted() else { throw ReaderCutOff() }
        if let wholeInMemory { return wholeInMemory }
        return try await Disk.run { [file, object] in
            try Self.read(range, of: file, object, isLast: isLast)
        }
    }

    // MARK: In memory

    public func makeAsyncIterator() -> Iterator { Iterator(body: self, rest: range) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let body: ObjectBody
        fileprivate var rest: Range<Int>

        /// - Throws: ``ReaderCutOff``, ``ObjectChanged``, or what the file system says.
        public mutating func next() async throws -> [UInt8]? {
            guard !rest.isEmpty else { return nil }
            let piece = rest.prefix(ObjectBody.pieceBytesMax)
            rest = rest.dropFirst(piece.count)
            return try await body.piece(piece, isLast: rest.isEmpty)
        }
    }

    // MARK: From the file

    /// A piece that is sent from the file itself, or bytes that were read and found to be the object's.
    public enum Segment: Sendable {
        case file(Range<Int>)
        case bytes([UInt8])
    }

    /// Another descriptor of the open file, which the caller owns.
    public func duplicateDescriptor() throws -> CInt {
        CInt(try systemCall("fcntl") { Int(fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)) })
    }

    public func makeSegmentIterator() -> SegmentIterator {
        SegmentIterator(body: self, rest: range)
    }

    /// All but the last piece from the file; the last from memory, once the file was looked at again.
    public struct SegmentIterator: Sendable {
        fileprivate let body: ObjectBody
        fileprivate var rest: Range<Int>

        /// - Throws: ``ReaderCutOff``, ``ObjectChanged``, or what the file system says.
        public mutating func next() async throws -> Segment? {
            guard !rest.isEmpty else { return nil }
            guard rest.count > ObjectBody.pieceBytesMax else {
                defer { rest = rest.dropFirst(rest.count) }
                return .bytes(try await body.piece(rest, isLast: true))
            }
            guard body.isAdmitted() else { throw ReaderCutOff() }
            guard body.isTheOpened() else { throw ObjectChanged(body.object) }
            let left = rest.count - ObjectBody.pieceBytesMax
            let segment = rest.prefix(Swift.min(ObjectBody.segmentBytesMax, left))
            rest = rest.dropFirst(segment.count)
            return .file(segment)
        }
    }
}

/// Whoever reads or writes the object was cut off meanwhile.
struct ReaderCutOff: Error, CustomStringConvertible {
    let description = "The caller was cut off while the object's bytes were under way."
}

/// The file is not, or is no longer, the one that was looked at.
struct ObjectChanged: Error, CustomStringConvertible {
    let object: StoredObject

    init(_ object: StoredObject) { self.object = object }

    var description: String { "\(object.path) changed while it was read." }
}
