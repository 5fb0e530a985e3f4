import AWSAPI
import FoundationEssentials
import GRDB

/// An object whose bytes have arrived, but which is not there yet.
struct ObjectArrival: Sendable {
    let object: StoredObject
    let version: ObjectVersion
    fileprivate let files: ManagedFiles

    /// The object is there once the transaction has committed.
    func publish(in db: Database) throws { try version.publish(in: db) }

    /// Takes the bytes away again, where the transaction failed.
    func discard() async throws {
        try await Disk.run { try files.remove(version) }
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
        file: String, as key: String, in bucket: Bucket,
        attributes: ObjectAttributes = ObjectAttributes(), at time: Date
    ) async throws -> ObjectArrival {
        try await Disk.run { [files] in
            guard let identity = FileIdentity(ofFileAt: file) else {
                throw SystemCallFault(call: "lstat", code: 2)
            }
            return try files.arrival(
                of: file, as: key, in: bucket, etag: identity.etag, attributes: attributes,
                at: time)
        }
    }

    /// Takes an upload in, whole and synced.
    ///
    /// Nobody sees the object before the answer's ``ObjectArrival/publish(in:)`` has committed.
    ///
    /// - Throws: ``UploadFault``, or what the sender's connection or the file system says.
    func receive(
        _ upload: ObjectUpload, as key: String, in bucket: Bucket,
        attributes: ObjectAttributes, md5: [UInt8]?, at time: Date
    ) async throws -> ObjectArrival {
        var incoming = try await Disk.run { [files] in
            try files.makeIncoming(id: UUID().uuidString)
        }
        let path = incoming.path
        do {
            var sums = UploadSums(checksum: attributes.checksum?.algorithm)
            var pieces = upload.pieces.makeAsyncIterator()
            while let piece = try await UploadFault.incomplete(
                unless: { try await pieces.next(isolation: #isolation) })
            {
                (incoming, sums) = try await Disk.run { [incoming, sums] in
                    var (incoming, sums) = (incoming, sums)
                    try incoming.append(piece)
                    sums.append(piece)
                    return (incoming, sums)
                }
                guard incoming.size <= UploadFault.objectBytesMax else {
                    throw UploadFault.tooLarge
                }
            }
            try sums.check(
                payloadHash: upload.payloadHash, md5: md5, checksum: attributes.checksum)
            let etag = sums.etag
            return try await Disk.run { [files] in
                try files.arrival(
                    of: path, as: key, in: bucket, etag: etag, attributes: attributes, at: time)
            }
        } catch {
            try await Disk.run { IncomingFile.discard(path) }
            throw error
        }
    }
}

extension ManagedFiles {
    fileprivate func arrival(
        of path: String, as key: String, in bucket: Bucket, etag: String,
        attributes: ObjectAttributes, at time: Date
    ) throws -> ObjectArrival {
        precondition(!bucket.isLinked, "A linked directory is never written.")
        let version = ObjectVersion(
            id: UUID().uuidString.lowercased(), bucket: bucket.name, key: key, etag: etag,
            attributes: attributes, createdAt: time)
        try place(path, as: version, at: time)
        return ObjectArrival(object: try object(of: version), version: version, files: self)
    }
}
