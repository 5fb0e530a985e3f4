import AWSAPI
import S3API

/// An object as one reader gets it: whole, or a part.
struct ObjectView: Sendable {
    let object: StoredObject
    /// As the answer says it.
    let versionID: String?
    let attributes: ObjectAttributes
    /// Nil: all of it.
    let part: Range<Int>?
    /// The reader asked for one of the parts in which the object was uploaded.
    var isByNumber = false

    var range: Range<Int> { part ?? 0..<object.size }

    private var contentRange: String? {
        part.flatMap { part in
            // HTTP has no words for a range of no bytes.
            part.isEmpty
                ? nil : "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(object.size)"
        }
    }

    /// Only of the whole object: clients compare it with what they got.
    private func checksum(_ mode: S3.ChecksumMode?) -> ObjectChecksum? {
        mode == .enabled && part == nil ? attributes.checksum : nil
    }

    func headAnswer(to operation: S3.HeadObject) -> S3.HeadObject.Response {
        let checksum = checksum(operation.checksumMode)
        var answer = S3.HeadObject.Response(
            acceptRanges: "bytes", lastModified: object.lastModified, contentLength: range.count,
            checksumType: checksum?.type, eTag: object.etag, versionId: versionID,
            cacheControl: operation.responseCacheControl ?? attributes.cacheControl,
            contentDisposition: operation.responseContentDisposition
                ?? attributes.contentDisposition,
            contentEncoding: operation.responseContentEncoding ?? attributes.contentEncoding,
            contentLanguage: operation.responseContentLanguage ?? attributes.contentLanguage,
            contentType: operation.responseContentType ?? attributes.contentType,
            contentRange: contentRange, expires: operation.responseExpires ?? attributes.expires,
            metadata: attributes.metadata, partsCount: isByNumber ? attributes.parts?.count : nil)
        answer.put(checksum)
        return answer
    }

    func getAnswer(to operation: S3.GetObject) -> S3.GetObject.Response {
        let checksum = checksum(operation.checksumMode)
        var answer = S3.GetObject.Response(
            acceptRanges: "bytes", lastModified: object.lastModified, contentLength: range.count,
            eTag: object.etag, checksumType: checksum?.type, versionId: versionID,
            cacheControl: operation.responseCacheControl ?? attributes.cacheControl,
            contentDisposition: operation.responseContentDisposition
                ?? attributes.contentDisposition,
            contentEncoding: operation.responseContentEncoding ?? attributes.contentEncoding,
            contentLanguage: operation.responseContentLanguage ?? attributes.contentLanguage,
            contentRange: contentRange,
            contentType: operation.responseContentType ?? attributes.contentType,
            expires: operation.responseExpires ?? attributes.expires,
            metadata: attributes.metadata, partsCount: isByNumber ? attributes.parts?.count : nil)
        answer.put(checksum)
        return answer
    }
}
