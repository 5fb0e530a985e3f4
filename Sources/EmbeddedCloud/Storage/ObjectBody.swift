/// The bytes of an object, or of a part of it, on their way to a reader.
///
/// Read as they are asked for, a piece at a time. The object's identity was checked when it was opened, and
/// is checked again before the last piece is given: a reader of a file that changed meanwhile gets an
/// error in its place, never a mixture that looks whole.
public struct ObjectBody: AsyncSequence, Sendable {
    /// Bytes: what a slow reader holds of memory.
    static let pieceBytesMax = 256 << 10

    private let file: OpenFile
    private let object: StoredObject
    private let range: Range<Int>
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
    }

    /// Bytes.
    public var count: Int { range.count }

    public func makeAsyncIterator() -> Iterator {
        Iterator(file: file, object: object, isAdmitted: isAdmitted, rest: range)
    }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let file: OpenFile
        fileprivate let object: StoredObject
        fileprivate let isAdmitted: @Sendable () -> Bool
        fileprivate var rest: Range<Int>

        /// - Throws: ``ReaderCutOff``, ``ObjectChanged``, or what the file system says.
        public mutating func next() async throws -> [UInt8]? {
            guard !rest.isEmpty else { return nil }
            guard isAdmitted() else { throw ReaderCutOff() }
            let piece = rest.prefix(ObjectBody.pieceBytesMax)
            let isLast = piece.count == rest.count
            rest = rest.dropFirst(piece.count)
            return try await Disk.run { [file, object] in
                let bytes = try file.read(piece.count, at: piece.lowerBound)
                guard bytes.count == piece.count else { throw ObjectChanged(object) }
                if isLast, !object.isStill(try file.identity()) { throw ObjectChanged(object) }
                return bytes
            }
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
