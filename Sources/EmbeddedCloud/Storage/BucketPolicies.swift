import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import S3API

/// A bucket's own policy: whom its owner lets in, and whom not.
struct BucketPolicies: Sendable {
    let objects: ObjectStore

    var handlers: [Handler] {
        [
            Handler(getBucketPolicy, on: { operation, _ in .s3(bucket: operation.bucket) }),
            Handler(putBucketPolicy, on: { operation, _ in .s3(bucket: operation.bucket) }),
            Handler(deleteBucketPolicy, on: { operation, _ in .s3(bucket: operation.bucket) }),
        ]
    }

    @Sendable func getBucketPolicy(
        _ operation: S3.GetBucketPolicy, _ request: Request
    ) async throws -> S3.GetBucketPolicy.Response {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        guard let policy = bucket.policy else {
            throw AWSError(
                "NoSuchBucketPolicy", status: 404, "The bucket policy does not exist",
                members: [AWSError.Member("BucketName", operation.bucket)])
        }
        return .init(policy: policy)
    }

    /// Kept and given back as it was written.
    @Sendable func putBucketPolicy(
        _ operation: S3.PutBucketPolicy, _ request: Request
    ) async throws -> EmptyResponse {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        let document: PolicyDocument
        do throws(PolicyFault) {
            document = try PolicyDocument(parsing: operation.policy, as: .resource)
        } catch {
            throw AWSError("MalformedPolicy", "\(error)")
        }
        let own = ARN.s3(bucket: bucket.name.rawValue).description
        guard document.statements.allSatisfy({ $0.isAbout(own) }) else {
            throw AWSError(
                "MalformedPolicy",
                "Policy has invalid resource: every Resource must be \(own) or "
                    + "begin with \(own)/.")
        }
        let text = operation.policy
        try await objects.state.change(recording: request.event) { db, state in
            try state.storage.setPolicy(text, document, of: bucket, db)
        }
        return EmptyResponse()
    }

    @Sendable func deleteBucketPolicy(
        _ operation: S3.DeleteBucketPolicy, _ request: Request
    ) async throws -> EmptyResponse {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        try await objects.state.change(recording: request.event) { db, state in
            try state.storage.setPolicy(nil, nil, of: bucket, db)
        }
        return EmptyResponse()
    }
}

extension StorageState {
    /// What a policy that cannot be read any more stands for: its bucket is closed, but for mending it.
    static let closed = PolicyDocument([
        .init(
            .deny, sid: "UnreadablePolicy", principals: [.everyone],
            actions: ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*", "s3:List*"])
    ])

    mutating func setPolicy(
        _ text: String?, _ document: PolicyDocument?, of bucket: Bucket, _ db: Database
    ) throws {
        var bucket = try bucket.current(db)
        bucket.policy = text
        try bucket.update(db)
        buckets[bucket.name] = bucket
        policies[bucket.name] = document
    }
}

extension PolicyDocument.Statement {
    /// Whether every resource is the bucket, or something in it.
    fileprivate func isAbout(_ bucket: String) -> Bool {
        let named: [String]
        switch resources {
        case .only(let resources), .allBut(let resources): named = resources
        case nil: return false
        }
        return named.allSatisfy { $0 == bucket || $0.hasPrefix(bucket + "/") }
    }
}
