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
    /// Bodies of operations are documents, not data: longer ones are refused. Bytes.
    public static let documentBytesMax = 4 << 20

    /// The running of the port, until the task is cancelled or the process is told to stop.
    ///
    /// - Parameters:
    ///   - port: 0 for any that is free.
    ///   - onRunning: Is told the port, once requests are answered.
    public static func service(
        cloud: EmbeddedCloud, host: String, port: Int, log: Logger,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void
    ) -> some Service {
        Application(
            responder: FrontDoor(cloud: cloud),
            server: .http1(
                configuration: .init(additionalChannelHandlers: [ContinueHandler()])),
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

    init(cloud: EmbeddedCloud) {
        self.cloud = cloud
        aws = AWSDoor(cloud: cloud)
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        let target = request.head.path ?? "/"
        let sides = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(sides[0])
        if path == "/health" { return Response(WireReply(status: 200, body: Array("ok\n".utf8))) }

        var wire = WireRequest(
            method: request.method.rawValue, path: path,
            query: sides.count > 1 ? String(sides[1]) : "", headers: request.wireHeaders)
        let origin = Call.Origin(
            requestID: UUID(), sourceAddress: context.sourceAddress,
            userAgent: wire.headers["user-agent"],
            endpoint: "http://\(wire.headers["host"] ?? "localhost")")
        do {
            let body = try await request.body.collect(upTo: HTTPServer.documentBytesMax)
            wire.body = Array(body.readableBytesView)
        } catch is NIOTooManyBytesError {
            let service = ServiceTable.service(of: wire)
            return Response(
                service.reply(
                    AWSError(
                        "RequestEntityTooLarge", status: 413,
                        "The body of an operation may have \(HTTPServer.documentBytesMax) bytes."),
                    requestID: origin.requestID.uuidString))
        }
        return Response(await aws.reply(to: wire, origin: origin))
    }
}

/// What a connection tells of its other end.
struct FrontContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let sourceAddress: String

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
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
    init(_ reply: WireReply) {
        var fields = HTTPFields()
        for header in reply.headers {
            if let name = HTTPField.Name(header.name) {
                fields.append(HTTPField(name: name, value: header.value))
            }
        }
        self.init(
            status: .init(code: reply.status), headers: fields,
            body: .init(byteBuffer: ByteBuffer(bytes: reply.body)))
    }
}
