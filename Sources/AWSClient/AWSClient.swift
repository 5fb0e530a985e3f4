public import AWSAPI
public import AsyncHTTPClient
public import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Sends operations over HTTP, signed: to real AWS, or to another exchange.
///
/// Errors come back as the service sent them, after as many attempts as ``RetryPolicy`` has it.
public struct AWSClient: Cloud {
    /// Answers of operations are documents, not data: longer ones are refused. Bytes.
    public static let answerBytesMax = 16 << 20
    public static let timeout = Duration.seconds(60)
    /// The code of what is thrown where no answer came: what was asked may have been done.
    public static let unreachable = "EndpointUnreachable"

    /// One for the process, never shut down. Where nobody listens it says so at once, and does not try
    /// until the time is up.
    static let http = makeHTTP(trusting: nil)

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
    private let endpoint: Endpoint
    private let credentials: (any CredentialSource)?
    private let retries: RetryPolicy
    private let quota = RetryQuota()
    private let http: HTTPClient

    /// - Parameter credentials: Nil for operations that need no signature.
    public init(
        endpoint: Endpoint, account: AccountID, region: String,
        credentials: (any CredentialSource)?, retries: RetryPolicy = .standard,
        http: HTTPClient? = nil
    ) {
        self.endpoint = endpoint
        self.account = account
        self.region = region
        self.credentials = credentials
        self.retries = retries
        self.http = http ?? Self.http
    }

    /// A client of an exchange, whose operations are sent once: whoever sends them is told at once that it does not
    /// answer.
    public init(
        exchange: URL, account: AccountID, region: String, credentials: Credentials?,
        http: HTTPClient? = nil
    ) {
        self.init(
            endpoint: .exchange(exchange), account: account, region: region,
            credentials: credentials.map { FixedCredentials($0) }, retries: .none, http: http)
    }

    public func send<Operation: AWSOperation>(
        _ operation: Operation
    ) async throws(AWSError) -> Operation.Response {
        try await send(operation, within: Self.timeout)
    }

    /// - Parameter time: What is waited for an attempt's answer, of operations that take long.
    public func send<Operation: AWSOperation>(
        _ operation: Operation, within time: Duration
    ) async throws(AWSError) -> Operation.Response {
        let url = try endpoint.url(of: Operation.service, in: region)
        var paid: Int?
        var attempt = 1
        while true {
            let error: AWSError
            var asked: Duration?
            do throws(AWSError) {
                let reply = try await self.reply(to: operation, at: url, within: time)
                asked = reply.headers["retry-after"].flatMap { Int($0) }.map { .seconds($0) }
                let response = try Operation.response(from: reply)
                quota.giveBack(paid)
                return response
            } catch let refusal {
                error = refusal
            }
            guard attempt < retries.attemptsMax, let failure = Failure(error),
                let cost = quota.take(for: failure)
            else { throw error }
            paid = cost
            do { try await Task.sleep(for: retries.wait(after: attempt, asked: asked)) } catch {
                throw AWSError(Self.unreachable, status: 503, "It was given up: \(error)")
            }
            attempt += 1
        }
    }

    /// One attempt, signed for itself: a signature is good for minutes.
    private func reply<Operation: AWSOperation>(
        to operation: Operation, at url: URL, within time: Duration
    ) async throws(AWSError) -> WireReply {
        var request = operation.request
        request.headers.insert(WireHeader("host", Self.authority(of: url)), at: 0)
        if let credentials {
            SigV4.sign(
                &request, with: try await Self.keys(of: credentials), service: Operation.service,
                region: endpoint.signingRegion(of: Operation.service, in: region), at: Date())
        }
        do {
            return try await exchange(request, at: url, within: time)
        } catch {
            let help =
                if case .exchange = endpoint { " Is the exchange running? bourse serve" } else {
                    ""
                }
            throw AWSError(
                Self.unreachable, status: 503, "\(url) does not answer (\(error)).\(help)")
        }
    }

    private static func keys(
        of source: any CredentialSource
    ) async throws(AWSError) -> Credentials {
        let found: TemporaryCredentials?
        do { found = try await source.credentials() } catch {
            throw AWSError("CredentialsUnavailable", status: 403, "\(error)")
        }
        guard let found else {
            throw AWSError(
                "CredentialsUnavailable", status: 403,
                "There are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                    + "AWS_SECRET_ACCESS_KEY.")
        }
        return found.keys
    }

    private static func authority(of endpoint: URL) -> String {
        var host = endpoint.host() ?? "localhost"
        if host.contains(":") { host = "[\(host)]" }
        return endpoint.port.map { "\(host):\($0)" } ?? host
    }

    private func exchange(
        _ request: WireRequest, at url: URL, within time: Duration
    ) async throws -> WireReply {
        let authority = Self.authority(of: url)
        var outgoing = HTTPClientRequest(
            url: "\(url.scheme ?? "http")://\(authority)\(request.target)")
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
