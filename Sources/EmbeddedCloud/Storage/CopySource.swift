import AWSAPI
import S3API

/// What `x-amz-copy-source` names: `bucket/key`, percent-encoded, and perhaps `?versionId=`.
struct CopySource: Equatable, Sendable {
    let bucket: String
    let key: String
    let version: String?

    init(_ text: String) throws(AWSError) {
        let sides = text.split(separator: "?", maxSplits: 1)
        let path = (sides.first ?? "").drop { $0 == "/" }
        guard let decoded = PercentEncoding.decode(path) else { throw .badCopySource(text) }
        let names = decoded.utf8.split(
            separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        guard names.count == 2, !names[0].isEmpty, !names[1].isEmpty, !names[1].contains(0) else {
            throw .badCopySource(text)
        }
        bucket = String(Substring(names[0]))
        key = String(Substring(names[1]))
        version =
            sides.count > 1
            ? QueryItem.parse(sides[1]).first { $0.name == "versionId" }?.value : nil
    }

    func isLatest(of key: String, in bucket: String) -> Bool {
        version == nil && self.bucket == bucket && self.key.hasSameBytes(as: key)
    }
}

extension LakeView {
    /// The source of a copy, as far as the caller may read it.
    func view(
        of source: CopySource, for request: Request, expectedOwner: String?,
        conditions: ObjectConditions
    ) async throws -> ObjectView {
        try request.authorize(
            source.version == nil ? "s3:GetObject" : "s3:GetObjectVersion",
            .s3(bucket: source.bucket, key: source.key))
        let bucket = try self.bucket(
            source.bucket, expectedOwner: expectedOwner, for: request)
        do {
            return try await view(
                of: source.key, in: bucket, for: request.account, version: source.version,
                conditions: conditions)
        } catch let error as AWSError where error.status == 304 {
            // A copy that is not made is a failure, however the condition was put.
            throw AWSError.preconditionFailed("x-amz-copy-source-If-None-Match")
        }
    }
}

extension AWSError {
    fileprivate static func badCopySource(_ text: String) -> AWSError {
        .invalidArgument(
            "x-amz-copy-source", text,
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
    }
}
