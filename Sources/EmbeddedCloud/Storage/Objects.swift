import AWSAPI
import FoundationEssentials
import GRDB
import S3API

/// S3's operations on objects.
struct Objects: Sendable {
    let objects: ObjectStore

    var handlers: [Handler] {
        [
            Handler(
                headObject,
                on: { operation, _ in
                    .s3(bucket: operation.bucket, key: operation.key)
                }),
            Handler(
                streaming: getObject,
                on: { operation, _ in
                    .s3(bucket: operation.bucket, key: operation.key)
                }),
            Handler(
                putObject,
                on: { operation, _ in
                    .s3(bucket: operation.bucket, key: operation.key)
                }),
            Handler(
                deleteObject,
                on: { operation, _ in
                    .s3(bucket: operation.bucket, key: operation.key)
                }),
        ]
    }

    @Sendable func headObject(
        _ operation: S3.HeadObject, _ request: Request
    ) async throws -> S3.HeadObject.Response {
        let bucket = try objects.bucket(
            operation.bucket, of: request, expectedOwner: operation.expectedBucketOwner)
        let view = try await view(
            of: operation.key, in: bucket, version: operation.versionId,
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
        let bucket = try objects.bucket(
            operation.bucket, of: request, expectedOwner: operation.expectedBucketOwner)
        let view = try await view(
            of: operation.key, in: bucket, version: operation.versionId,
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

    /// The object, or the part of it, that the reader wants and may have.
    private func view(
        of key: String, in bucket: Bucket, version: String?, conditions: ObjectConditions,
        range header: String?, part: Int?
    ) async throws -> ObjectView {
        guard part == nil || part == 1 else {
            throw AWSError.notServed("An object in parts (partNumber)")
        }
        // Where no versions are kept, an object's only one is called "null".
        let version = bucket.isLinked && version == "null" ? nil : version
        if let version, bucket.isLinked { throw AWSError.noSuchVersion(key, version) }
        let found = try await refusing {
            try await objects.find(key, in: bucket, version: version)
        }
        guard let (object, attributes) = found else {
            throw version.map { AWSError.noSuchVersion(key, $0) } ?? .noSuchKey(key)
        }
        switch conditions.failure(for: object.etag, lastModified: object.lastModified) {
        case .preconditionFailed: throw AWSError.preconditionFailed("If-Match")
        case .notModified: throw AWSError.notModified(object)
        case nil: break
        }
        guard let header, let asked = ByteRange(header) else {
            return ObjectView(object: object, attributes: attributes, part: nil)
        }
        guard let part = asked.within(object.size) else {
            throw AWSError.invalidRange(header, size: object.size)
        }
        return ObjectView(object: object, attributes: attributes, part: part)
    }

    @Sendable func putObject(
        _ operation: S3.PutObject, _ request: Request
    ) async throws -> S3.PutObject.Response {
        let bucket = try objects.writableBucket(
            operation.bucket, of: request, expectedOwner: operation.expectedBucketOwner)
        try operation.checkServed()
        let upload = try request.upload(of: operation)
        let attributes = try operation.attributes()
        let md5 = try operation.md5()
        return try await refusing {
            let arrival = try await objects.receive(
                upload, as: operation.key, in: bucket, attributes: attributes, md5: md5,
                at: request.time)
            do {
                try await objects.state.change(recording: request.event) { db, _ in
                    try operation.checkConditions(in: bucket, db)
                    try arrival.publish(in: db)
                }
            } catch {
                try await arrival.discard()
                throw error
            }
            return operation.answer(arrival)
        }
    }

    /// Hides the object behind a delete marker; its versions are kept, since a revision may need them.
    @Sendable func deleteObject(
        _ operation: S3.DeleteObject, _ request: Request
    ) async throws -> S3.DeleteObject.Response {
        let bucket = try objects.writableBucket(
            operation.bucket, of: request, expectedOwner: operation.expectedBucketOwner)
        guard operation.versionId == nil else {
            throw AWSError.notServed("Deleting one version for good")
        }
        guard (1...LinkedKey.bytesMax).contains(operation.key.utf8.count) else {
            throw AWSError.noSuchKey(operation.key)
        }
        let marker = ObjectVersion(
            id: UUID().uuidString.lowercased(), bucket: bucket.name, key: operation.key, etag: "",
            attributes: ObjectAttributes(), createdAt: request.time, isDeleteMarker: true)
        try await objects.state.change(recording: request.event) { db, _ in
            try marker.publish(in: db)
        }
        return .init(deleteMarker: true, versionId: marker.id)
    }
}
