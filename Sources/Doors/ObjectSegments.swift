import EmbeddedCloud
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// A piece of an object on its way to a socket: the file's own bytes, which never enter this process, or
/// bytes in memory.
struct ObjectSegment: Sendable {
    let content: IOData
}

/// Lets segments past HTTP's types, which know no files: the head says how many bytes there will be, and
/// the encoder passes them on as they are.
///
/// Whoever sends a segment learns when the socket has taken it, and sends the next one then. So a reader
/// holds one segment of memory, however slow it is.
final class SegmentHandler: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = Never

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard let segment = event as? ObjectSegment else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        do {
            let codec = try context.pipeline.syncOperations.context(
                handlerType: HTTP1ToHTTPServerCodec.self)
            codec.writeAndFlush(
                NIOAny(HTTPServerResponsePart.body(segment.content)), promise: promise)
        } catch {
            promise?.fail(error)
        }
    }
}

/// One reader's way to its socket.
struct SegmentWriter: Sendable {
    /// Between looks at whether a segment under way may still be given.
    static let lookInterval = TimeAmount.seconds(1)

    let channel: any Channel
    /// How long a reader may take for one segment before it is cut off.
    let patience: TimeAmount

    /// Returns when the socket has taken it all.
    ///
    /// - Parameter isGiven: Whether the bytes may still be given. The system has no end for a segment of a
    ///   file that became shorter: the socket waits for bytes that never come, and only this says so.
    /// - Throws: What the connection says, also of a reader who took too long, and of bytes that are no
    ///   longer given.
    func write(_ content: IOData, while isGiven: @escaping @Sendable () -> Bool) async throws {
        let channel = channel
        let deadline = NIODeadline.now() + patience
        let look = channel.eventLoop.scheduleRepeatedTask(
            initialDelay: Self.lookInterval, delay: Self.lookInterval
        ) { look in
            guard NIODeadline.now() >= deadline || !isGiven() else { return }
            look.cancel()
            channel.close(mode: .all, promise: nil)
        }
        defer { look.cancel() }
        try await withTaskCancellationHandler {
            try await channel.triggerUserOutboundEvent(ObjectSegment(content: content)).get()
        } onCancel: {
            channel.close(mode: .all, promise: nil)
        }
    }
}
