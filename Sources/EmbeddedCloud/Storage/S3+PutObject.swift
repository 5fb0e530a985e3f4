import AWSAPI
import FoundationEssentials
import GRDB
import S3API

extension S3.PutObject {
    /// What a writer asks for and would not get is refused, not passed over.
    func checkServed() throws(AWSError) {
        guard (1...LinkedKey.bytesMax).contains(key.utf8.count) else {
            throw AWSError("KeyTooLongError", "Your key is too long")
        }
        guard !key.utf8.contains(0) else {
            throw .invalidArgument("key", "", "A key must not contain NUL.")
        }
        let grants = [grantFullControl, grantRead, grantReadACP, grantWriteACP]
        guard acl == nil || acl == .private || acl == .bucketOwnerFullControl,
            grants.allSatisfy({ $0 == nil })
        else {
            throw AWSError(
                "AccessControlListNotSupported", "The bucket does not allow ACLs")
        }
        guard serverSideEncryption == nil, sseCustomerAlgorithm == nil, ssekmsKeyId == nil else {
            throw .notServed("Encryption by request (the volume's own is what there is)")
        }
        guard tagging == nil, objectLockMode == nil, objectLockLegalHoldStatus == nil,
            objectLockRetainUntilDate == nil, writeOffsetBytes == nil,
            websiteRedirectLocation == nil
        else { throw .notServed("An object with tags, lock, offset or redirect") }
        guard checksumSHA512 == nil, checksumMD5 == nil, checksumXXHASH64 == nil,
            checksumXXHASH3 == nil, checksumXXHASH128 == nil
        else {
            let known = ObjectChecksum.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw .notServed("A checksum other than \(known)")
        }
        if let length = contentLength, length > UploadFault.objectBytesMax {
            throw AWSError(.tooLarge)
        }
    }

    func attributes() throws(AWSError) -> ObjectAttributes {
        ObjectAttributes(
            contentType: contentType ?? "binary/octet-stream", contentEncoding: contentEncoding,
            contentDisposition: contentDisposition, contentLanguage: contentLanguage,
            cacheControl: cacheControl, expires: expires, metadata: metadata ?? [:],
            checksum: try checksum())
    }

    private func checksum() throws(AWSError) -> ObjectChecksum? {
        let sent: [(ObjectChecksum.Algorithm, String?)] = [
            (.crc32, checksumCRC32), (.crc32c, checksumCRC32C), (.crc64nvme, checksumCRC64NVME),
            (.sha1, checksumSHA1), (.sha256, checksumSHA256),
        ]
        let found = sent.compactMap { algorithm, value in
            value.map { ObjectChecksum(algorithm: algorithm, value: $0) }
        }
        guard found.count <= 1 else {
            throw AWSError(
                "InvalidRequest",
                "Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed."
            )
        }
        return found.first
    }

    func md5() throws(AWSError) -> [UInt8]? {
        guard let contentMD5 else { return nil }
        guard let bytes = Data(base64Encoded: contentMD5), bytes.count == 16 else {
            throw AWSError("InvalidDigest", "The Content-MD5 you specified is not valid.")
        }
        return Array(bytes)
    }

    /// In the transaction that makes the object, so that of two writers who want none there, one wins.
    func checkConditions(in bucket: Bucket, _ db: Database) throws {
        guard ifMatch != nil || ifNoneMatch != nil else { return }
        let latest = try ObjectVersion.latest(key, in: bucket.name, db)
        let present = latest.flatMap { $0.isDeleteMarker ? nil : $0 }
        if let ifMatch {
            guard let present else { throw AWSError.noSuchKey(key) }
            guard ObjectConditions.names(ifMatch, present.etag) else {
                throw AWSError.preconditionFailed("If-Match")
            }
        }
        if let ifNoneMatch, let present, ObjectConditions.names(ifNoneMatch, present.etag) {
            throw AWSError.preconditionFailed("If-None-Match")
        }
    }

    func answer(_ arrival: ObjectArrival) -> Response {
        .init(
            eTag: arrival.object.etag, checksumCRC32: checksumCRC32, checksumCRC32C: checksumCRC32C,
            checksumCRC64NVME: checksumCRC64NVME, checksumSHA1: checksumSHA1,
            checksumSHA256: checksumSHA256,
            checksumType: arrival.version.attributes.checksum == nil ? nil : .fullObject,
            versionId: arrival.object.versionID)
    }
}

extension Request {
    /// The bytes to store, in a form that can be checked.
    func upload(of operation: S3.PutObject) throws(AWSError) -> ObjectUpload {
        guard let upload else { throw AWSError(.incomplete) }
        guard !upload.payloadHash.hasPrefix("STREAMING-") else {
            throw .notServed(
                "A body in signed or trailed chunks (x-amz-content-sha256: \(upload.payloadHash))")
        }
        guard operation.contentLength != nil else {
            throw AWSError(
                "MissingContentLength", status: 411,
                "You must provide the Content-Length HTTP header.")
        }
        return upload
    }
}

extension AWSError {
    init(_ fault: UploadFault) {
        switch fault {
        case .incomplete:
            self.init(
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header"
            )
        case .tooLarge:
            self.init(
                "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed object size of "
                    + "\(UploadFault.objectBytesMax) bytes.")
        case .payloadMismatch: self.init(SignatureFault.payloadMismatch, of: .s3)
        case .badDigest(let name):
            self.init(
                "BadDigest", "The \(name) you specified did not match the calculated checksum.")
        }
    }
}
