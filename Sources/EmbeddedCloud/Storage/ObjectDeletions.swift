import AWSAPI
import FoundationEssentials
import GRDB
import S3API

/// S3's operations that take objects away.
///
/// Where versions are kept, deleting an object hides it behind a marker; deleting a version by its id is for
/// good. A published revision has its own link to the bytes, and goes on reading them.
struct ObjectDeletions: Sendable {
    /// Keys in one request.
    static let keysMax = 1_000

    let objects: ObjectStore

    var handlers: [Handler] {
        [
            Handler(
                deleteObject,
                action: { $0.versionId == nil ? "s3:DeleteObject" : "s3:DeleteObjectVersion" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                deleteObjects, action: { _ in nil },
                on: { operation, _ in .s3(bucket: operation.bucket) }),
        ]
    }

    @Sendable func deleteObject(
        _ operation: S3.DeleteObject, _ request: Request
    ) async throws -> S3.DeleteObject.Response {
        let bucket = try objects.writableBucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        let target = DeletionTarget(
            key: operation.key, version: operation.versionId, ifMatch: operation.ifMatch)
        let deletion = try await delete([target], except: [nil], in: bucket, request)[0].get()
        return .init(
            deleteMarker: deletion.isMarker ? true : nil,
            versionId: deletion.version)
    }

    @Sendable func deleteObjects(
        _ operation: S3.DeleteObjects, _ request: Request
    ) async throws -> S3.DeleteObjects.Response {
        let bucket = try objects.writableBucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        guard (1...Self.keysMax).contains(operation.delete.objects.count) else {
            throw AWSError(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published "
                    + "schema: 1 to \(Self.keysMax) objects can be deleted at once.")
        }
        let targets = operation.delete.objects.map {
            DeletionTarget(key: $0.key, version: $0.versionId, ifMatch: $0.eTag)
        }
        let refusals = targets.map { target in target.refusal(in: bucket, request) }
        if let refusal = refusals.first, refusals.allSatisfy({ $0 != nil }) {
            throw refusal ?? .accessDenied(.s3)
        }
        let outcomes = try await delete(targets, except: refusals, in: bucket, request)
        var answer = S3.DeleteObjects.Response(deleted: [], errors: [])
        for (target, outcome) in zip(targets, outcomes) {
            switch outcome {
            case .success(let deletion):
                guard operation.delete.quiet != true else { continue }
                answer.deleted?.append(
                    .init(
                        key: target.key, versionId: target.version,
                        deleteMarker: deletion.isMarker ? true : nil,
                        deleteMarkerVersionId: deletion.isMarker ? deletion.version : nil))
            case .failure(let error):
                answer.errors?.append(
                    .init(
                        key: target.key, versionId: target.version, code: error.code,
                        message: error.message))
            }
        }
        return answer
    }

    /// All of them in one transaction, each with an outcome of its own.
    ///
    /// - Parameter refusals: Of the targets, in their order, that the caller may not delete.
    private func delete(
        _ targets: [DeletionTarget], except refusals: [AWSError?], in bucket: Bucket,
        _ request: Request
    ) async throws -> [Result<Deletion, AWSError>] {
        let outcomes = try await objects.state.change(recording: request.event) { db, _ in
            try zip(targets, refusals).map { target, refusal -> Result<Deletion, AWSError> in
                if let refusal { return .failure(refusal) }
                do {
                    return .success(try target.delete(from: bucket, at: request.time, db))
                } catch let error as AWSError {
                    return .failure(error)
                }
            }
        }
        objects.discard(outcomes.compactMap { try? $0.get().removed })
        return outcomes
    }
}

/// One object, or one version of it, that is to go.
struct DeletionTarget: Sendable {
    var key: String
    /// Nil: the object is hidden.
    var version: String?
    var ifMatch: String?

    /// Why the caller may not delete it. Nil: it may.
    fileprivate func refusal(in bucket: Bucket, _ request: Request) -> AWSError? {
        let action = version == nil ? "s3:DeleteObject" : "s3:DeleteObjectVersion"
        do throws(AWSError) {
            try request.authorize(action, .s3(bucket: bucket.name.rawValue, key: key))
            return nil
        } catch {
            return error
        }
    }

    func delete(from bucket: Bucket, at time: Date, _ db: Database) throws -> Deletion {
        guard (1...LinkedKey.bytesMax).contains(key.utf8.count) else {
            throw AWSError.noSuchKey(key)
        }
        if let ifMatch {
            try WriteConditions(ifMatch: ifMatch)
                .check(try ObjectVersion.latest(key, in: bucket.name, db), of: key)
        }
        guard let version else { return try hide(in: bucket, at: time, db) }
        // A version that is not there is as good as deleted.
        guard let row = try ObjectVersion.named(version, of: key, in: bucket.name, db) else {
            return Deletion(version: version, isMarker: false)
        }
        try row.remove(from: db)
        return Deletion(version: version, isMarker: row.isDeleteMarker, removed: row)
    }

    /// Deletes the object, as far as its bucket does that.
    private func hide(in bucket: Bucket, at time: Date, _ db: Database) throws -> Deletion {
        let versioning = try bucket.current(db).versioning
        guard versioning != nil else {
            let row = try ObjectVersion.latest(key, in: bucket.name, db)
            try row?.remove(from: db)
            return Deletion(version: nil, isMarker: false, removed: row)
        }
        let marker = ObjectVersion(
            id: UUID().uuidString.lowercased(), bucket: bucket.name, key: key, etag: "",
            attributes: ObjectAttributes(), createdAt: time, isDeleteMarker: true)
        let (kept, replaced) = try marker.publish(in: bucket, db)
        return Deletion(version: kept.name, isMarker: true, removed: replaced)
    }
}

/// What became of a target.
struct Deletion: Sendable {
    /// The marker that was made, or the version that is gone. Nil where there are no versions.
    var version: String?
    /// Of `version`: it is, or was, a delete marker.
    var isMarker: Bool
    /// Its bytes are nobody's any more.
    var removed: ObjectVersion?
}
