import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Cuts off a sender who stalls in the middle of a request: its connection, and what was kept of the body,
/// would wait for ever.
///
/// While the exchange itself is not ready for more bytes, nobody stalls.
final class StallHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What a body has to bring in the time, unless it ends in it: one byte now and then is no progress.
    static let bytesMin = 16 << 10

    private let patience: TimeAmount
    private var watch: Scheduled<Void>?
    private var isInBody = false
    /// Whether the exchange asked for bytes that have not come.
    private var isWaiting = false
    /// Since it was looked at last.
    private var bytesReceived = 0

    init(patience: TimeAmount) { self.patience = patience }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isWaiting = false
        switch unwrapInboundIn(data) {
        case .head:
            isInBody = true
            bytesReceived = 0
        case .body(let bytes): bytesReceived += bytes.readableBytes
        case .end: stop()
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        // Bodies that come together with their heads are over before anybody asks for more.
        if isInBody {
            isWaiting = true
            if watch == nil { look(context, again: patience) }
        }
        context.read()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    private func look(_ context: ChannelHandlerContext, again patience: TimeAmount) {
        watch = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { [self] in
            watch = nil
            guard isInBody else { return }
            if isWaiting, bytesReceived < Self.bytesMin {
                context.close(promise: nil)
            } else {
                bytesReceived = 0
                look(context, again: patience)
            }
        }
    }

    private func stop() {
        isInBody = false
        isWaiting = false
        watch?.cancel()
        watch = nil
    }
}
