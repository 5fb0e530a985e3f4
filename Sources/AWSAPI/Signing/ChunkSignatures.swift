import Crypto

/// Checks the signatures of a body's chunks: each covers its chunk and the signature before it, so none can
/// be changed, left out or moved.
///
/// Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring
/// Payload in Multiple Chunks".
public struct ChunkSignatures: Sendable {
    private let key: SigningKey
    private let timestamp: String
    private let scope: CredentialScope
    /// The last one that held; at first the request's own.
    private var previous: String

    /// - Parameter claim: Checked, in the header.
    init(following claim: SigV4Claim, key: SigningKey) {
        self.key = key
        timestamp = claim.timestamp
        scope = claim.scope
        previous = claim.signature
    }

    /// - Parameter hash: SHA-256 of the chunk's bytes, in hex.
    mutating func accept(_ signature: String, chunkHash hash: String) throws(ChunkFault) {
        try accept(signature, of: "\(SigV4.emptyPayloadHash)\n\(hash)", form: "PAYLOAD")
    }

    /// - Parameter lines: `name:value` and a line feed after each.
    mutating func accept(_ signature: String, trailer lines: String) throws(ChunkFault) {
        try accept(signature, of: SigV4.hash(lines.utf8), form: "TRAILER")
    }

    private mutating func accept(
        _ signature: String, of content: String, form: String
    ) throws(ChunkFault) {
        let stringToSign =
            "\(SigV4.algorithm)-\(form)\n\(timestamp)\n\(scope)\n\(previous)\n\(content)"
        guard key.accepts(signature, of: stringToSign) else { throw .signatureMismatch }
        previous = signature
    }
}

/// Why a body in chunks is not taken in.
public enum ChunkFault: Error, Equatable, Sendable {
    /// What says where a chunk begins and ends does not.
    case malformed
    case malformedTrailer
    case signatureMismatch
    /// More or fewer bytes than `x-amz-decoded-content-length` says.
    case lengthMismatch
}
