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
    /// Quoted.
    var etag: String
    var attributes: ObjectAttributes
    var createdAt: Date

    init(
        id: String, bucket: BucketName, key: String, etag: String, attributes: ObjectAttributes,
        createdAt: Date, isDeleteMarker: Bool = false
    ) {
        self.id = id
        self.bucket = bucket
        self.key = key
        isLatest = true
        self.isDeleteMarker = isDeleteMarker
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

    /// Makes this version the latest of its key.
    func publish(in db: Database) throws {
        try db.execute(
            sql:
                "UPDATE objectVersion SET isLatest = 0 WHERE bucket = ? AND key = ? AND isLatest = 1",
            arguments: [bucket.rawValue, key])
        try insert(db)
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
