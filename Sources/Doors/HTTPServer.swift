import AWSAPI
public import EmbeddedCloud
import FoundationEssentials
import HTTPTypes
import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle

/// The HTTP port: AWS's services and the exchange's own pages.
public enum HTTPServer {
    /// How long a connection without a request is kept.
    static let idleTimeout = TimeAmount.minutes(3)

    /// The running of the port, until the task is cancelled or the process is told to stop.
    ///
    /// - Parameters:
    ///   - port: 0 for any that is free.
    ///   - security: Whether it speaks TLS, and as whom.
    ///   - patience: How long a client may make no progress, in sending or receiving, before it is cut off.
    ///   - onRunning: Is told the port, once requests are answered.
    public static func service(
        cloud: EmbeddedCloud, host: String, port: Int, security: PortSecurity, patience: Duration,
        log: Logger,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void
    ) throws -> some Service {
        let patience = TimeAmount(patience)
        return Application(
            responder: FrontDoor(cloud: cloud, security: security, patience: patience, log: log),
            server: try security.server(
                .http1(
                    configuration: .init(
                        additionalChannelHandlers: [
                            ContinueHandler(), StallHandler(patience: patience), SegmentHandler(),
                        ],
                        idleTimeout: idleTimeout)),
                at: cloud.now),
            configuration: .init(
                address: .hostname(host, port: port), serverName: "bourse"),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
            logger: log)
    }
}

/// Tells the exchange's own pages from AWS's requests.
struct FrontDoor: HTTPResponder {
    typealias Context = FrontContext

    let cloud: EmbeddedCloud
    private let aws: AWSDoor
    private let pages: OwnPages
    /// Of URLs in answers.
    private let scheme: String
    private let patience: TimeAmount
    private let log: Logger

    init(cloud: EmbeddedCloud, security: PortSecurity, patience: TimeAmount, log: Logger) {
        self.cloud = cloud
        self.patience = patience
        self.log = log
        aws = AWSDoor(cloud: cloud)
        pages = OwnPages(authorityPEM: security.authorityPEM)
        scheme = security.scheme
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        let target = request.head.path ?? "/"
        let sides = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(sides[0])
        // By another method it is a request for a bucket, whose name S3 refuses.
        if let page = pages.response(to: request, path: path) { return page }

        let wire = WireRequest(
            method: request.method.rawValue, path: path,
            query: sides.count > 1 ? String(sides[1]) : "", headers: request.wireHeaders)
        let origin = Call.Origin(
            requestID: UUID(), sourceAddress: context.sourceAddress,
            userAgent: wire.headers["user-agent"],
            endpoint: "\(scheme)://\(wire.headers["host"] ?? "localhost")")
        let reply = try await aws.reply(
            to: wire, body: RequestBytes(request.body), origin: origin)
        return Response(
            reply, isHead: request.method == .head,
            to: SegmentWriter(channel: context.channel, patience: patience),
            isPlain: scheme == "http", log: log)
    }
}

/// What a connection tells of its other end.
struct FrontContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let sourceAddress: String
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        sourceAddress = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}

extension Request {
    /// As they were sent, names in lower case, the host among them.
    var wireHeaders: [WireHeader] {
        var headers = head.headerFields.map { WireHeader($0.name.canonicalName, $0.value) }
        if let authority = head.authority, headers["host"] == nil {
            headers.insert(WireHeader("host", authority), at: 0)
        }
        return headers
    }
}

extension Response {
    /// - Parameter isHead: The answer says how long the body would be, and has none.
    init(
        _ reply: DoorReply, isHead: Bool, to segments: SegmentWriter, isPlain: Bool, log: Logger
    ) {
        var fields = HTTPFields()
        for header in reply.head.headers {
            if let name = HTTPField.Name(header.name) {
                fields.append(HTTPField(name: name, value: header.value))
            }
        }
        if fields[.contentLength] == nil {
            fields[.contentLength] = String(reply.body?.count ?? reply.head.body.count)
        }
        let body: ResponseBody =
            if isHead {
                ResponseBody()
            } else if let object = reply.body {
                ResponseBody(object, to: segments, isPlain: isPlain, log: log)
            } else {
                ResponseBody(byteBuffer: ByteBuffer(bytes: reply.head.body))
            }
        self.init(status: .init(code: reply.head.status), headers: fields, body: body)
    }
}
