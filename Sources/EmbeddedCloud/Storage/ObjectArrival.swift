import AWSAPI
import FoundationEssentials
import GRDB
import S3API

/// An object whose bytes have arrived, but which is not there yet.
struct ObjectArrival: Sendable {
    let object: StoredObject
    let version: ObjectVersion
    fileprivate let bucket: Bucket
    fileprivate let files: ManagedFiles

    /// The object is there once the transaction has committed.
    ///
    /// - Returns: ``ObjectVersion/publish(in:_:)``. The replaced one's file is to be removed then.
    /// - Throws: `NoSuchBucket` where its bucket is gone, or another one by the same name.
    func publish(in db: Database) throws -> (version: ObjectVersion, replaced: ObjectVersion?) {
        try version.publish(in: bucket, db)
    }

    /// Takes the bytes away again, where the transaction failed.
    func discard() async throws {
        try await Disk.run { files.remove(version) }
    }
}

/// Bytes that have arrived whole and are what their sender said, in a file that nobody sees yet.
struct ReceivedFile: Sendable {
    let path: String
    let size: Int
    let md5: [UInt8]
    let checksum: ObjectChecksum?

    /// S3's, of an object that came in one piece: its MD5, quoted.
    var etag: String { "\"\(md5.hex)\"" }

    func discard() async throws {
        try await Disk.run { [path] in IncomingFile.discard(path) }
    }
}

extension ObjectStore {
    /// Makes a finished local file an object of a managed bucket. It is moved, not copied.
    ///
    /// Nobody sees the object before the answer's ``ObjectArrival/publish(in:)`` has committed.
    ///
    /// - Parameters:
    ///   - file: Absolute; on the data directory's file system.
    ///   - time: The object's `Last-Modified`.
    func adopt(
        file: String, as key: String, in bucket: Bucket, etag: String? = nil,
        attributes: ObjectAttributes = ObjectAttributes(), at time: Date
    ) async throws -> ObjectArrival {
        precondition(!bucket.isLinked, "A linked directory is never written.")
        return try await Disk.run { [files] in
            guard let identity = FileIdentity(ofFileAt: file) else {
                throw SystemCallFault(call: "lstat", code: 2)
            }
            let version = ObjectVersion(
                id: UUID().uuidString.lowercased(), bucket: bucket.name, key: key,
                etag: etag ?? identity.etag, attributes: attributes, createdAt: time)
            try files.place(file, as: version, at: time)
            return ObjectArrival(
                object: try files.object(of: version), version: version, bucket: bucket,
                files: files)
        }
    }

    /// Takes an upload in, whole and synced, and makes it an object of a managed bucket.
    ///
    /// Nobody sees the object before the answer's ``ObjectArrival/publish(in:)`` has committed.
    ///
    /// - Throws: ``UploadFault``, or what the file system says.
    func receive(
        _ upload: ObjectUpload, as key: String, in bucket: Bucket,
        attributes: ObjectAttributes, expecting expectation: UploadExpectation, at time: Date
    ) async throws -> ObjectArrival {
        let file = try await receive(upload, expecting: expectation)
        var attributes = attributes
        attributes.checksum = file.checksum
        do {
            return try await adopt(
                file: file.path, as: key, in: bucket, etag: file.etag, attributes: attributes,
                at: time)
        } catch {
            try await file.discard()
            throw error
        }
    }

    /// Takes an upload in, whole.
    func receive(
        _ upload: ObjectUpload, expecting expectation: UploadExpectation
    ) async throws -> ReceivedFile {
        try upload.checkTrailerNames(beside: expectation.checksum)
        var framing = try UploadFraming(of: upload)
        var incoming = try await Disk.run { [files] in
            try files.makeIncoming(id: UUID().uuidString)
        }
        let path = incoming.path
        do {
            var sums = UploadSums(
                of: upload.payload,
                checksum: expectation.checksum?.algorithm ?? upload.trailingAlgorithm
                    ?? expectation.algorithm)
            var pieces = upload.pieces.makeAsyncIterator()
            while let piece = try await UploadFault.incomplete(
                unless: { try await pieces.next(isolation: #isolation) })
            {
                guard upload.isAdmitted() else { throw AWSError.accessDenied(.s3) }
                let bytes = try framing.bytes(of: piece)
                guard incoming.size + bytes.count <= expectation.bytesMax else {
                    throw UploadFault.tooLarge
                }
                (incoming, sums) = try await Disk.run { [incoming, sums] in
                    var (incoming, sums) = (incoming, sums)
                    try incoming.append(bytes)
                    sums.append(bytes)
                    return (incoming, sums)
                }
            }
            let trailer = try framing.trailer()
            guard Set(trailer.map(\.name)) == Set(upload.trailerNames),
                trailer.count == upload.trailerNames.count
            else { throw UploadFault.missingTrailer }
            let trailing = upload.trailingAlgorithm.flatMap { algorithm in
                trailer[algorithm.headerName].map {
                    ObjectChecksum(algorithm: algorithm, value: $0)
                }
            }
            try sums.check(
                upload.payload, md5: expectation.md5, checksum: expectation.checksum ?? trailing)
            return ReceivedFile(
                path: path, size: incoming.size, md5: sums.md5Bytes, checksum: sums.found)
        } catch {
            try await Disk.run { IncomingFile.discard(path) }
            throw error
        }
    }
}
