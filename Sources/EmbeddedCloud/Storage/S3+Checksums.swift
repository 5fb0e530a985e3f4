import AWSAPI
import FoundationEssentials
import S3API

/// The shapes of S3's that name a checksum, each algorithm under a member of its own.
protocol ChecksumMembers {
    var checksumCRC32: String? { get set }
    var checksumCRC32C: String? { get set }
    var checksumCRC64NVME: String? { get set }
    var checksumSHA1: String? { get set }
    var checksumSHA256: String? { get set }
    var checksumSHA512: String? { get }
    var checksumMD5: String? { get }
    var checksumXXHASH64: String? { get }
    var checksumXXHASH3: String? { get }
    var checksumXXHASH128: String? { get }
}

extension S3.PutObject: ChecksumMembers {}
extension S3.PutObject.Response: ChecksumMembers {}
extension S3.UploadPart: ChecksumMembers {}
extension S3.UploadPart.Response: ChecksumMembers {}
extension S3.CompletedPart: ChecksumMembers {}
extension S3.CompleteMultipartUpload: ChecksumMembers {}
extension S3.CompleteMultipartUpload.Response: ChecksumMembers {}
extension S3.CopyObjectResult: ChecksumMembers {}
extension S3.CopyPartResult: ChecksumMembers {}
extension S3.Part: ChecksumMembers {}
extension S3.GetObject.Response: ChecksumMembers {}
extension S3.HeadObject.Response: ChecksumMembers {}

extension ChecksumMembers {
    /// The one that the sender named. Nil: none.
    func announcedChecksum() throws(AWSError) -> ObjectChecksum? {
        let others = [
            checksumSHA512, checksumMD5, checksumXXHASH64, checksumXXHASH3, checksumXXHASH128,
        ]
        guard others.allSatisfy({ $0 == nil }) else { throw .otherChecksum }
        let sent: [(ObjectChecksum.Algorithm, String?)] = [
            (.crc32, checksumCRC32), (.crc32c, checksumCRC32C), (.crc64nvme, checksumCRC64NVME),
            (.sha1, checksumSHA1), (.sha256, checksumSHA256),
        ]
        let found = sent.compactMap { algorithm, value in
            value.map { ObjectChecksum(algorithm: algorithm, value: $0) }
        }
        guard found.count <= 1 else {
            throw AWSError(
                "InvalidRequest",
                "Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed."
            )
        }
        guard let checksum = found.first else { return nil }
        guard checksum.isWellFormed else {
            throw AWSError(
                "InvalidRequest",
                "Value for x-amz-checksum-\(checksum.algorithm.rawValue.lowercased()) header is invalid."
            )
        }
        return checksum
    }

    mutating func put(_ checksum: ObjectChecksum?) {
        switch checksum?.algorithm {
        case .crc32: checksumCRC32 = checksum?.value
        case .crc32c: checksumCRC32C = checksum?.value
        case .crc64nvme: checksumCRC64NVME = checksum?.value
        case .sha1: checksumSHA1 = checksum?.value
        case .sha256: checksumSHA256 = checksum?.value
        case nil: break
        }
    }
}

extension ObjectChecksum.Algorithm {
    /// Nil where none is asked for.
    ///
    /// - Throws: `NotImplemented` for one that is not reckoned here.
    init?(_ asked: S3.ChecksumAlgorithm?) throws(AWSError) {
        guard let asked else { return nil }
        guard let known = Self(rawValue: asked.rawValue) else { throw .otherChecksum }
        self = known
    }

    var wire: S3.ChecksumAlgorithm { .init(rawValue: rawValue) }
}

extension ObjectChecksum {
    var type: S3.ChecksumType { isComposite ? .composite : .fullObject }
}

extension AWSError {
    static var otherChecksum: AWSError {
        let known = ObjectChecksum.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
        return .notServed("A checksum other than \(known)")
    }
}

/// The MD5 that a sender names.
func contentMD5(_ text: String?) throws(AWSError) -> [UInt8]? {
    guard let text else { return nil }
    guard let bytes = Data(base64Encoded: text), bytes.count == 16 else {
        throw AWSError("InvalidDigest", "The Content-MD5 you specified is not valid.")
    }
    return Array(bytes)
}
