/// The bytes of an object on their way in, in pieces as they arrive.
public struct ObjectUpload: Sendable {
    /// Ends where the sender said that it would, or throws.
    let pieces: any AsyncSequence<[UInt8], any Error> & Sendable
    /// What the signature covers of the bytes: their SHA-256 in hex, or one of S3's markers.
    let payloadHash: String

    public init(
        pieces: any AsyncSequence<[UInt8], any Error> & Sendable, payloadHash: String
    ) {
        self.pieces = pieces
        self.payloadHash = payloadHash
    }
}
