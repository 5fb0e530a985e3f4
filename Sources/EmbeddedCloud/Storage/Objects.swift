import AWSAPI
import FoundationEssentials
import GRDB
import S3API

/// S3's operations on one object.
struct Objects: Sendable {
    let lake: LakeView

    private var objects: ObjectStore { lake.objects }

    var handlers: [Handler] {
        [
            Handler(
                headObject,
                action: { $0.versionId == nil ? "s3:GetObject" : "s3:GetObjectVersion" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                streaming: getObject,
                action: { $0.versionId == nil ? "s3:GetObject" : "s3:GetObjectVersion" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                putObject,
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                copyObject, action: { _ in "s3:PutObject" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                getObjectAcl,
                action: { $0.versionId == nil ? "s3:GetObjectAcl" : "s3:GetObjectVersionAcl" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                getObjectTagging,
                action: {
                    $0.versionId == nil ? "s3:GetObjectTagging" : "s3:GetObjectVersionTagging"
                },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
        ]
    }

    @Sendable func headObject(
        _ operation: S3.HeadObject, _ request: Request
    ) async throws -> S3.HeadObject.Response {
        let bucket = try lake.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner, for: request)
        let view = try await lake.view(
            of: operation.key, in: bucket, for: request.account, version: operation.versionId,
            conditions: ObjectConditions(
                ifMatch: operation.ifMatch, ifNoneMatch: operation.ifNoneMatch,
                ifModifiedSince: operation.ifModifiedSince,
                ifUnmodifiedSince: operation.ifUnmodifiedSince),
            range: operation.range, part: operation.partNumber)
        return view.headAnswer(to: operation)
    }

    @Sendable func getObject(
        _ operation: S3.GetObject, _ request: Request
    ) async throws -> (S3.GetObject.Response, ObjectBody) {
        let bucket = try lake.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner, for: request)
        let view = try await lake.view(
            of: operation.key, in: bucket, for: request.account, version: operation.versionId,
            conditions: ObjectConditions(
                ifMatch: operation.ifMatch, ifNoneMatch: operation.ifNoneMatch,
                ifModifiedSince: operation.ifModifiedSince,
                ifUnmodifiedSince: operation.ifUnmodifiedSince),
            range: operation.range, part: operation.partNumber)
        let body = try await refusing {
            try await objects.body(of: view.object, range: view.range)
        }
        return (view.getAnswer(to: operation), body)
    }

    @Sendable func putObject(
        _ operation: S3.PutObject, _ request: Request
    ) async throws -> S3.PutObject.Response {
        let bucket = try objects.writableBucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        try operation.checkServed()
        guard operation.writeOffsetBytes == nil else {
            throw AWSError.notServed("Appending to an object")
        }
        let upload = try request.upload(contentLength: operation.contentLength)
        let expectation = UploadExpectation(
            md5: try contentMD5(operation.contentMD5),
            checksum: try operation.announcedChecksum(),
            algorithm: try ObjectChecksum.Algorithm(operation.checksumAlgorithm))
        let conditions = WriteConditions(
            ifMatch: operation.ifMatch, ifNoneMatch: operation.ifNoneMatch)
        let arrival = try await refusing {
            try await objects.receive(
                upload, as: operation.key, in: bucket, attributes: operation.attributes,
                expecting: expectation, at: request.time)
        }
        let version = try await objects.publish(arrival, under: conditions, request)
        let checksum = version.attributes.checksum
        var answer = S3.PutObject.Response(
            eTag: version.etag, checksumType: checksum?.type,
            versionId: objects.versionID(of: version))
        answer.put(checksum)
        return answer
    }

    @Sendable func copyObject(
        _ operation: S3.CopyObject, _ request: Request
    ) async throws -> S3.CopyObject.Response {
        let bucket = try objects.writableBucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        try operation.checkServed()
        let source = try CopySource(operation.copySource)
        let replaces = operation.metadataDirective == .replace
        guard replaces || !source.isLatest(of: operation.key, in: operation.bucket) else {
            throw AWSError(
                "InvalidRequest",
                "This copy request is illegal because it is trying to copy an object to itself "
                    + "without changing the object's metadata.")
        }
        let view = try await lake.view(
            of: source, for: request, expectedOwner: operation.expectedSourceBucketOwner,
            conditions: ObjectConditions(
                ifMatch: operation.copySourceIfMatch, ifNoneMatch: operation.copySourceIfNoneMatch,
                ifModifiedSince: operation.copySourceIfModifiedSince,
                ifUnmodifiedSince: operation.copySourceIfUnmodifiedSince))
        guard view.object.size <= UploadFault.objectBytesMax else {
            throw AWSError(
                "InvalidRequest",
                "The specified copy source is larger than the maximum allowable size for a copy "
                    + "source: \(UploadFault.objectBytesMax)")
        }
        var attributes = replaces ? operation.attributes : view.attributes
        attributes.parts = nil
        let asked = try ObjectChecksum.Algorithm(operation.checksumAlgorithm)
        let expectation = UploadExpectation(
            algorithm: asked ?? view.attributes.checksum?.algorithm)
        let arrival = try await refusing { [attributes] in
            try await objects.receive(
                ObjectUpload(
                    copying: try await objects.body(of: view.object), while: request.isAdmitted),
                as: operation.key, in: bucket, attributes: attributes, expecting: expectation,
                at: request.time)
        }
        let conditions = WriteConditions(
            ifMatch: operation.ifMatch, ifNoneMatch: operation.ifNoneMatch)
        let version = try await objects.publish(arrival, under: conditions, request)
        let checksum = version.attributes.checksum
        var result = S3.CopyObjectResult(
            eTag: version.etag, lastModified: request.time, checksumType: checksum?.type)
        result.put(checksum)
        return .init(
            copyObjectResult: result, copySourceVersionId: view.versionID,
            versionId: objects.versionID(of: version))
    }

    /// Every object is its bucket's owner's, and nobody else is granted anything by list.
    @Sendable func getObjectAcl(
        _ operation: S3.GetObjectAcl, _ request: Request
    ) async throws -> S3.GetObjectAcl.Response {
        let bucket = try lake.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner, for: request)
        _ = try await lake.view(
            of: operation.key, in: bucket, for: request.account, version: operation.versionId)
        let owner = bucket.account.rawValue
        return .init(owner: .init(id: owner), grants: [.fullControl(of: owner)])
    }

    /// Objects have no tags here; clients that copy them ask for them all the same.
    @Sendable func getObjectTagging(
        _ operation: S3.GetObjectTagging, _ request: Request
    ) async throws -> S3.GetObjectTagging.Response {
        let bucket = try lake.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner, for: request)
        let view = try await lake.view(
            of: operation.key, in: bucket, for: request.account, version: operation.versionId)
        return .init(tagSet: [], versionId: view.versionID)
    }
}

extension S3.Grant {
    static func fullControl(of account: String) -> S3.Grant {
        .init(
            grantee: .init(type: .canonicalUser, id: account),
            permission: .fullControl)
    }
}

extension ObjectStore {
    /// Makes an arrival an object, or takes its bytes away again.
    func publish(
        _ arrival: ObjectArrival, under conditions: WriteConditions, _ request: Request
    ) async throws -> ObjectVersion {
        do {
            let (version, replaced) = try await state.change(recording: request.event) { db, _ in
                let version = arrival.version
                try conditions.check(
                    try ObjectVersion.latest(version.key, in: version.bucket, db), of: version.key)
                return try arrival.publish(in: db)
            }
            discard([replaced].compactMap { $0 })
            return version
        } catch {
            try await arrival.discard()
            throw error
        }
    }

