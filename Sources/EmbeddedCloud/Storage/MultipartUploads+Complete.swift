import AWSAPI
import Crypto
import FoundationEssentials
import GRDB
import Ledger
import S3API

extension MultipartUploads {
    /// Bytes of every part but the last.
    static let partBytesMin = 5 << 20

    /// Makes one object of the parts. Asked again, it answers the same.
    @Sendable func complete(
        _ operation: S3.CompleteMultipartUpload, _ request: Request
    ) async throws -> S3.CompleteMultipartUpload.Response {
        let bucket = try objects.writableBucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner)
        let (upload, done, parts) = try await objects.state.ledger.read { db in
            guard let upload = try MultipartUploadRow.fetchOne(db, key: operation.uploadId),
                upload.bucket == bucket.name, upload.key.hasSameBytes(as: operation.key)
            else { throw AWSError.noSuchUpload(operation.uploadId) }
            let done = try upload.version.flatMap { try ObjectVersion.fetchOne(db, key: $0) }
            return (upload, done, try UploadPartRow.all(of: upload.id, db))
        }
        if let done { return answer(done, request) }
        guard upload.version == nil else { throw AWSError.noSuchUpload(upload.id) }

        let chosen = try operation.choose(from: parts, of: upload)
        let version = try await joins.run(upload.id) {
            try await join(chosen, of: upload, in: bucket, for: operation, request)
        }
        return answer(version, request)
    }

    private func join(
        _ chosen: [UploadPartRow], of upload: MultipartUploadRow, in bucket: Bucket,
        for operation: S3.CompleteMultipartUpload, _ request: Request
    ) async throws -> ObjectVersion {
        let announced = try operation.announcedChecksum()
        let arrival: ObjectArrival
        do {
            arrival = try await refusing {
                try await assemble(chosen, of: upload, in: bucket, at: request.time)
            }
        } catch let fault as SystemCallFault where fault.isAbsence {
            // Aborted meanwhile, or a part replaced: its file went while it was joined.
            let isThere = try await objects.state.ledger.read { db in
                try MultipartUploadRow.exists(db, key: upload.id)
            }
            throw isThere
                ? AWSError.invalidPart(chosen.last?.number ?? 0, upload.id)
                : AWSError.noSuchUpload(upload.id)
        }
        do {
            let checksum = arrival.version.attributes.checksum
            guard announced == nil || announced == checksum || upload.checksumAlgorithm == nil
            else {
                throw AWSError(.badDigest(announced?.algorithm.rawValue ?? ""))
            }
            guard operation.mpuObjectSize == nil || operation.mpuObjectSize == arrival.object.size
            else {
                throw AWSError(
                    "InvalidRequest", "The provided x-amz-mp-object-size does not match the parts.")
            }
            let conditions = WriteConditions(
                ifMatch: operation.ifMatch, ifNoneMatch: operation.ifNoneMatch)
            let (finished, replaced, parts) = try await objects.state.change(
                recording: request.event
            ) {
                db, _ -> (ObjectVersion?, ObjectVersion?, [UploadPartRow]) in
                guard var upload = try MultipartUploadRow.fetchOne(db, key: upload.id) else {
                    throw AWSError.noSuchUpload(upload.id)
                }
                // Of two who complete at once, one makes the object.
                if let version = upload.version {
                    return (try ObjectVersion.fetchOne(db, key: version), nil, [])
                }
                try conditions.check(
                    try ObjectVersion.latest(upload.key, in: upload.bucket, db), of: upload.key)
                let (version, replaced) = try arrival.publish(in: db)
                upload.version = arrival.version.id
                // From now on it is remembered, for a while.
                upload.createdAt = request.time
                try upload.update(db)
                let parts = try UploadPartRow.all(of: upload.id, db)
                try UploadPartRow.filter(Column("upload") == upload.id).deleteAll(db)
                return (version, replaced, parts)
            }
            if finished?.id != arrival.version.id { try await arrival.discard() }
            guard let finished else { throw AWSError.noSuchUpload(upload.id) }
            objects.discard(parts)
            objects.discard([replaced].compactMap { $0 })
            return finished
        } catch {
            try await arrival.discard()
            throw error
        }
    }

    private func answer(
        _ version: ObjectVersion, _ request: Request
    ) -> S3.CompleteMultipartUpload.Response {
        let checksum = version.attributes.checksum
        let path = PercentEncoding.encode(version.key, keepingSlashes: true)
        var answer = S3.CompleteMultipartUpload.Response(
            location: "\(request.call.origin.endpoint)/\(version.bucket)/\(path)",
            bucket: version.bucket.rawValue, key: version.key, eTag: version.etag,
            checksumType: checksum?.type, versionId: objects.versionID(of: version))
        answer.put(checksum)
        return answer
    }

    /// Copies the parts, one behind the other, into one file.
    private func assemble(
        _ parts: [UploadPartRow], of upload: MultipartUploadRow, in bucket: Bucket, at time: Date
    ) async throws -> ObjectArrival {
        let file = try await Disk.run { [files = objects.files] in
            try files.join(
                parts,
                checksum: upload.checksumIsComposite ? nil : upload.checksumAlgorithm)
        }
        var attributes = upload.attributes
        attributes.parts = parts.map(\.size)
        attributes.checksum =
            upload.checksumIsComposite
            ? ObjectChecksum(of: parts, upload.checksumAlgorithm) : file.checksum
        do {
            return try await objects.adopt(
                file: file.path, as: upload.key, in: bucket, etag: parts.etag,
                attributes: attributes, at: time)
        } catch {
            try await file.discard()
            throw error
        }
    }
}

