public import AWSAPI
public import AsyncHTTPClient
public import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Sends operations over HTTP, signed: to real AWS, or to another exchange.
///
/// Errors come back as the service sent them. Whether to try again is the caller's decision.
public struct AWSClient: Cloud {
    /// Answers of operations are documents, not data: longer ones are refused. Bytes.
    public static let answerBytesMax = 16 << 20
    public static let timeout = Duration.seconds(60)
    /// The code of what is thrown where no answer came: what was asked may have been done.
    public static let unreachable = "EndpointUnreachable"

    /// One for the process, never shut down. Where nobody listens it says so at once, and does not try
    /// until the time is up.
    private static let http = makeHTTP(trusting: nil)

    /// For servers that the system's own authorities do not vouch for. It lives as long as the process, as
    /// ``http`` does: make it once.
    ///
    /// - Parameter authorities: The certificates that are trusted besides the system's, in PEM.
    /// - Throws: Where they are none.
    public static func http(trusting authorities: String) throws -> HTTPClient {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(authorities.utf8))
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.additionalTrustRoots = [.certificates(certificates)]
        let http = makeHTTP(trusting: tls)
        kept.withLock { $0.append(http) }
        return http
    }

    /// A client must not go before it was shut down.
    private static let kept = Mutex<[HTTPClient]>([])

    /// What a server says at `url`, whoever it is: for what is compared with something known afterwards.
    ///
    /// - Returns: Nil unless it answers 200, with at most `bytesMax` bytes.
    public static func unverified(_ url: URL, bytesMax: Int = 1 << 16) async throws -> [UInt8]? {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        let http = makeHTTP(trusting: tls)
        let answer: [UInt8]?
        do {
            let response = try await http.execute(
                HTTPClientRequest(url: url.absoluteString), timeout: TimeAmount(timeout))
            let body = try await response.body.collect(upTo: bytesMax)
            answer = response.status == .ok ? Array(body.readableBytesView) : nil
        } catch {
            try await http.shutdown()
            throw error
        }
        try await http.shutdown()
        return answer
    }

    private static func makeHTTP(trusting tls: TLSConfiguration?) -> HTTPClient {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.connectionPool.retryConnectionEstablishment = false
        if let tls { configuration.tlsConfiguration = tls }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    public let account: AccountID
    public let region: String
    private let endpoint: URL
    private let credentials: Credentials?
    private let http: HTTPClient

    /// - Parameters:
    ///   - endpoint: `http://127.0.0.1:9400`.
    ///   - credentials: Nil for operations that need no signature.
    public init(
        endpoint: URL, account: AccountID, region: String, credentials: Credentials?,
        http: HTTPClient? = nil
    ) {
        self.endpoint = endpoint
        self.account = account
        self.region = region
        self.credentials = credentials
        self.http = http ?? Self.http
    }

    public func send<Operation: AWSOperation>(
        _ operation: Operation
    ) async throws(AWSError) -> Operation.Response {
        try await send(operation, within: Self.timeout)
    }

    /// - Parameter time: What is waited for the answer, of operations that take long.
    public func send<Operation: AWSOperation>(
        _ operation: Operation, within time: Duration
    ) async throws(AWSError) -> Operation.Response {
        var request = operation.request
        request.headers.insert(WireHeader("host", authority), at: 0)
        if let credentials {
            SigV4.sign(
                &request, with: credentials, service: Operation.service, region: region, at: Date())
        }
        let reply: WireReply
        do {
            reply = try await exchange(request, within: time)
        } catch {
            throw AWSError(
                Self.unreachable, status: 503,
                "\(endpoint) does not answer (\(error)). Is the exchange running? bourse serve")
        }
        return try Operation.response(from: reply)
    }

    private var authority: String {
        var host = endpoint.host() ?? "localhost"
        if host.contains(":") { host = "[\(host)]" }
        return endpoint.port.map { "\(host):\($0)" } ?? host
    }

    private func exchange(
        _ request: WireRequest, within time: Duration
    ) async throws -> WireReply {
        var outgoing = HTTPClientRequest(
            url: "\(endpoint.scheme ?? "http")://\(authority)\(request.target)")
        outgoing.method = HTTPMethod(rawValue: request.method)
        for header in request.headers where header.name != "host" {
            outgoing.headers.add(name: header.name, value: header.value)
        }
        outgoing.headers.replaceOrAdd(name: "host", value: authority)
        if !request.body.isEmpty { outgoing.body = .bytes(request.body) }
        let response = try await http.execute(outgoing, timeout: TimeAmount(time))
        let body = try await response.body.collect(upTo: Self.answerBytesMax)
        return WireReply(
            status: Int(response.status.code),
            headers: response.headers.map { WireHeader($0.name.lowercased(), $0.value) },
            body: Array(body.readableBytesView))
    }
}
