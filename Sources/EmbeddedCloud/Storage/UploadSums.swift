import AWSAPI
import Crypto
import FoundationEssentials

/// What is to hold of an upload's bytes, as far as their sender said it beforehand.
struct UploadExpectation: Sendable {
    var md5: [UInt8]?
    /// Announced in the head.
    var checksum: ObjectChecksum?
    /// What is reckoned and kept, whether or not the sender says what it must be.
    var algorithm: ObjectChecksum.Algorithm?
    var bytesMax = UploadFault.objectBytesMax
}

/// Everything that is reckoned of an upload's bytes while they pass.
struct UploadSums: Sendable {
    private var sha256: SHA256?
    private var md5 = Insecure.MD5()
    private var checksum: ChecksumMaker?
    private let algorithm: ObjectChecksum.Algorithm?

    init(of payload: SignedPayload, checksum algorithm: ObjectChecksum.Algorithm?) {
        if case .hash = payload { sha256 = SHA256() }
        self.algorithm = algorithm
        checksum = algorithm.map(ChecksumMaker.init)
    }

    mutating func append(_ bytes: [UInt8]) {
        sha256?.update(data: bytes)
        md5.update(data: bytes)
        checksum?.append(bytes)
    }

    var md5Bytes: [UInt8] { Array(md5.finalize()) }

    /// The one that was reckoned.
    var found: ObjectChecksum? {
        guard let algorithm, let checksum else { return nil }
        return ObjectChecksum(algorithm: algorithm, value: checksum.value)
    }

    /// Compares what the sender said of the bytes with the bytes.
    func check(
        _ payload: SignedPayload, md5: [UInt8]?, checksum: ObjectChecksum?
    ) throws(UploadFault) {
        if case .hash(let hash) = payload, hash != sha256?.finalize().hex { throw .payloadMismatch }
        if let md5, md5 != md5Bytes { throw .badDigest("Content-MD5") }
        if let checksum, checksum != found { throw .badDigest(checksum.algorithm.rawValue) }
    }
}

/// Why an upload is not taken in.
enum UploadFault: Error, Equatable {
    /// In one request, by S3's rules. Bytes.
    static let objectBytesMax = 5 << 30

    /// The sender stopped before the end.
    case incomplete
    case noLength
    case tooLarge
    case frames(ChunkFault)
    case payloadMismatch
    case badDigest(String)
    /// Behind the last frame came something else than was announced.
    case missingTrailer

    /// Whatever a connection says that breaks off, to us the bytes are too few. An object of ours that
    /// changes, or cannot be read, while it is copied says so itself.
    static func incomplete<Value>(
        unless read: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await read()
        } catch let fault where fault is ObjectChanged || fault is SystemCallFault {
            throw fault
        } catch {
            throw UploadFault.incomplete
        }
    }
}
