import AWSAPI
import S3API

extension AWSError {
    static func noSuchBucket(_ name: String) -> AWSError {
        AWSError(
            "NoSuchBucket", status: 404, "The specified bucket does not exist",
            members: [Member("BucketName", name)])
    }

    static func noSuchKey(_ key: String) -> AWSError {
        AWSError(
            "NoSuchKey", status: 404, "The specified key does not exist.",
            members: [Member("Key", key)])
    }

    static func noSuchVersion(_ key: String, _ version: String) -> AWSError {
        AWSError(
            "NoSuchVersion", status: 404, "The specified version does not exist.",
            members: [Member("Key", key), Member("VersionId", version)])
    }

    static func invalidBucketName(_ name: String) -> AWSError {
        AWSError(
            "InvalidBucketName", "The specified bucket is not valid.",
            members: [Member("BucketName", name)])
    }

    static func bucketNotEmpty(_ name: BucketName) -> AWSError {
        AWSError(
            "BucketNotEmpty", status: 409,
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
            members: [Member("BucketName", name.rawValue)])
    }

    static func bucketAlreadyExists(_ name: String) -> AWSError {
        AWSError(
            "BucketAlreadyExists", status: 409,
            "The requested bucket name is not available; select a different name.",
            members: [Member("BucketName", name)])
    }

    static func bucketAlreadyOwnedByYou(_ name: String) -> AWSError {
        AWSError(
            "BucketAlreadyOwnedByYou", status: 409,
            "Your previous request to create the named bucket succeeded and you already own it.",
            members: [Member("BucketName", name)])
    }

    /// A linked directory is the provider's own, and nobody writes there: not even the administrator.
    static func linkedBucket(_ name: BucketName) -> AWSError {
        .accessDenied(
            .s3, "\(name) is a linked directory: it is read in place and never written.")
    }

    static func unreadableLink(_ fault: LinkFault) -> AWSError {
        AWSError(
            "InvalidBucketState", status: 409,
            "The directory behind the bucket cannot be read: \(fault.path): \(fault.fault)")
    }

    static func invalidArgument(_ name: String, _ value: String, _ message: String) -> AWSError {
        AWSError(
            "InvalidArgument", message,
            members: [Member("ArgumentName", name), Member("ArgumentValue", value)])
    }

    static func preconditionFailed(_ condition: String) -> AWSError {
        AWSError(
            "PreconditionFailed", status: 412,
            "At least one of the pre-conditions you specified did not hold",
            members: [Member("Condition", condition)])
    }

    /// - Parameter object: What the client has, and still may use.
    static func notModified(_ object: StoredObject) -> AWSError {
        var error = AWSError("NotModified", status: 304, "Not Modified")
        error.headers = [
            WireHeader("etag", object.etag),
            WireHeader("last-modified", Timestamp.httpDate.text(object.lastModified)),
        ]
        return error
    }

    static func invalidRange(_ asked: String, size: Int) -> AWSError {
        var error = AWSError(
            "InvalidRange", status: 416, "The requested range is not satisfiable",
            members: [Member("RangeRequested", asked), Member("ActualObjectSize", String(size))])
        error.headers = [WireHeader("content-range", "bytes */\(size)")]
        return error
    }

    static func notServed(_ what: String) -> AWSError {
        AWSError("NotImplemented", status: 501, "\(what) is not served by this exchange.")
    }
}
