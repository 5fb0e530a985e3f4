import AWSAPI
import S3API

/// An object as one reader gets it: whole, or a part.
struct ObjectView: Sendable {
    let object: StoredObject
    let attributes: ObjectAttributes
    /// Nil: all of it.
    let part: Range<Int>?

    var range: Range<Int> { part ?? 0..<object.size }

    private var contentRange: String? {
        part.map { "bytes \($0.lowerBound)-\($0.upperBound - 1)/\(object.size)" }
    }

    /// Only of the whole object: clients compare it with what they got.
    private func checksum(
        _ algorithm: ObjectChecksum.Algorithm, _ mode: S3.ChecksumMode?
    ) -> String? {
        guard mode == .enabled, part == nil, let checksum = attributes.checksum,
            checksum.algorithm == algorithm
        else { return nil }
        return checksum.value
    }

    private func checksumType(_ mode: S3.ChecksumMode?) -> S3.ChecksumType? {
        mode == .enabled && part == nil && attributes.checksum != nil ? .fullObject : nil
    }

    func headAnswer(to operation: S3.HeadObject) -> S3.HeadObject.Response {
        let mode = operation.checksumMode
        return .init(
            acceptRanges: "bytes", lastModified: object.lastModified, contentLength: range.count,
            checksumCRC32: checksum(.crc32, mode), checksumCRC32C: checksum(.crc32c, mode),
            checksumCRC64NVME: checksum(.crc64nvme, mode), checksumSHA1: checksum(.sha1, mode),
            checksumSHA256: checksum(.sha256, mode), checksumType: checksumType(mode),
            eTag: object.etag, versionId: object.versionID,
            cacheControl: operation.responseCacheControl ?? attributes.cacheControl,
            contentDisposition: operation.responseContentDisposition
                ?? attributes.contentDisposition,
            contentEncoding: operation.responseContentEncoding ?? attributes.contentEncoding,
            contentLanguage: operation.responseContentLanguage ?? attributes.contentLanguage,
            contentType: operation.responseContentType ?? attributes.contentType,
            contentRange: contentRange, expires: operation.responseExpires ?? attributes.expires,
            metadata: attributes.metadata)
    }

    func getAnswer(to operation: S3.GetObject) -> S3.GetObject.Response {
        let mode = operation.checksumMode
        return .init(
            acceptRanges: "bytes", lastModified: object.lastModified, contentLength: range.count,
            eTag: object.etag,
            checksumCRC32: checksum(.crc32, mode), checksumCRC32C: checksum(.crc32c, mode),
            checksumCRC64NVME: checksum(.crc64nvme, mode), checksumSHA1: checksum(.sha1, mode),
            checksumSHA256: checksum(.sha256, mode), checksumType: checksumType(mode),
            versionId: object.versionID,
            cacheControl: operation.responseCacheControl ?? attributes.cacheControl,
            contentDisposition: operation.responseContentDisposition
                ?? attributes.contentDisposition,
            contentEncoding: operation.responseContentEncoding ?? attributes.contentEncoding,
            contentLanguage: operation.responseContentLanguage ?? attributes.contentLanguage,
            contentRange: contentRange,
            contentType: operation.responseContentType ?? attributes.contentType,
            expires: operation.responseExpires ?? attributes.expires,
            metadata: attributes.metadata)
    }
}
