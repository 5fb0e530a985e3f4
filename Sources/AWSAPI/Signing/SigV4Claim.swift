public import FoundationEssentials

/// A claim of Signature Version 4: who signed, for what, when, and over which headers.
///
/// Source: AWS General Reference, "Create a signed AWS API request", and Amazon S3 API Reference,
/// "Authenticating Requests: Using Query Parameters".
public struct SigV4Claim: Sendable {
    /// Where the signature stands.
    enum Place: Equatable, Sendable {
        case header
        /// Good until so many seconds after it was made.
        case query(lifetime: Int)
    }

    public let accessKeyID: String
    public let scope: CredentialScope
    public let signedAt: Date
    public let sessionToken: String?
    /// The body's SHA-256 in hex or one of S3's markers, as the client declared it. Nil: not declared.
    public let declaredPayloadHash: String?
    let place: Place
    let timestamp: String
    let signature: String
    private let signedHeaders: [String]

    /// Seconds that a presigned request may be good for: seven days.
    static let lifetimes = 1...604_800

    /// Reads the `Authorization` header.
    init(authorization: String, of request: WireRequest) throws(SignatureFault) {
        let header = "in the Authorization header"
        guard authorization.hasPrefix(SigV4.algorithm + " ") else {
            throw .malformed("Only \(SigV4.algorithm) is understood \(header).")
        }
        let fields = Self.fields(of: authorization.dropFirst(SigV4.algorithm.count))
        guard let (key, scope) = Self.credential(fields["Credential"] ?? "") else {
            throw .malformed(
                "Credential must be KEY/yyyymmdd/region/service/aws4_request \(header).")
        }
        guard let signature = fields["Signature"], !signature.isEmpty else {
            throw .malformed("The Authorization header has no Signature.")
        }
        guard let signed = Self.headerNames(fields["SignedHeaders"] ?? "") else {
            throw .malformed("SignedHeaders \(header) must name host.")
        }
        guard let timestamp = request.headers["x-amz-date"],
            let signedAt = BasicTimestamp.parse(timestamp)
        else {
            throw .malformed("The X-Amz-Date header must be yyyymmddThhmmssZ.")
        }
        accessKeyID = key
        self.scope = scope
        self.timestamp = timestamp
        self.signedAt = signedAt
        self.signature = signature
        signedHeaders = signed
        sessionToken = request.headers["x-amz-security-token"]
        declaredPayloadHash = request.headers["x-amz-content-sha256"]
        place = .header
    }

    /// Reads the query of a presigned request.
    init(presigned query: [QueryItem], of request: WireRequest) throws(SignatureFault) {
        func item(_ name: String) -> String? { query.first { $0.name == name }?.value }
        guard item("X-Amz-Algorithm") == SigV4.algorithm else {
            throw .malformedQuery("X-Amz-Algorithm only supports \"\(SigV4.algorithm)\".")
        }
        guard let (key, scope) = Self.credential(item("X-Amz-Credential") ?? "") else {
            throw .malformedQuery(
                "X-Amz-Credential must be KEY/yyyymmdd/region/service/aws4_request.")
        }
        guard let timestamp = item("X-Amz-Date"), let signedAt = BasicTimestamp.parse(timestamp)
        else { throw .malformedQuery("X-Amz-Date must be yyyymmddThhmmssZ.") }
        guard let lifetime = item("X-Amz-Expires").flatMap({ Int($0) }),
            Self.lifetimes.contains(lifetime)
        else {
            throw .malformedQuery(
                "X-Amz-Expires must be \(Self.lifetimes.lowerBound) to "
                    + "\(Self.lifetimes.upperBound) seconds.")
        }
        guard let signed = Self.headerNames(item("X-Amz-SignedHeaders") ?? "") else {
            throw .malformedQuery("X-Amz-SignedHeaders must name host.")
        }
        guard let signature = item("X-Amz-Signature"), !signature.isEmpty else {
            throw .malformedQuery("The query has no X-Amz-Signature.")
        }
        accessKeyID = key
        self.scope = scope
        self.timestamp = timestamp
        self.signedAt = signedAt
        self.signature = signature
        signedHeaders = signed
        sessionToken = item("X-Amz-Security-Token")
        declaredPayloadHash =
            request.headers["x-amz-content-sha256"] ?? item("X-Amz-Content-Sha256")
        place = .query(lifetime: lifetime)
    }

    private static func credential(_ text: String) -> (key: String, scope: CredentialScope)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[4] == "aws4_request", parts.allSatisfy({ !$0.isEmpty })
        else { return nil }
        return (parts[0], CredentialScope(day: parts[1], region: parts[2], service: parts[3]))
    }

    /// Headers that a signature may cover.
    static let signedHeadersMax = 100

    /// Sorted. Nil where the host is not among them, and for more of them than anybody signs.
    private static func headerNames(_ text: String) -> [String]? {
        let names = Set(text.split(separator: ";").map(String.init))
        return names.contains("host") && names.count <= signedHeadersMax ? names.sorted() : nil
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

    /// What the signature covers of the body: what was declared, or else what the service signs.
    ///
    /// - Parameter bodyHash: The SHA-256 of the body. Nil: the body is still to come, so it must be declared.
    public func payloadHash(
        for service: AWSService, bodyHash: String?
    ) throws(SignatureFault) -> String {
        if let declaredPayloadHash { return declaredPayloadHash }
        // Whoever presigns for S3 does not have the body yet.
        if place != .header, service.signingName == "s3" { return SigV4.unsignedPayload }
        guard let bodyHash else {
            throw .malformed("The x-amz-content-sha256 header is required.")
        }
        return bodyHash
    }

    /// Checks scope, clock and signature, in that order; key and session are the caller's to check first.
    ///
    /// - Parameters:
    ///   - payloadHash: ``payloadHash(for:bodyHash:)``.
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
        try checkClock(now)
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

    private func checkClock(_ now: Date) throws(SignatureFault) {
        switch place {
        case .header:
            guard abs(now.timeIntervalSince(signedAt)) <= SignatureClaim.clockSkewMax else {
                throw .skewed(signedAt: signedAt, now: now)
            }
        case .query(let lifetime):
            let end = signedAt + TimeInterval(lifetime)
            guard signedAt.timeIntervalSince(now) <= SignatureClaim.clockSkewMax else {
                throw .skewed(signedAt: signedAt, now: now)
            }
            guard now < end else { throw .requestExpired(at: end, now: now) }
        }
    }
}