extension S3.CompleteMultipartUpload {
    /// The parts that the client names, which must be there as it knows them.
    fileprivate func choose(
        from parts: [UploadPartRow], of upload: MultipartUploadRow
    ) throws(AWSError) -> [UploadPartRow] {
        let named = multipartUpload?.parts ?? []
        guard !named.isEmpty else {
            throw AWSError("MalformedXML", "You must specify at least one part")
        }
        let known = Dictionary(parts.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
        var chosen: [UploadPartRow] = []
        for name in named {
            guard let number = name.partNumber, let etag = name.eTag else {
                throw AWSError("MalformedXML", "Each part needs its PartNumber and its ETag.")
            }
            guard number > chosen.last?.number ?? 0 else {
                throw AWSError(
                    "InvalidPartOrder",
                    "The list of parts was not in ascending order. Parts must be ordered by part number."
                )
            }
            let checksum = try name.announcedChecksum()
            guard let part = known[number],
                ObjectConditions.names(etag, part.etag), etag != "*",
                checksum == nil || part.checksum == nil || checksum == part.checksum
            else { throw .invalidPart(number, upload.id) }
            chosen.append(part)
        }
        for part in chosen.dropLast() where part.size < MultipartUploads.partBytesMin {
            throw AWSError(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
                members: [
                    AWSError.Member("ProposedSize", String(part.size)),
                    AWSError.Member("MinSizeAllowed", String(MultipartUploads.partBytesMin)),
                    AWSError.Member("PartNumber", String(part.number)),
                    AWSError.Member("ETag", part.etag),
                ])
        }
        return chosen
    }
}

extension [UploadPartRow] {
    /// S3's, of an object in parts: the MD5 of the parts' MD5s, `-` and their number, quoted.
    fileprivate var etag: String {
        var md5 = Insecure.MD5()
        for part in self { md5.update(data: [UInt8](hex: part.etag.filter { $0 != "\"" }) ?? []) }
        return "\"\(md5.finalize().hex)-\(count)\""
    }
}

extension ObjectChecksum {
    /// The checksum of the parts' checksums. Nil where a part has none.
    fileprivate init?(of parts: [UploadPartRow], _ algorithm: Algorithm?) {
        guard let algorithm else { return nil }
        var maker = ChecksumMaker(algorithm)
        for part in parts {
            guard let checksum = part.checksum, checksum.algorithm == algorithm,
                let bytes = Data(base64Encoded: checksum.value)
            else { return nil }
            maker.append(Array(bytes))
        }
        self.init(algorithm: algorithm, value: "\(maker.value)-\(parts.count)")
    }
}

extension AWSError {
    static func noSuchUpload(_ id: String) -> AWSError {
        AWSError(
            "NoSuchUpload", status: 404,
            "The specified multipart upload does not exist. The upload ID may be invalid, or the "
                + "upload may have been aborted or completed.",
            members: [Member("UploadId", id)])
    }

    fileprivate static func invalidPart(_ number: Int, _ upload: String) -> AWSError {
        AWSError(
            "InvalidPart",
            "One or more of the specified parts could not be found. The part may not have been "
                + "uploaded, or the specified entity tag may not match the part's entity tag.",
            members: [Member("UploadId", upload), Member("PartNumber", String(number))])
    }
}
