import Crypto
public import FoundationEssentials

/// An access key as its holder has it.
public struct Credentials: Sendable {
    public var accessKeyID: String
    public var secretAccessKey: String
    /// Nil for a key that does not end.
    public var sessionToken: String?

    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

/// What a signature is good for: one day, one region, one service.
public struct CredentialScope: Hashable, Sendable, CustomStringConvertible {
    /// `yyyymmdd`, UTC.
    public var day: String
    public var region: String
    public var service: String

    public init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
    }

    public var description: String { "\(day)/\(region)/\(service)/aws4_request" }
}

/// A secret narrowed to one ``CredentialScope``. Four HMACs to make, so worth keeping.
public struct SigningKey: Sendable {
    private let key: SymmetricKey

    /// Source: "Create a signed AWS API request", step 4, derive a signing key.
    public init(secretAccessKey: String, scope: CredentialScope) {
        var key = SymmetricKey(data: Array("AWS4\(secretAccessKey)".utf8))
        for part in [scope.day, scope.region, scope.service, "aws4_request"] {
            key = SymmetricKey(
                data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        self.key = key
    }

    /// Lower-case hex.
    func signature(of stringToSign: String) -> String {
        HMAC<SHA256>.authenticationCode(for: Array(stringToSign.utf8), using: key).hex
    }

    /// Whether `signature`, in hex, is that of `stringToSign`. Takes as long wherever they differ.
    func accepts(_ signature: String, of stringToSign: String) -> Bool {
        guard let code = [UInt8](hex: signature) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            code, authenticating: Array(stringToSign.utf8), using: key)
    }
}

/// Signature Version 4 in headers. Query forms and signed chunks stand beside it.
///
/// Source: AWS General Reference, "Create a signed AWS API request".
public enum SigV4 {
    public static let algorithm = "AWS4-HMAC-SHA256"
    /// Declared by clients that do not sign the body.
    public static let unsignedPayload = "UNSIGNED-PAYLOAD"
    public static let emptyPayloadHash =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// SHA-256 of `bytes` in lower-case hex.
    public static func hash(_ bytes: some Sequence<UInt8>) -> String {
        SHA256.hash(data: Array(bytes)).hex
    }

    /// Adds `x-amz-date`, the session token and `authorization` to a request that has its `host`.
    ///
    /// Every header the request has is signed.
    ///
    /// - Parameter payloadHash: Nil: the SHA-256 of the body.
    public static func sign(
        _ request: inout WireRequest, with credentials: Credentials, service: AWSService,
        region: String, at date: Date, payloadHash: String? = nil
    ) {
        let timestamp = BasicTimestamp.text(date)
        let payloadHash = payloadHash ?? hash(request.body)
        request.headers.append(WireHeader("x-amz-date", timestamp))
        if let token = credentials.sessionToken {
            request.headers.append(WireHeader("x-amz-security-token", token))
        }
        if case .restXML = service.wire {
            request.headers.append(WireHeader("x-amz-content-sha256", payloadHash))
        }
        let scope = CredentialScope(
            day: String(timestamp.prefix(8)), region: region, service: service.signingName)
        let signed = Set(request.headers.map(\.name)).sorted()
        let canonical = CanonicalRequest(
            request, signedHeaders: signed, payloadHash: payloadHash,
            pathIsEncodedOnce: service.signingName == "s3")
        let key = SigningKey(secretAccessKey: credentials.secretAccessKey, scope: scope)
        let signature = key.signature(
            of: stringToSign(timestamp: timestamp, scope: scope, canonical: canonical))
        request.headers.append(
            WireHeader(
                "authorization",
                "\(algorithm) Credential=\(credentials.accessKeyID)/\(scope), "
                    + "SignedHeaders=\(signed.joined(separator: ";")), Signature=\(signature)"))
    }

    /// The query with which a request is signed in its URL, for whoever has that to send it.
    ///
    /// - Parameters:
    ///   - request: With its host, and no query.
    ///   - lifetime: Seconds, up to seven days.
    public static func presignedQuery(
        of request: WireRequest, with credentials: Credentials, service: AWSService,
        region: String, at date: Date, lifetime: Int
    ) -> String {
        let timestamp = BasicTimestamp.text(date)
        let scope = CredentialScope(
            day: String(timestamp.prefix(8)), region: region, service: service.signingName)
        var members = [
            ("X-Amz-Algorithm", algorithm),
            ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope)"),
            ("X-Amz-Date", timestamp), ("X-Amz-Expires", String(lifetime)),
            ("X-Amz-SignedHeaders", "host"),
        ]
        if let token = credentials.sessionToken { members.append(("X-Amz-Security-Token", token)) }
        var request = request
        request.query = members.map { "\($0)=\(PercentEncoding.encode($1))" }
            .joined(separator: "&")
        let canonical = CanonicalRequest(
            request, signedHeaders: ["host"], payloadHash: unsignedPayload,
            pathIsEncodedOnce: service.signingName == "s3")
        let key = SigningKey(secretAccessKey: credentials.secretAccessKey, scope: scope)
        let signature = key.signature(
            of: stringToSign(timestamp: timestamp, scope: scope, canonical: canonical))
        return "\(request.query)&X-Amz-Signature=\(signature)"
    }

    static func stringToSign(
        timestamp: String, scope: CredentialScope, canonical: CanonicalRequest
    ) -> String {
        "\(algorithm)\n\(timestamp)\n\(scope)\n\(hash(canonical.text.utf8))"
    }
}

extension Sequence where Element == UInt8 {
    /// Lower-case hex, two digits a byte.
    public var hex: String {
        let digits: StaticString = "0123456789abcdef"
        var text: [UInt8] = []
        text.reserveCapacity(2 * underestimatedCount)
        for byte in self {
            text.append(digits.utf8Start[Int(byte >> 4)])
            text.append(digits.utf8Start[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Nil unless `text` is hex digits, two a byte.
    public init?(hex text: String) {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        self = []
        reserveCapacity(digits.count / 2)
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = PercentEncoding.nibble(digits[place]),
                let low = PercentEncoding.nibble(digits[place + 1])
            else { return nil }
            append(high << 4 | low)
        }
    }
}
