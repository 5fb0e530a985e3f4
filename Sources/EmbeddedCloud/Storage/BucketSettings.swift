import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import S3API

/// What can be set on a bucket, and what clients ask of every bucket and none here has.
///
/// Source: Amazon S3 API Reference; which of them clients read, and the error that each expects, was seen
/// with Terraform.
struct BucketSettings: Sendable {
    static let tagsMax = 50

    let objects: ObjectStore

    var handlers: [Handler] {
        [
            Handler(getBucketTagging, on: { op, _ in .s3(bucket: op.bucket) }),
            Handler(putBucketTagging, on: { op, _ in .s3(bucket: op.bucket) }),
            Handler(
                deleteBucketTagging, action: { _ in "s3:PutBucketTagging" },
                on: { op, _ in .s3(bucket: op.bucket) }),
            Handler(
                getBucketEncryption, action: { _ in "s3:GetEncryptionConfiguration" },
                on: { op, _ in .s3(bucket: op.bucket) }),
            Handler(
                putBucketEncryption, action: { _ in "s3:PutEncryptionConfiguration" },
                on: { op, _ in .s3(bucket: op.bucket) }),
            Handler(getBucketAcl, on: { op, _ in .s3(bucket: op.bucket) }),
            Handler(
                getBucketAccelerateConfiguration, action: { _ in "s3:GetAccelerateConfiguration" },
                on: { op, _ in .s3(bucket: op.bucket) }),
            Handler(getBucketLogging, on: { op, _ in .s3(bucket: op.bucket) }),
            Handler(getBucketRequestPayment, on: { op, _ in .s3(bucket: op.bucket) }),
            none(
                S3.GetBucketCors.self, \.bucket, \.expectedBucketOwner, action: "s3:GetBucketCORS",
                "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
            none(
                S3.GetBucketWebsite.self, \.bucket, \.expectedBucketOwner,
                action: "s3:GetBucketWebsite", "NoSuchWebsiteConfiguration",
                "The specified bucket does not have a website configuration"),
            none(
                S3.GetBucketLifecycleConfiguration.self, \.bucket, \.expectedBucketOwner,
                action: "s3:GetLifecycleConfiguration", "NoSuchLifecycleConfiguration",
                "The lifecycle configuration does not exist"),
            none(
                S3.GetBucketReplication.self, \.bucket, \.expectedBucketOwner,
                action: "s3:GetReplicationConfiguration",
                "ReplicationConfigurationNotFoundError",
                "The replication configuration was not found"),
            none(
                S3.GetObjectLockConfiguration.self, \.bucket, \.expectedBucketOwner,
                action: "s3:GetBucketObjectLockConfiguration",
                "ObjectLockConfigurationNotFoundError",
                "Object Lock configuration does not exist for this bucket"),
        ]
    }

    /// Of a configuration that no bucket has.
    private func none<Operation: AWSOperation>(
        _: Operation.Type, _ bucket: any KeyPath<Operation, String> & Sendable,
        _ owner: any KeyPath<Operation, String?> & Sendable, action: String, _ code: String,
        _ message: String
    ) -> Handler {
        Handler(
            { (operation: Operation, request: Request) -> Operation.Response in
                let name = operation[keyPath: bucket]
                _ = try objects.bucket(
                    name, expectedOwner: operation[keyPath: owner])
                throw AWSError(
                    code, status: 404, message, members: [AWSError.Member("BucketName", name)])
            }, action: { _ in action },
            on: { operation, _ in .s3(bucket: operation[keyPath: bucket]) })
    }

    // MARK: Tags

    @Sendable func getBucketTagging(
        _ operation: S3.GetBucketTagging, _ request: Request
    ) async throws -> S3.GetBucketTagging.Response {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        guard let tags = bucket.tags else {
            throw AWSError(
                "NoSuchTagSet", status: 404, "The TagSet does not exist",
                members: [AWSError.Member("BucketName", operation.bucket)])
        }
        return .init(tagSet: tags.map { .init(key: $0.key, value: $0.value) })
    }

    @Sendable func putBucketTagging(
        _ operation: S3.PutBucketTagging, _ request: Request
    ) async throws -> EmptyResponse {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        let tags = operation.tagging.tagSet.map { BucketTag(key: $0.key, value: $0.value) }
        guard tags.count <= Self.tagsMax, Set(tags.map(\.key)).count == tags.count,
            tags.allSatisfy({ (1...128).contains($0.key.count) && $0.value.count <= 256 })
        else {
            throw AWSError(
                "InvalidTag",
                "A bucket has at most \(Self.tagsMax) tags, each key once, of 1 to 128 characters, "
                    + "with values of at most 256.")
        }
        try await objects.change(bucket, request) { $0.tags = tags }
        return EmptyResponse()
    }

    @Sendable func deleteBucketTagging(
        _ operation: S3.DeleteBucketTagging, _ request: Request
    ) async throws -> EmptyResponse {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        try await objects.change(bucket, request) { $0.tags = nil }
        return EmptyResponse()
    }

    // MARK: Encryption

    /// The volume's own, where the system says that there is one.
    @Sendable func getBucketEncryption(
        _ operation: S3.GetBucketEncryption, _ request: Request
    ) async throws -> S3.GetBucketEncryption.Response {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        guard try await isEncrypted(bucket) else {
            throw AWSError(
                "ServerSideEncryptionConfigurationNotFoundError", status: 404,
                "The server side encryption configuration was not found",
                members: [AWSError.Member("BucketName", operation.bucket)])
        }
        return .init(
            serverSideEncryptionConfiguration: .init(rules: [
                .init(applyServerSideEncryptionByDefault: .init(sseAlgorithm: .aes256))
            ]))
    }

    /// Nothing is set: what is asked for is there already, or cannot be had.
    @Sendable func putBucketEncryption(
        _ operation: S3.PutBucketEncryption, _ request: Request
    ) async throws -> EmptyResponse {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        let rules = operation.serverSideEncryptionConfiguration.rules
        guard rules.allSatisfy({ $0.applyServerSideEncryptionByDefault?.sseAlgorithm == .aes256 }),
            try await isEncrypted(bucket)
        else {
            throw AWSError.notServed(
                "Encryption other than the volume's own (which this one does not have, or not so)")
        }
        return EmptyResponse()
    }

    private func isEncrypted(_ bucket: Bucket) async throws -> Bool {
        let path = bucket.linkedPath ?? objects.files.root
        return try await Disk.run { BlockDevice(of: path)?.isEncrypted ?? false }
    }

    // MARK: What every bucket is

    @Sendable func getBucketAcl(
        _ operation: S3.GetBucketAcl, _ request: Request
    ) async throws -> S3.GetBucketAcl.Response {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        let owner = bucket.account.rawValue
        return .init(owner: .init(id: owner), grants: [.fullControl(of: owner)])
    }

    @Sendable func getBucketAccelerateConfiguration(
        _ operation: S3.GetBucketAccelerateConfiguration, _ request: Request
    ) async throws -> S3.GetBucketAccelerateConfiguration.Response {
        _ = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        return .init()
    }

    @Sendable func getBucketLogging(
        _ operation: S3.GetBucketLogging, _ request: Request
    ) async throws -> S3.GetBucketLogging.Response {
        _ = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        return .init()
    }

    @Sendable func getBucketRequestPayment(
        _ operation: S3.GetBucketRequestPayment, _ request: Request
    ) async throws -> S3.GetBucketRequestPayment.Response {
        _ = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        return .init(payer: .bucketOwner)
    }
}

extension ObjectStore {
    /// Changes a bucket, as it is when the change is made.
    func change(
        _ bucket: Bucket, _ request: Request, _ body: @escaping @Sendable (inout Bucket) -> Void
    ) async throws {
        try await state.change(recording: request.event) { db, state in
            var bucket = try bucket.current(db)
            body(&bucket)
            try bucket.update(db)
            state.storage.buckets[bucket.name] = bucket
        }
    }
}

/// A label of a bucket's, for its owner's own use.
struct BucketTag: Codable, Equatable, Sendable {
    var key: String
    var value: String
}
