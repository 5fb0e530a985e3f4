import AWSAPI
import FoundationEssentials
import S3API

/// What the operations that make an object say of it besides its bytes.
protocol ObjectDescription {
    var key: String { get }
    var acl: S3.ObjectCannedACL? { get }
    var grantFullControl: String? { get }
    var grantRead: String? { get }
    var grantReadACP: String? { get }
    var grantWriteACP: String? { get }
    var serverSideEncryption: S3.ServerSideEncryption? { get }
    var sseCustomerAlgorithm: String? { get }
    var ssekmsKeyId: String? { get }
    var storageClass: S3.StorageClass? { get }
    var tagging: String? { get }
    var objectLockMode: S3.ObjectLockMode? { get }
    var objectLockRetainUntilDate: Date? { get }
    var objectLockLegalHoldStatus: S3.ObjectLockLegalHoldStatus? { get }
    var websiteRedirectLocation: String? { get }
    var contentType: String? { get }
    var contentEncoding: String? { get }
    var contentDisposition: String? { get }
    var contentLanguage: String? { get }
    var cacheControl: String? { get }
    var expires: Date? { get }
    var metadata: [String: String]? { get }
    var checksumAlgorithm: S3.ChecksumAlgorithm? { get }
}

extension S3.PutObject: ObjectDescription {}
extension S3.CreateMultipartUpload: ObjectDescription {}
extension S3.CopyObject: ObjectDescription {}

extension ObjectDescription {
    /// Bytes of names and values together, S3's own limit.
    static var metadataBytesMax: Int { 2_048 }

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
        guard tagging?.isEmpty ?? true, objectLockMode == nil, objectLockLegalHoldStatus == nil,
            objectLockRetainUntilDate == nil, websiteRedirectLocation == nil
        else { throw .notServed("An object with tags, lock or redirect") }
        guard storageClass == nil || storageClass == .standard else {
            throw AWSError("InvalidStorageClass", "The storage class you specified is not valid")
        }
        let bytes = (metadata ?? [:]).reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard bytes <= Self.metadataBytesMax else {
            throw AWSError(
                "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size"
            )
        }
    }

    var attributes: ObjectAttributes {
        // How the bytes came is no property of the object.
        let encodings = (contentEncoding ?? "").split(separator: ",")
            .map { $0.drop { $0 == " " } }
            .filter { $0 != "aws-chunked" }
        return ObjectAttributes(
            contentType: contentType ?? "binary/octet-stream",
            contentEncoding: encodings.isEmpty ? nil : encodings.joined(separator: ","),
            contentDisposition: contentDisposition, contentLanguage: contentLanguage,
            cacheControl: cacheControl, expires: expires, metadata: metadata ?? [:])
    }
}

/// What must hold of the object that is there already, so that a new one may take its place.
struct WriteConditions: Sendable {
    var ifMatch: String?
    var ifNoneMatch: String?

    /// In the transaction that makes the object, so that of two writers who want none there, one wins.
    func check(_ latest: ObjectVersion?, of key: String) throws(AWSError) {
        let present = latest.flatMap { $0.isDeleteMarker ? nil : $0 }
        if let ifMatch {
            guard let present else { throw .noSuchKey(key) }
            guard ObjectConditions.names(ifMatch, present.etag) else {
                throw .preconditionFailed("If-Match")
            }
        }
        if let ifNoneMatch, let present, ObjectConditions.names(ifNoneMatch, present.etag) {
            throw .preconditionFailed("If-None-Match")
        }
    }
}
