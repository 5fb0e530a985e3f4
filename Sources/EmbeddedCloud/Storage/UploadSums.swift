import AWSAPI
import Crypto
import FoundationEssentials

/// Everything that is reckoned of an upload's bytes while they pass.
struct UploadSums: Sendable {
    private var sha256 = SHA256()
    private var md5 = Insecure.MD5()
    private var checksum: ChecksumMaker?

    init(checksum: ObjectChecksum.Algorithm?) { self.checksum = checksum.map(ChecksumMaker.init) }

    mutating func append(_ bytes: [UInt8]) {
        sha256.update(data: bytes)
        md5.update(data: bytes)
        checksum?.append(bytes)
    }

    /// S3's, of an object that came in one piece: its MD5, quoted.
    var etag: String { "\"\(md5.finalize().hex)\"" }

    /// Compares what the sender said of the bytes with the bytes.
    ///
    /// - Parameter payloadHash: SHA-256 in hex, or S3's word for none.
    func check(
        payloadHash: String, md5: [UInt8]?, checksum: ObjectChecksum?
    ) throws(UploadFault) {
        guard payloadHash == SigV4.unsignedPayload || payloadHash == sha256.finalize().hex else {
            throw .payloadMismatch
        }
        if let md5, md5 != Array(self.md5.finalize()) { throw .badDigest("Content-MD5") }
        if let checksum, checksum.value != self.checksum?.value {
            throw .badDigest(checksum.algorithm.rawValue)
        }
    }
}

/// Why an upload is not taken in.
enum UploadFault: Error, Equatable {
    /// In one request, by S3's rules. Bytes.
    static let objectBytesMax = 5 << 30

    /// The sender stopped before the end.
    case incomplete
    case tooLarge
    case payloadMismatch
    case badDigest(String)

    /// Whatever a connection says that breaks off, to us the bytes are too few.
    static func incomplete<Value>(
        unless read: () async throws -> Value
    ) async throws(UploadFault) -> Value {
        do { return try await read() } catch { throw .incomplete }
    }
}
