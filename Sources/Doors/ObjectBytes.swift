import EmbeddedCloud
import Hummingbird
import Logging
import NIOCore

/// A request's body in pieces, as they arrive: the next is read when it is asked for.
struct RequestBytes: AsyncSequence, Sendable {
    private let body: RequestBody

    init(_ body: RequestBody) { self.body = body }

    func makeAsyncIterator() -> Iterator { Iterator(pieces: body.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var pieces: RequestBody.AsyncIterator

        @concurrent
        mutating func next() async throws -> [UInt8]? {
            try await pieces.next().map { Array($0.readableBytesView) }
        }
    }

    /// The whole body. Nil if it is longer.
    func collect(atMost bytesMax: Int) async throws -> [UInt8]? {
        var bytes: [UInt8] = []
        for try await piece in self {
            guard bytes.count + piece.count <= bytesMax else { return nil }
            bytes += piece
        }
        return bytes
    }
}

extension ResponseBody {
    /// An object's bytes. A reader to whom they cannot all be given finds the connection cut, and so
    /// never takes a part for the whole.
    ///
    /// - Parameters:
    ///   - writer: The connection's.
    ///   - isPlain: Bytes go from the file to the socket, past this process. TLS has to see them.
    init(_ object: ObjectBody, to segments: SegmentWriter, isPlain: Bool, log: Logger) {
        if let bytes = object.wholeInMemory {
            self.init(byteBuffer: ByteBuffer(bytes: bytes))
            return
        }
        self.init(contentLength: object.count) { writer in
            do {
                if isPlain {
                    try await object.send(past: segments)
                } else {
                    for try await piece in object {
                        try await segments.write(
                            .byteBuffer(ByteBuffer(bytes: piece)), while: object.isGiven)
                    }
                }
            } catch {
                log.warning("an object's bytes were cut off", metadata: ["cause": "\(error)"])
                throw error
            }
            try await writer.finish(nil)
        }
    }
}

extension ObjectBody {
    /// Sends all but the last piece from the file itself, and the last from memory: it is read, and the
    /// file looked at once more, before it leaves.
    fileprivate func send(past segments: SegmentWriter) async throws {
        let file = NIOFileHandle(
            _deprecatedTakingOwnershipOfDescriptor: try duplicateDescriptor())
        defer { try? file.close() }
        var pieces = makeSegmentIterator()
        while let piece = try await pieces.next() {
            switch piece {
            case .file(let range):
                let region = FileRegion(
                    fileHandle: file, readerIndex: range.lowerBound, endIndex: range.upperBound)
                try await segments.write(.fileRegion(region), while: isGiven)
            case .bytes(let bytes):
                try await segments.write(.byteBuffer(ByteBuffer(bytes: bytes)), while: isGiven)
            }
        }
    }
}
