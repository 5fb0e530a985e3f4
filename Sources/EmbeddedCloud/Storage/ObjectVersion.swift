import AWSAPI
import FoundationEssentials
import GRDB

/// One version of an object in a managed bucket. Its bytes are in the file that is named after it.
struct ObjectVersion: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "objectVersion"

    var id: String
    var bucket: BucketName
    var key: String
    /// Of all versions under one key, one is: what a reader gets who names none.
    var isLatest: Bool
    /// The object was deleted: there are no bytes, and the versions before it are kept.
    var isDeleteMarker: Bool
    /// It was made where versions are not kept: S3 calls it "null", and the next one takes its place.
    var isUnversioned: Bool
    /// Quoted.
    var etag: String
    var attributes: ObjectAttributes
    var createdAt: Date

    /// S3's word for a version without an id.
    static let null = "null"

    /// As S3 names it.
    var name: String { isUnversioned ? Self.null : id }

    init(
        id: String, bucket: BucketName, key: String, etag: String, attributes: ObjectAttributes,
        createdAt: Date, isDeleteMarker: Bool = false
    ) {
        self.id = id
        self.bucket = bucket
        self.key = key
        isLatest = true
        self.isDeleteMarker = isDeleteMarker
        isUnversioned = false
        self.etag = etag
        self.attributes = attributes
        self.createdAt = createdAt
    }

    static func latest(_ key: String, in bucket: BucketName, _ db: Database) throws
        -> ObjectVersion?
    {
        try fetchOne(
            db, sql: "SELECT * FROM objectVersion WHERE bucket = ? AND key = ? AND isLatest = 1",
            arguments: [bucket.rawValue, key])
    }

    /// - Parameter name: As S3 names it.
    static func named(
        _ name: String, of key: String, in bucket: BucketName, _ db: Database
    ) throws -> ObjectVersion? {
        guard name == null else {
            let version = try fetchOne(db, key: name)
            return version.flatMap {
                $0.bucket == bucket && $0.key.hasSameBytes(as: key) && !$0.isUnversioned ? $0 : nil
            }
        }
        return try fetchOne(
            db,
            sql: "SELECT * FROM objectVersion WHERE bucket = ? AND key = ? AND isUnversioned = 1",
            arguments: [bucket.rawValue, key])
    }

    /// Makes this version the latest of its key.
    ///
    /// - Parameter bucket: As it was when the version was begun.
    /// - Returns: Itself, as it is kept, and the one whose place it took, whose bytes are nobody's any more.
    func publish(
        in bucket: Bucket, _ db: Database
    ) throws -> (version: ObjectVersion, replaced: ObjectVersion?) {
        var version = self
        version.isUnversioned = try bucket.current(db).versioning != .enabled
        var replaced: ObjectVersion?
        if version.isUnversioned {
            replaced = try Self.named(Self.null, of: key, in: bucket.name, db)
            try replaced?.delete(db)
        }
        try db.execute(
            sql:
                "UPDATE objectVersion SET isLatest = 0 WHERE bucket = ? AND key = ? AND isLatest = 1",
            arguments: [bucket.name.rawValue, key])
        try version.insert(db)
        return (version, replaced)
    }

    /// Has another one stand where this one does among the versions of its key.
    ///
    /// - Returns: False: this one is not there any more.
    func replace(by other: ObjectVersion, _ db: Database) throws -> Bool {
        try db.execute(
            sql: "UPDATE objectVersion SET id = ? WHERE id = ?", arguments: [other.id, id])
        guard db.changesCount == 1, var kept = try Self.fetchOne(db, key: other.id) else {
            return false
        }
        kept.isDeleteMarker = other.isDeleteMarker
        kept.etag = other.etag
        kept.attributes = other.attributes
        kept.createdAt = other.createdAt
        try kept.update(db)
        return true
    }

    /// Removes this version for good. The one before it becomes the latest.
    func remove(from db: Database) throws {
        try delete(db)
        guard isLatest else { return }
        try db.execute(
            sql: """
                UPDATE objectVersion SET isLatest = 1 WHERE id = (
                    SELECT id FROM objectVersion WHERE bucket = ? AND key = ?
                    ORDER BY rowid DESC LIMIT 1)
                """, arguments: [bucket.rawValue, key])
    }
}

/// What is kept of an object besides its bytes, as its writer gave it.
struct ObjectAttributes: Codable, Equatable, Sendable {
    var contentType = "binary/octet-stream"
    var contentEncoding: String?
    var contentDisposition: String?
    var contentLanguage: String?
    var cacheControl: String?
    var expires: Date?
    /// Names in lower case, without `x-amz-meta-`.
    var metadata: [String: String] = [:]
    var checksum: ObjectChecksum?
    /// Bytes of each part, of an object that was uploaded in parts.
    var parts: [Int]?
}

/// The latest versions of a managed bucket, in the order of the index.
struct VersionCursor: KeyCursor {
    private let db: Database
    private let bucket: Bucket
    private let files: ManagedFiles
    private let prefix: [UInt8]
    private var start: ListingStart
    private var rows: RecordCursor<ObjectVersion>

    init(
        _ bucket: Bucket, in files: ManagedFiles, prefix: String, from start: ListingStart,
        _ db: Database
    ) throws {
        self.db = db
        self.bucket = bucket
        self.files = files
        self.prefix = Array(prefix.utf8)
        self.start = start
        rows = try Self.rows(of: bucket, from: start, notBefore: self.prefix, db)
    }

    mutating func next() throws -> StoredObject? {
        while let version = try rows.next() {
            let key = Array(version.key.utf8)
            guard key.starts(with: prefix) else { return nil }
            if start.precedes(key) { return try files.object(of: version) }
        }
        return nil
    }

    mutating func skip(_ prefix: [UInt8]) throws {
        start = .afterAll(prefix)
        rows = try Self.rows(of: bucket, from: start, notBefore: self.prefix, db)
    }

    /// Those that the start allows, and perhaps a few before it.
    private static func rows(
        of bucket: Bucket, from start: ListingStart, notBefore prefix: [UInt8], _ db: Database
    ) throws -> RecordCursor<ObjectVersion> {
        let bound: [UInt8] =
            switch start {
            case .beginning: prefix
            case .after(let key): key
            // Beyond most keys that begin so; the others are few, and told apart one by one.
            case .afterAll(let skipped): skipped + "\u{10FFFF}".utf8
            }
        let from = bound.precedes(prefix) ? prefix : bound
        // The literals are the index's own condition. Text is compared byte by byte.
        return try ObjectVersion.fetchCursor(
            db,
            sql: """
                SELECT * FROM objectVersion
                WHERE bucket = ? AND isLatest = 1 AND key >= ? AND isDeleteMarker = 0
                ORDER BY key
                """,
            arguments: [bucket.name.rawValue, String(decoding: from, as: UTF8.self)])
    }
}