    /// What an answer says of a version that was just made.
    func versionID(of version: ObjectVersion) -> String? {
        bucket(named: version.bucket.rawValue)?.versionID(version.name)
    }

    /// Removes the files of versions that have no row any more.
    func discard(_ versions: [ObjectVersion]) {
        for version in versions { files.removeLater(version) }
    }
}

extension LakeView {
    /// The object, or the part of it, that a reader wants and may have.
    ///
    /// - Parameters:
    ///   - range: The header's text.
    ///   - part: The number of an upload's part, from 1.
    func view(
        of key: String, in bucket: Bucket, for reader: AccountID, version: String? = nil,
        conditions: ObjectConditions = ObjectConditions(), range: String? = nil, part: Int? = nil
    ) async throws -> ObjectView {
        // Where no versions are kept, an object's only one is called "null".
        let version = bucket.isLinked && version == "null" ? nil : version
        if let version, bucket.isLinked { throw AWSError.noSuchVersion(key, version) }
        let found = try await refusing {
            try await find(key, in: bucket, version: version, for: reader)
        }
        guard let (object, attributes) = found else {
            throw version.map { AWSError.noSuchVersion(key, $0) } ?? .noSuchKey(key)
        }
        switch conditions.failure(for: object.etag, lastModified: object.lastModified) {
        case .preconditionFailed: throw AWSError.preconditionFailed("If-Match")
        case .notModified: throw AWSError.notModified(object)
        case nil: break
        }
        if let part {
            guard range == nil else {
                throw AWSError(
                    "InvalidRequest",
                    "Cannot specify both Range header and partNumber query parameter")
            }
            let bytes = try attributes.bytes(ofPart: part, in: object)
            return ObjectView(
                object: object, versionID: bucket.versionID(object.versionName),
                attributes: attributes, part: object.size == 0 ? nil : bytes, isByNumber: true)
        }
        guard let range, let asked = ByteRange(range) else {
            return ObjectView(
                object: object, versionID: bucket.versionID(object.versionName),
                attributes: attributes, part: nil)
        }
        guard let bytes = asked.within(object.size) else {
            throw AWSError.invalidRange(range, size: object.size)
        }
        return ObjectView(
            object: object, versionID: bucket.versionID(object.versionName),
            attributes: attributes, part: bytes)
    }
}

extension Bucket {
    /// What an answer says of a version: nothing, where versions were never asked for.
    func versionID(_ name: String?) -> String? { versioning == nil ? nil : name }
}

extension ObjectAttributes {
    /// Where a part's bytes are. An object that came in one piece is its own only part.
    fileprivate func bytes(
        ofPart number: Int, in object: StoredObject
    ) throws(AWSError) -> Range<Int> {
        let parts = parts ?? [object.size]
        guard (1...parts.count).contains(number) else {
            throw AWSError(
                "InvalidPartNumber", status: 416, "The requested partnumber is not satisfiable")
        }
        let start = parts[..<(number - 1)].reduce(0, +)
        return start..<(start + parts[number - 1])
    }
}
