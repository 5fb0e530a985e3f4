import FoundationEssentials
import Glibc

/// The members that every line begins with. They stand at fixed places, so that the chain is checked
/// without a JSON parser.
///
/// ```
/// {"sequence":7,"previousHash":"<64 digits>","eventID":"<36 characters>",…}⏎
/// ```
struct TrailLineHeader {
    /// Enough for every header.
    static let bytesMax = 128

    let sequence: Int
    let previousHash: TrailHash
    /// Where the UUID stands in the line.
    private let eventIDRange: Range<Int>

    /// Nil unless the line begins as it must and ends with a brace and a newline.
    init?(line: UnsafeRawBufferPointer) {
        var rest = line[...]
        guard line.suffix(2).elementsEqual("}\n".utf8),
            rest.removePrefix(#"{"sequence":"#),
            let sequence = rest.removeNumber(),
            rest.removePrefix(#","previousHash":""#),
            let previousHash = TrailHash(hex: rest.prefix(TrailHash.hexLength))
        else { return nil }
        rest.removeFirst(TrailHash.hexLength)
        guard rest.removePrefix(#"","eventID":""#), rest.count > 37,
            rest[rest.startIndex + 36] == UInt8(ascii: "\"")
        else { return nil }
        self.sequence = sequence
        self.previousHash = previousHash
        eventIDRange = rest.startIndex..<rest.startIndex + 36
    }

    /// What stands in the line that the header was read from. Nil if it is no UUID.
    func eventID(in line: UnsafeRawBufferPointer) -> UUID? {
        UUID(uuidString: String(decoding: line[eventIDRange], as: UTF8.self))
    }

    /// Appends everything of a line that comes before `"eventID"`.
    static func append(
        sequence: Int, previousHash: TrailHash, to bytes: inout [UInt8]
    ) {
        bytes.append(contentsOf: #"{"sequence":"#.utf8)
        bytes.append(contentsOf: String(sequence).utf8)
        bytes.append(contentsOf: #","previousHash":""#.utf8)
        previousHash.append(to: &bytes)
        bytes.append(contentsOf: #"","#.utf8)
    }
}

/// Where a trail stands: the last record so far, and what its line hashes to.
struct TrailChain: Equatable, Sendable {
    var sequence = 0
    var hash = TrailHash.genesis

    enum Break: Error, Equatable {
        case malformed
        case wrongSequence(found: Int)
        case wrongPreviousHash
    }

    /// Goes on to `line`, which has its newline, or stays if it is not the next one.
    mutating func follow(_ line: UnsafeRawBufferPointer) throws(Break) {
        guard let header = TrailLineHeader(line: line) else { throw .malformed }
        guard header.sequence == sequence + 1 else {
            throw .wrongSequence(found: header.sequence)
        }
        guard header.previousHash == hash else { throw .wrongPreviousHash }
        sequence = header.sequence
        hash = TrailHash(ofLine: line)
    }
}

/// Reads a file line by line in constant memory.
struct TrailLineReader: ~Copyable {
    /// Read at a time, bytes.
    private static let chunkBytes = 1 << 20

    /// The first byte that has not been handed out as part of a line.
    private(set) var offset: Int

    private let file: TrailFile
    private let end: Int
    /// Owned. Room for the longest line and a chunk after it.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Trail.lineBytesMax + chunkBytes, alignment: 16)
    /// What of `buffer` has been read from the file and not handed out.
    private var waiting = 0..<0

    /// Begins at one offset and ends at another, or at the end of the file.
    init(_ path: String, from start: Int = 0, upTo end: Int? = nil) throws(SystemCallFault) {
        file = try TrailFile.reading(path)
        offset = start
        self.end = end ?? .max
    }

    deinit {
        buffer.deallocate()
    }

    /// The next whole line with its newline. Borrowed: it is gone with the next call.
    ///
    /// Nil at the end of the file, and before a line longer than ``Trail/lineBytesMax``; ``rest`` is
    /// then what follows the last line.
    mutating func next() throws(SystemCallFault) -> UnsafeRawBufferPointer? {
        while true {
            if let length = restsFirstLineLength() {
                guard length <= Trail.lineBytesMax else { return nil }
                let start = waiting.lowerBound
                waiting = start + length..<waiting.upperBound
                offset += length
                return UnsafeRawBufferPointer(rebasing: buffer[start..<waiting.lowerBound])
            }
            guard waiting.count < Trail.lineBytesMax, try readMore() else { return nil }
        }
    }

    /// What has been read after the last whole line. Borrowed, as a line is.
    var rest: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[waiting])
    }

    /// With its newline. Nil if no line ends in ``rest``.
    private func restsFirstLineLength() -> Int? {
        guard let start = rest.baseAddress,
            let newline = memchr(start, CInt(UInt8(ascii: "\n")), rest.count)
        else { return nil }
        return UnsafeRawPointer(newline) - start + 1
    }

    /// - Returns: Whether there was more.
    private mutating func readMore() throws(SystemCallFault) -> Bool {
        if waiting.upperBound + Self.chunkBytes > buffer.count {
            buffer.copyMemory(from: rest)
            waiting = 0..<waiting.count
        }
        let position = offset + waiting.count
        let room = min(Self.chunkBytes, end - position)
        guard room > 0 else { return false }
        let free = UnsafeMutableRawBufferPointer(
            rebasing: buffer[waiting.upperBound..<waiting.upperBound + room])
        let count = try file.read(into: free, at: position)
        waiting = waiting.lowerBound..<waiting.upperBound + count
        return count > 0
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// - Returns: Whether it was there.
    fileprivate mutating func removePrefix(_ prefix: StaticString) -> Bool {
        let isThere = prefix.withUTF8Buffer { starts(with: $0) }
        if isThere { removeFirst(prefix.utf8CodeUnitCount) }
        return isThere
    }

    /// A positive number without leading zeros, of at most 18 digits.
    fileprivate mutating func removeNumber() -> Int? {
        let digits = prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...18).contains(digits.count), digits.first != UInt8(ascii: "0") else { return nil }
        self = self[digits.endIndex...]
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
