import AWSAPI
import FoundationEssentials
import GRDB
import Ledger
import S3API

/// S3's operations on uploads in parts, but for the last one.
///
/// Parts are files of their own that nobody sees; completing makes one object of them.
///
/// Source: Amazon S3 User Guide, "Uploading and copying objects using multipart upload".
struct MultipartUploads: Sendable {
    static let partNumbers = 1...10_000
    static let pageMax = 1_000

    let lake: LakeView

    var objects: ObjectStore { lake.objects }
    /// Clients who do not get the answer in time ask again while the parts are still being joined.
    let joins = SingleFlight()

    var handlers: [Handler] {
        [
            Handler(
                create, action: { _ in "s3:PutObject" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                uploadPart, action: { _ in "s3:PutObject" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                uploadPartCopy, action: { _ in "s3:PutObject" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                complete, action: { _ in "s3:PutObject" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                abort,
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                listParts, action: { _ in "s3:ListMultipartUploadParts" },
                on: { operation, _ in .s3(bucket: operation.bucket, key: operation.key) }),
            Handler(
                listUploads, action: { _ in "s3:ListBucketMultipartUploads" },
                on: { operation, _ in .s3(bucket: operation.bucket) }),
        ]
    }

    @Sendable func create(
        _ operation: S3.CreateMultipartUpload, _ request: Request
    ) async throws -> S3.CreateMultipartUpload.Response {
        let bucket = try objects.writableBucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        try operation.checkServed()
        let algorithm = try ObjectChecksum.Algorithm(operation.checksumAlgorithm)
        let upload = MultipartUploadRow(
            id: UUID().uuidString.lowercased(), bucket: bucket.name, key: operation.key,
            attributes: operation.attributes, checksumAlgorithm: algorithm,
            checksumIsComposite: try algorithm.map { algorithm throws(AWSError) in
                try algorithm.isComposite(asked: operation.checksumType)
            } ?? false,
            initiator: request.caller.arn.description, createdAt: request.time)
        try await objects.state.change(recording: request.event) { db, _ in
            _ = try bucket.current(db)
            try MultipartUploadRow.forgetCompleted(before: request.time, db)
            try upload.insert(db)
        }
        return .init(
            bucket: operation.bucket, key: operation.key, uploadId: upload.id,
            checksumAlgorithm: algorithm?.wire, checksumType: upload.checksumType)
    }

    @Sendable func uploadPart(
        _ operation: S3.UploadPart, _ request: Request
    ) async throws -> S3.UploadPart.Response {
        let upload = try await objects.openUpload(
            operation.uploadId, of: operation.key, in: operation.bucket, for: request,
            expectedOwner: operation.expectedBucketOwner)
        let bytes = try request.upload(contentLength: operation.contentLength)
        let expectation = UploadExpectation(
            md5: try contentMD5(operation.contentMD5),
            checksum: try operation.announcedChecksum(), algorithm: upload.checksumAlgorithm)
        let announced = expectation.checksum?.algorithm ?? bytes.trailingAlgorithm
        guard announced == nil || announced == upload.checksumAlgorithm ?? announced else {
            throw AWSError(
                "InvalidRequest",
                "Checksum Type mismatch occurred, expected checksum Type: "
                    + "\(upload.checksumAlgorithm?.rawValue ?? "null"), actual checksum Type: "
                    + "\(announced?.rawValue ?? "null")")
        }
        let part = try await receive(
            bytes, as: operation.partNumber, of: upload, expecting: expectation, request)
        var answer = S3.UploadPart.Response(eTag: part.etag)
        answer.put(part.checksum)
        return answer
    }

    @Sendable func uploadPartCopy(
        _ operation: S3.UploadPartCopy, _ request: Request
    ) async throws -> S3.UploadPartCopy.Response {
        let upload = try await objects.openUpload(
            operation.uploadId, of: operation.key, in: operation.bucket, for: request,
            expectedOwner: operation.expectedBucketOwner)
        let view = try await lake.view(
            of: try CopySource(operation.copySource), for: request,
            expectedOwner: operation.expectedSourceBucketOwner,
            conditions: ObjectConditions(
                ifMatch: operation.copySourceIfMatch, ifNoneMatch: operation.copySourceIfNoneMatch,
                ifModifiedSince: operation.copySourceIfModifiedSince,
                ifUnmodifiedSince: operation.copySourceIfUnmodifiedSince))
        var range: Range<Int>?
        if let text = operation.copySourceRange {
            guard let asked = ByteRange.exactly(text, within: view.object.size) else {
                throw AWSError.invalidArgument(
                    "x-amz-copy-source-range", text,
                    "The x-amz-copy-source-range value must be of the form bytes=first-last where "
                        + "first and last are the zero-based offsets of the first and last bytes to copy"
                )
            }
            range = asked
        }
        let body = try await refusing { [range] in
            try await objects.body(of: view.object, range: range)
        }
        let part = try await receive(
            ObjectUpload(copying: body, while: request.isAdmitted), as: operation.partNumber,
            of: upload,
            expecting: UploadExpectation(algorithm: upload.checksumAlgorithm), request)
        var result = S3.CopyPartResult(eTag: part.etag, lastModified: part.modifiedAt)
        result.put(part.checksum)
        return .init(copySourceVersionId: view.versionID, copyPartResult: result)
    }

    /// Takes a part in. One of the same number is replaced, once this one is there.
    private func receive(
        _ bytes: ObjectUpload, as number: Int, of upload: MultipartUploadRow,
        expecting expectation: UploadExpectation, _ request: Request
    ) async throws -> UploadPartRow {
        guard Self.partNumbers.contains(number) else {
            throw AWSError.invalidArgument(
                "partNumber", String(number),
                "Part number must be an integer between \(Self.partNumbers.lowerBound) and "
                    + "\(Self.partNumbers.upperBound), inclusive")
        }
        return try await refusing {
            let file = try await objects.receive(bytes, expecting: expectation)
            let part = UploadPartRow(
                upload: upload.id, number: number, file: UUID().uuidString.lowercased(),
                size: file.size, etag: file.etag, checksum: file.checksum,
                modifiedAt: request.time)
            do {
                try await Disk.run { [files = objects.files] in
                    try files.place(file.path, asPart: part)
                }
            } catch {
                try await file.discard()
                throw error
            }
            do {
                let replaced = try await objects.state.change(recording: request.event) { db, _ in
                    // It may have been completed or aborted meanwhile.
                    _ = try MultipartUploadRow.open(upload.id, db)
                    let replaced = try UploadPartRow.fetchOne(db, key: part.primaryKey)
                    try part.save(db)
                    return replaced
                }
                objects.discard([replaced].compactMap { $0 })
                return part
            } catch {
                objects.discard([part])
                throw error
            }
        }
    }

    @Sendable func abort(
        _ operation: S3.AbortMultipartUpload, _ request: Request
    ) async throws -> S3.AbortMultipartUpload.Response {
        let upload = try await objects.openUpload(
            operation.uploadId, of: operation.key, in: operation.bucket, for: request,
            expectedOwner: operation.expectedBucketOwner)
        let parts = try await objects.state.change(recording: request.event) { db, _ in
            let upload = try MultipartUploadRow.open(upload.id, db)
            let parts = try UploadPartRow.all(of: upload.id, db)
            try upload.delete(db)
            return parts
        }
        objects.discard(parts)
        return .init()
    }

    @Sendable func listParts(
        _ operation: S3.ListParts, _ request: Request
    ) async throws -> S3.ListParts.Response {
        let upload = try await objects.openUpload(
            operation.uploadId, of: operation.key, in: operation.bucket, for: request,
            expectedOwner: operation.expectedBucketOwner)
        let max = min(Swift.max(operation.maxParts ?? Self.pageMax, 0), Self.pageMax)
        let after = operation.partNumberMarker ?? 0
        let found = try await objects.state.ledger.read { db in
            try UploadPartRow.all(of: upload.id, after: after, limit: max + 1, db)
        }
        let page = found.prefix(max)
        let owner = request.account.rawValue
        return .init(
            bucket: operation.bucket, key: operation.key, uploadId: upload.id,
            partNumberMarker: after, nextPartNumberMarker: page.last?.number ?? 0, maxParts: max,
            isTruncated: found.count > page.count,
            parts: page.map { part in
                var wire = S3.Part(
                    partNumber: part.number, lastModified: part.modifiedAt, eTag: part.etag,
                    size: part.size)
                wire.put(part.checksum)
                return wire
            }, initiator: .init(id: upload.initiator, displayName: upload.initiator),
            owner: .init(id: owner), storageClass: .standard,
            checksumAlgorithm: upload.checksumAlgorithm?.wire, checksumType: upload.checksumType)
    }

    @Sendable func listUploads(
        _ operation: S3.ListMultipartUploads, _ request: Request
    ) async throws -> S3.ListMultipartUploads.Response {
        let bucket = try objects.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        let names = KeyEncoding(operation.encodingType)
        let max = min(operation.maxUploads ?? Self.pageMax, Self.pageMax)
        guard max >= 0 else {
            throw AWSError.invalidArgument(
                "max-uploads", String(max), "max-uploads must not be negative.")
        }
        let prefix = operation.prefix ?? ""
        let start = (operation.keyMarker ?? "", operation.uploadIdMarker)
        let delimiter = operation.delimiter ?? ""
        let found = try await objects.state.ledger.read { db in
            try MultipartUploadRow.page(
                of: bucket.name, prefix: prefix, delimiter: delimiter, after: start,
                max: max, by: bucket.account == request.account ? nil : request.account, db)
        }
        let owner = S3.Owner(id: bucket.account.rawValue)
        return .init(
            bucket: operation.bucket, keyMarker: names(start.0), uploadIdMarker: start.1,
            nextKeyMarker: found.next.map { names($0.key) },
            prefix: names(prefix), delimiter: operation.delimiter.map { names($0) },
            nextUploadIdMarker: found.next?.id, maxUploads: max, isTruncated: found.next != nil,
            uploads: found.uploads.map { upload in
                .init(
                    uploadId: upload.id, key: names(upload.key), initiated: upload.createdAt,
                    storageClass: .standard, owner: owner,
                    initiator: .init(id: upload.initiator, displayName: upload.initiator),
                    checksumAlgorithm: upload.checksumAlgorithm?.wire,
                    checksumType: upload.checksumType)
            }, commonPrefixes: found.prefixes.map { .init(prefix: names($0)) },
            encodingType: operation.encodingType)
    }
}

extension ObjectStore {
    /// An upload that is neither completed nor aborted.
    ///
    /// - Throws: `NoSuchUpload`, also for one of another bucket or key.
    func openUpload(
        _ id: String, of key: String, in bucket: String, for request: Request,
        expectedOwner: String?
    ) async throws -> MultipartUploadRow {
        let bucket = try writableBucket(bucket, expectedOwner: expectedOwner)
        let upload = try await state.ledger.read { db in try MultipartUploadRow.open(id, db) }
        guard upload.bucket == bucket.name, upload.key.hasSameBytes(as: key),
            bucket.account == request.account || upload.isInitiated(by: request.account)
        else { throw AWSError.noSuchUpload(id) }
        return upload
    }

    /// Removes the files of parts that have no row any more.
    func discard(_ parts: [UploadPartRow]) {
        for part in parts { files.removeLater(part) }
    }
}

extension ObjectChecksum.Algorithm {
    /// Whether a whole upload's checksum is one of its parts' checksums.
    fileprivate func isComposite(asked: S3.ChecksumType?) throws(AWSError) -> Bool {
        let isComposite = asked.map { $0 == .composite } ?? (self != .crc64nvme)
        let isServed =
            switch self {
            case .crc32, .crc32c: true
            case .crc64nvme: !isComposite
            case .sha1, .sha256: isComposite
            }
        guard isServed else {
            throw AWSError(
                "InvalidRequest",
                "The \(asked?.rawValue ?? "") checksum type cannot be used with the \(rawValue) "
                    + "checksum algorithm.")
        }
        return isComposite
    }
}
