import FoundationEssentials

extension AWSError {
    /// The error with which `service` answers a request that is not signed as it should be.
    ///
    /// The codes differ by protocol, and clients look at them: docs/doors/aws.md has the table.
    public init(_ fault: SignatureFault, of service: AWSService) {
        switch service.wire {
        case .restXML: self = .s3(fault)
        case .query: self = .query(fault)
        case .json: self = .json(fault, status: 400)
        case .restJSON: self = .json(fault, status: 403)
        }
    }

    private static func s3(_ fault: SignatureFault) -> AWSError {
        switch fault {
        case .notSigned: AWSError("AccessDenied", status: 403, "Anonymous access is not allowed.")
        case .malformed(let why), .wrongScope(let why):
            AWSError("AuthorizationHeaderMalformed", why)
        case .malformedQuery(let why): AWSError("AuthorizationQueryParametersError", why)
        case .versionNotServed:
            AWSError("InvalidRequest", versionMessage)
        case .unknownKey:
            AWSError(
                "InvalidAccessKeyId", status: 403,
                "The AWS Access Key Id you provided does not exist in our records.")
        case .invalidToken:
            AWSError("InvalidToken", "The provided token is malformed or otherwise invalid.")
        case .expiredToken: AWSError("ExpiredToken", "The provided token has expired.")
        case .skewed(let signedAt, let now):
            AWSError(
                "RequestTimeTooSkewed", status: 403, skewMessage,
                members: [
                    Member("RequestTime", Timestamp.iso8601.text(signedAt)),
                    Member("ServerTime", Timestamp.iso8601.text(now)),
                    Member(
                        "MaxAllowedSkewMilliseconds",
                        String(Int(SignatureClaim.clockSkewMax * 1000))),
                ])
        case .requestExpired(let end, let now):
            AWSError(
                "AccessDenied", status: 403, "Request has expired",
                members: [
                    Member("Expires", Timestamp.iso8601.text(end)),
                    Member("ServerTime", Timestamp.iso8601.text(now)),
                ])
        case .headerNotSigned(let name):
            AWSError(
                "AccessDenied", status: 403,
                "There were headers present in the request which were not signed",
                members: [Member("HeadersNotSigned", name)])
        case .mismatch: AWSError("SignatureDoesNotMatch", status: 403, mismatchMessage)
        case .payloadMismatch:
            AWSError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.")
        }
    }

    private static func query(_ fault: SignatureFault) -> AWSError {
        switch fault {
        case .notSigned:
            AWSError(
                "MissingAuthenticationToken", status: 403,
                "Request is missing Authentication Token")
        case .malformed(let why), .malformedQuery(let why): AWSError("IncompleteSignature", why)
        case .versionNotServed: AWSError("IncompleteSignature", versionMessage)
        case .unknownKey, .invalidToken:
            AWSError(
                "InvalidClientTokenId", status: 403,
                "The security token included in the request is invalid.")
        case .expiredToken:
            AWSError(
                "ExpiredToken", status: 403,
                "The security token included in the request is expired")
        case .wrongScope(let why): AWSError("SignatureDoesNotMatch", status: 403, why)
        case .skewed(let signedAt, let now), .requestExpired(let signedAt, let now):
            AWSError("SignatureDoesNotMatch", status: 403, expiredMessage(signedAt, now))
        case .headerNotSigned, .mismatch, .payloadMismatch:
            AWSError("SignatureDoesNotMatch", status: 403, mismatchMessage)
        }
    }

    private static func json(_ fault: SignatureFault, status: Int) -> AWSError {
        switch fault {
        case .notSigned:
            AWSError(
                "MissingAuthenticationTokenException", status: status,
                "Request is missing Authentication Token")
        case .malformed(let why), .malformedQuery(let why):
            AWSError("IncompleteSignatureException", status: status, why)
        case .versionNotServed:
            AWSError("IncompleteSignatureException", status: status, versionMessage)
        case .unknownKey, .invalidToken:
            AWSError(
                "UnrecognizedClientException", status: status,
                "The security token included in the request is invalid.")
        case .expiredToken:
            AWSError(
                "ExpiredTokenException", status: status,
                "The security token included in the request is expired")
        case .wrongScope(let why): AWSError("InvalidSignatureException", status: status, why)
        case .skewed(let signedAt, let now), .requestExpired(let signedAt, let now):
            AWSError("InvalidSignatureException", status: status, expiredMessage(signedAt, now))
        case .headerNotSigned, .mismatch, .payloadMismatch:
            AWSError("InvalidSignatureException", status: status, mismatchMessage)
        }
    }

    private static let versionMessage =
        "The authorization mechanism you have provided is not supported. Please use "
        + "\(SigV4.algorithm)."
    private static let skewMessage =
        "The difference between the request time and the current time is too large."
    private static let mismatchMessage =
        "The request signature we calculated does not match the signature you provided. "
        + "Check your AWS Secret Access Key and signing method."

    private static func expiredMessage(_ signedAt: Date, _ now: Date) -> String {
        "Signature expired: \(Timestamp.iso8601.text(signedAt)) is more than "
            + "\(Int(SignatureClaim.clockSkewMax / 60)) min from \(Timestamp.iso8601.text(now))"
    }
}
