import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import S3API

/// S3's operations on buckets.
struct Buckets: Sendable {
    static let perAccountMax = 100
    static let pageMax = 10_000

    let lake: LakeView
    let region: String

    var state: StateStore { objects.state }

    private var objects: ObjectStore { lake.objects }

    var handlers: [Handler] {
        [
            Handler(listBuckets, action: { _ in "s3:ListAllMyBuckets" }),
            Handler(createBucket, on: { operation, _ in .s3(bucket: operation.bucket) }),
            Handler(deleteBucket, on: { operation, _ in .s3(bucket: operation.bucket) }),
            Handler(
                headBucket, action: { _ in "s3:ListBucket" },
                on: { operation, _ in .s3(bucket: operation.bucket) }),
            Handler(getBucketLocation, on: { operation, _ in .s3(bucket: operation.bucket) }),
            Handler(getBucketVersioning, on: { operation, _ in .s3(bucket: operation.bucket) }),
            Handler(putBucketVersioning, on: { operation, _ in .s3(bucket: operation.bucket) }),
        ]
    }

    @Sendable func listBuckets(
        _ operation: S3.ListBuckets, _ request: Request
    ) async throws -> S3.ListBuckets.Response {
        let max = operation.maxBuckets ?? Self.pageMax
        guard (1...Self.pageMax).contains(max) else {
            throw AWSError.invalidArgument(
                "max-buckets", String(max), "max-buckets must be 1 to \(Self.pageMax).")
        }
        let prefix = operation.prefix ?? ""
        let after = operation.continuationToken ?? ""
        let isHere = operation.bucketRegion == nil || operation.bucketRegion == region
        let own = state.current.storage.buckets.values
            .filter { $0.account == request.account && isHere }
            .sorted { $0.name.rawValue < $1.name.rawValue }
            .filter { $0.name.rawValue.hasPrefix(prefix) && $0.name.rawValue > after }
        let page = own.prefix(max)
        return .init(
            buckets: page.map {
                .init(name: $0.name.rawValue, creationDate: $0.createdAt, bucketRegion: region)
            },
            owner: .init(id: request.account.rawValue),
            continuationToken: page.count < own.count ? page.last?.name.rawValue : nil,
            prefix: operation.prefix)
    }

    @Sendable func createBucket(
        _ operation: S3.CreateBucket, _ request: Request
    ) async throws -> S3.CreateBucket.Response {
        guard let name = BucketName(rawValue: operation.bucket) else {
            throw AWSError.invalidBucketName(operation.bucket)
        }
        let asked = operation.createBucketConfiguration?.locationConstraint?.rawValue
        guard asked == nil || asked == region else {
            throw AWSError(
                "IllegalLocationConstraintException",
                "This exchange's buckets are in \(region), not in \(asked ?? "").")
        }
        guard operation.acl == nil || operation.acl == .private,
            operation.objectLockEnabledForBucket != true
        else { throw AWSError.notServed("A bucket with an access list or object lock") }
        try await state.change(recording: request.event) { db, state in
            try state.storage.add(
                Bucket(name: name, account: request.account, createdAt: request.time), db)
        }
        return .init(location: "/\(name)", bucketArn: ARN.s3(bucket: name.rawValue).description)
    }

