import AWSAPI
import DataExchangeAPI
import FoundationEssentials

/// Why a job ended in ERROR, as GetJob tells it.
struct JobFault: Error, Codable, Equatable, Sendable {
    enum Code: String, Codable, Sendable {
        case accessDenied = "ACCESS_DENIED_EXCEPTION"
        case resourceNotFound = "RESOURCE_NOT_FOUND_EXCEPTION"
        case validation = "VALIDATION_EXCEPTION"
        case serviceQuotaExceeded = "SERVICE_QUOTA_EXCEEDED_EXCEPTION"
        case internalServer = "INTERNAL_SERVER_EXCEPTION"
    }

    struct Limit: Codable, Equatable, Sendable {
        /// The model's `LimitName`.
        var name: String
        var value: Int
    }

    struct Resource: Codable, Equatable, Sendable {
        /// `REVISION`, `ASSET` or `DATA_SET`.
        var type: String
        var id: ExchangeID
    }

    var code: Code
    var message: String
    var objects: [JobTask.ObjectName] = []
    var limit: Limit?
    var resource: Resource?
    /// The asset that was to come by a signed URL.
    var upload: String?

    static func notUploaded(_ name: String) -> JobFault {
        JobFault(
            code: .resourceNotFound, message: "\(name) was not uploaded to the signed URL.",
            upload: name)
    }

    static func otherUpload(_ name: String) -> JobFault {
        JobFault(
            code: .validation, message: "What was uploaded as \(name) has another MD5.",
            upload: name)
    }

    static func noBucket(_ bucket: String) -> JobFault {
        JobFault(code: .resourceNotFound, message: "There is no bucket \(bucket).")
    }

    static func foreignBucket(_ bucket: String) -> JobFault {
        JobFault(code: .accessDenied, message: "The bucket \(bucket) is another account's.")
    }

    static func noObjects(_ names: [JobTask.ObjectName]) -> JobFault {
        JobFault(
            code: .resourceNotFound,
            message: names.count == 1
                ? "There is no object \(names[0].key)." : "\(names.count) objects are not there.",
            objects: names)
    }

    static func finalized(_ revision: ExchangeID) -> JobFault {
        JobFault(
            code: .validation, message: "The revision is finalized, so nothing can be added.",
            resource: Resource(type: "REVISION", id: revision))
    }

    static let noRevision = JobFault(
        code: .resourceNotFound, message: "The revision is not there any more.")

    static func noDataSet(_ id: ExchangeID) -> JobFault {
        JobFault(
            code: .resourceNotFound, message: "The data set is not there any more.",
            resource: Resource(type: "DATA_SET", id: id))
    }

    static func noAsset(_ id: ExchangeID) -> JobFault {
        JobFault(
            code: .resourceNotFound, message: "The revision has no asset \(id).",
            resource: Resource(type: "ASSET", id: id))
    }

    static func foreignDataShare(_ arn: String) -> JobFault {
        JobFault(code: .accessDenied, message: "The data share \(arn) is another account's.")
    }

    static func notWritable(_ bucket: String) -> JobFault {
        JobFault(
            code: .validation,
            message: "\(bucket) is a linked directory, which is never written: name another bucket."
        )
    }

    static func longKey(_ key: String) -> JobFault {
        JobFault(
            code: .validation, message: "A key would be longer than 1024 bytes: \(key.prefix(100))…"
        )
    }

    static let sameKey = JobFault(
        code: .validation, message: "Two assets would have the same key in the same bucket.")

    static let changed = JobFault(
        code: .validation,
        message: "The provider changed the file of an asset in place after it was published.")

    static let cutOff = JobFault(code: .accessDenied, message: "The account is cut off.")

    static func limit(_ name: String, _ value: Int, _ revision: ExchangeID) -> JobFault {
        JobFault(
            code: .serviceQuotaExceeded, message: "\(name): \(value) at most.",
            limit: Limit(name: name, value: value),
            resource: Resource(type: "REVISION", id: revision))
    }

    static let internalFailure = JobFault(
        code: .internalServer, message: "The job failed inside the exchange. Its log has the cause."
    )

    var shape: DataExchange.JobError {
        .init(
            code: .init(rawValue: code.rawValue), message: message,
            details: objects.isEmpty && upload == nil
                ? nil
                : .init(
                    importAssetFromSignedUrlJobErrorDetails: upload.map { .init(assetName: $0) },
                    importAssetsFromS3JobErrorDetails: objects.isEmpty
                        ? nil : objects.map { .init(bucket: $0.bucket, key: $0.key) }),
            limitName: limit.map { .init(rawValue: $0.name) },
            limitValue: limit.map { Double($0.value) }, resourceId: resource?.id.rawValue,
            resourceType: resource.map { .init(rawValue: $0.type) })
    }
}
