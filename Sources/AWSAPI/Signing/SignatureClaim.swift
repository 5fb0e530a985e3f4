public import FoundationEssentials

/// What a signed request says about itself, before anything of it is believed.
public struct SignatureClaim: Sendable {
    public let accessKeyID: String
    public let scope: CredentialScope
    public let signedAt: Date
    public let sessionToken: String?
    /// The body's SHA-256 in hex or one of S3's markers, as the client declared it. Nil: not declared, the
    /// body's own hash counts.
    public let declaredPayloadHash: String?
    private let timestamp: String
    private let signedHeaders: [String]
    private let signature: String

    /// Seconds by which a client's clock may differ from ours, either way.
    public static let clockSkewMax: TimeInterval = 15 * 60

    /// Reads the `Authorization` header.
    ///
    /// - Throws: ``SignatureFault/notSigned`` or ``SignatureFault/malformed(_:)``.
    public init(reading request: WireRequest) throws(SignatureFault) {
        guard let authorization = request.headers["authorization"] else { throw .notSigned }
        guard authorization.hasPrefix(SigV4.algorithm + " ") else {
            throw .malformed("Only \(SigV4.algorithm) is understood in the Authorization header.")
        }
        let fields = Self.fields(of: authorization.dropFirst(SigV4.algorithm.count))
        let credential = (fields["Credential"] ?? "").split(
            separator: "/", omittingEmptySubsequences: false)
        guard credential.count == 5, credential[4] == "aws4_request",
            credential.allSatisfy({ !$0.isEmpty })
        else {
            throw .malformed(
                "Credential must be KEY/yyyymmdd/region/service/aws4_request in the "
                    + "Authorization header.")
        }
        guard let signature = fields["Signature"], !signature.isEmpty else {
            throw .malformed("The Authorization header has no Signature.")
        }
        let signed = (fields["SignedHeaders"] ?? "").split(separator: ";").map(String.init)
        guard signed.contains("host") else {
            throw .malformed("SignedHeaders in the Authorization header must name host.")
        }
        guard let timestamp = request.headers["x-amz-date"],
            let signedAt = BasicTimestamp.parse(timestamp)
        else {
            throw .malformed("The X-Amz-Date header must be yyyymmddThhmmssZ.")
        }
        accessKeyID = String(credential[0])
        scope = CredentialScope(
            day: String(credential[1]), region: String(credential[2]),
            service: String(credential[3]))
        self.timestamp = timestamp
        self.signedAt = signedAt
        self.signature = signature
        signedHeaders = signed.sorted()
        sessionToken = request.headers["x-amz-security-token"]
        declaredPayloadHash = request.headers["x-amz-content-sha256"]
    }

    private static func fields(of text: Substring) -> [String: String] {
        var fields: [String: String] = [:]
        for part in text.utf8.split(separator: UInt8(ascii: ",")) {
            let part = Substring(part)
            guard let equals = part.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = part[part.utf8.index(after: equals)...]
            fields[part[..<equals].trimming(" ")] = value.trimming(" ")
        }
        return fields
    }

    /// Checks scope, clock and signature, in that order; key and session are the caller's to check first.
    ///
    /// - Parameters:
    ///   - payloadHash: The declared one, or that of the body.
    ///   - key: Derived for exactly ``scope``.
    public func check(
        _ request: WireRequest, for service: AWSService, payloadHash: String, key: SigningKey,
        now: Date
    ) throws(SignatureFault) {
        guard scope.service == service.signingName, timestamp.prefix(8) == scope.day else {
            throw .wrongScope(
                "Credential should be scoped to the day of X-Amz-Date and to the service "
                    + "\(service.signingName).")
        }
        guard abs(now.timeIntervalSince(signedAt)) <= Self.clockSkewMax else {
            throw .skewed(signedAt: signedAt, now: now)
        }
        // `x-amz-target` names the operation, `x-amz-content-sha256` the body: none may be changed.
        if let unsigned = request.headers.first(where: { header in
            header.name.hasPrefix("x-amz-") && !signedHeaders.contains(header.name)
        }) {
            throw .headerNotSigned(unsigned.name)
        }
        let canonical = CanonicalRequest(
            request, signedHeaders: signedHeaders, payloadHash: payloadHash,
            pathIsEncodedOnce: service.signingName == "s3")
        let stringToSign = SigV4.stringToSign(
            timestamp: timestamp, scope: scope, canonical: canonical)
        guard key.accepts(signature, of: stringToSign) else { throw .mismatch }
    }
}

/// Why a signature is not accepted, in the order in which it is checked.
public enum SignatureFault: Error, Equatable, Sendable {
    case notSigned
    case malformed(String)
    case unknownKey
    case invalidToken
    case expiredToken
    case wrongScope(String)
    case skewed(signedAt: Date, now: Date)
    case headerNotSigned(String)
    case mismatch
    case payloadMismatch
}
