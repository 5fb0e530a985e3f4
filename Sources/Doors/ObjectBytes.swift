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
    init(_ object: ObjectBody, log: Logger) {
        self.init(contentLength: object.count) { writer in
            var pieces = object.makeAsyncIterator()
            func next() async throws -> [UInt8]? {
                do {
                    return try await pieces.next()
                } catch {
                    log.warning("an object's bytes were cut off", metadata: ["cause": "\(error)"])
                    throw error
                }
            }
            while let piece = try await next() { try await writer.write(ByteBuffer(bytes: piece)) }
            try await writer.finish(nil)
        }
    }
}