    @Sendable func headBucket(
        _ operation: S3.HeadBucket, _ request: Request
    ) async throws -> S3.HeadBucket.Response {
        let bucket = try lake.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner, for: request)
        return .init(
            bucketArn: ARN.s3(bucket: bucket.name.rawValue).description, bucketRegion: region,
            accessPointAlias: bucket.name.rawValue != operation.bucket)
    }

    @Sendable func getBucketLocation(
        _ operation: S3.GetBucketLocation, _ request: Request
    ) async throws -> S3.GetBucketLocation.Response {
        _ = try lake.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner, for: request)
        // The oldest region is the one that has no name here.
        return .init(locationConstraint: region == "us-east-1" ? nil : .init(rawValue: region))
    }

    /// A linked directory has no versions.
    @Sendable func getBucketVersioning(
        _ operation: S3.GetBucketVersioning, _ request: Request
    ) async throws -> S3.GetBucketVersioning.Response {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        return .init(status: bucket.versioning.map { .init(rawValue: $0.rawValue) })
    }

    @Sendable func putBucketVersioning(
        _ operation: S3.PutBucketVersioning, _ request: Request
    ) async throws -> EmptyResponse {
        let bucket = try objects.writableBucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        let asked = operation.versioningConfiguration
        guard let versioning = asked.status.flatMap({ BucketVersioning(rawValue: $0.rawValue) })
        else {
            throw AWSError(
                "IllegalVersioningConfigurationException",
                "The Versioning element must be specified: Enabled or Suspended.")
        }
        guard asked.mfaDelete != .enabled else {
            throw AWSError.notServed("A bucket that asks for a second factor")
        }
        try await objects.change(bucket, request) { $0.versioning = versioning }
        return EmptyResponse()
    }

    /// - Throws: `BucketNotEmpty` where it has versions, hidden ones too, or unfinished uploads.
    @Sendable func deleteBucket(
        _ operation: S3.DeleteBucket, _ request: Request
    ) async throws -> EmptyResponse {
        let bucket = try objects.writableBucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        try await objects.state.change(recording: request.event) { db, state in
            let bucket = try bucket.current(db)
            let isEmpty =
                try ObjectVersion.filter(Column("bucket") == bucket.name.rawValue).isEmpty(db)
                && MultipartUploadRow.filter(
                    Column("bucket") == bucket.name.rawValue && Column("version") == nil
                ).isEmpty(db)
            guard isEmpty else { throw AWSError.bucketNotEmpty(bucket.name) }
            try MultipartUploadRow.filter(Column("bucket") == bucket.name.rawValue).deleteAll(db)
            try bucket.delete(db)
            state.storage.buckets[bucket.name] = nil
            state.storage.policies[bucket.name] = nil
        }
        return EmptyResponse()
    }
}

extension StorageState {
    /// Makes a bucket, unless its name is taken or its account has too many.
    mutating func add(_ bucket: Bucket, _ db: Database) throws {
        if let known = buckets[bucket.name] {
            throw known.account == bucket.account
                ? AWSError.bucketAlreadyOwnedByYou(bucket.name.rawValue)
                : AWSError.bucketAlreadyExists(bucket.name.rawValue)
        }
        guard buckets.values.count(where: { $0.account == bucket.account }) < Buckets.perAccountMax
        else {
            throw AWSError(
                "TooManyBuckets", "An account can have \(Buckets.perAccountMax) buckets.")
        }
        try bucket.insert(db)
        buckets[bucket.name] = bucket
    }
}

extension ObjectStore {
    /// The bucket. That the caller may do with it what it asks was decided before.
    ///
    /// - Throws: `NoSuchBucket`, then `AccessDenied`.
    func bucket(_ name: String, expectedOwner: String?) throws(AWSError) -> Bucket {
        guard let bucket = bucket(named: name) else { throw .noSuchBucket(name) }
        guard expectedOwner == nil || expectedOwner == bucket.account.rawValue else {
            throw .accessDenied(.s3)
        }
        return bucket
    }

    /// The same, for whatever would change it.
    func writableBucket(_ name: String, expectedOwner: String?) throws(AWSError) -> Bucket {
        let bucket = try bucket(name, expectedOwner: expectedOwner)
        guard !bucket.isLinked else { throw .linkedBucket(bucket.name) }
        return bucket
    }
}

/// Turns the faults of the storage into S3's refusals.
func refusing<Value>(_ work: () async throws -> Value) async throws -> Value {
    do {
        return try await work()
    } catch let fault as LinkFault {
        throw AWSError.unreadableLink(fault)
    } catch let fault as ObjectChanged where fault.object.guarantee != nil {
        // Trying again would not help, so nobody is told to.
        throw AWSError(
            "InvalidObjectState", status: 403,
            "The provider changed the file of this object in place after it was published: it can be read "
                + "again once it has been published anew.",
            members: [AWSError.Member("Key", fault.object.key)])
    } catch is ObjectChanged {
        throw AWSError(
            "OperationAborted", status: 409,
            "The object changed while it was being read. Please try again.")
    } catch let fault as UploadFault {
        throw AWSError(fault)
    }
}
