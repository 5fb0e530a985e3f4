public import FoundationEssentials

/// What a signed request says about itself, before anything of it is believed.
public enum SignatureClaim: Sendable {
    /// Signature Version 4, in the headers or in the query.
    case v4(SigV4Claim)
    /// Signature Version 2 in the query: what stock tools still make when they presign for us-east-1.
    case v2(SigV2Claim)

    /// - Throws: ``SignatureFault/notSigned``, or that the claim is malformed.
    public init(reading request: WireRequest) throws(SignatureFault) {
        let query = QueryItem.parse(request.query, plusIsSpace: false)
        let isPresigned = query.contains { $0.name == "X-Amz-Algorithm" }
        let isVersion2 = query.contains { $0.name == "AWSAccessKeyId" }
        switch (request.headers["authorization"], isPresigned, isVersion2) {
        case (nil, false, false): throw .notSigned
        case (let authorization?, false, false):
            self = .v4(try SigV4Claim(authorization: authorization, of: request))
        case (nil, true, false): self = .v4(try SigV4Claim(presigned: query, of: request))
        case (nil, false, true): self = .v2(try SigV2Claim(presigned: query, of: request))
        default:
            throw .malformedQuery(
                "A request is signed once: in the Authorization header or in the query.")
        }
    }

    public var accessKeyID: String {
        switch self {
        case .v4(let claim): claim.accessKeyID
        case .v2(let claim): claim.accessKeyID
        }
    }

    public var sessionToken: String? {
        switch self {
        case .v4(let claim): claim.sessionToken
        case .v2(let claim): claim.sessionToken
        }
    }

    /// Seconds by which a client's clock may differ from ours, either way.
    public static let clockSkewMax: TimeInterval = 15 * 60
}

/// Why a signature is not accepted, in the order in which it is checked.
public enum SignatureFault: Error, Equatable, Sendable {
    case notSigned
    /// In the `Authorization` header.
    case malformed(String)
    /// In the query.
    case malformedQuery(String)
    /// Version 2, where it is switched off.
    case versionNotServed
    case unknownKey
    case invalidToken
    case expiredToken
    case wrongScope(String)
    case skewed(signedAt: Date, now: Date)
    /// A presigned request, after its end.
    case requestExpired(at: Date, now: Date)
    case headerNotSigned(String)
    case mismatch
    case payloadMismatch
}
