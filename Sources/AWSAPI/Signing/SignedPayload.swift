/// How a body is compared with what its sender signed.
public enum SignedPayload: Sendable {
    /// Its SHA-256, in hex.
    case hash(String)
    /// Not at all: the sender signed no more than the head.
    case unsigned
    /// Frame by frame, or, without signatures, by the checksum behind the last.
    case chunks(ChunkSignatures?, hasTrailer: Bool)
}

extension SigV4Claim {
    /// What the signature says of the body.
    ///
    /// - Parameters:
    ///   - hash: ``payloadHash(for:bodyHash:)``.
    ///   - key: Derived for exactly ``scope``.
    /// - Throws: ``SignatureFault/malformed(_:)`` for a form of S3's that is not understood.
    public func payload(signedAs hash: String, key: SigningKey) throws(SignatureFault)
        -> SignedPayload
    {
        switch hash {
        case SigV4.unsignedPayload: return .unsigned
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": return .chunks(nil, hasTrailer: true)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" where place == .header:
            return .chunks(ChunkSignatures(following: self, key: key), hasTrailer: false)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" where place == .header:
            return .chunks(ChunkSignatures(following: self, key: key), hasTrailer: true)
        default:
            guard !hash.hasPrefix("STREAMING-") else {
                throw .malformed("x-amz-content-sha256 must not be \(hash) here.")
            }
            return .hash(hash)
        }
    }
}
