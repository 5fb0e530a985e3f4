import AWSAPI
import FoundationEssentials
import GRDB
import Ledger
import S3API

/// An upload in parts. It is kept for a while after it was completed, so that a client who did not get the
/// answer gets it when it asks again.
struct MultipartUploadRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "multipartUpload"
    /// Seconds for which a completed upload is remembered.
    static let completedKept: TimeInterval = 86_400

    var id: String
    var bucket: BucketName
    var key: String
    var attributes: ObjectAttributes
    var checksumAlgorithm: ObjectChecksum.Algorithm?
    /// Otherwise the checksum is that of all bytes.
    var checksumIsComposite: Bool
    var initiator: String
    var createdAt: Date
    /// The version that it became.
    var version: String?

    static let migration = Migration(
        "2-multipart",
        """
        CREATE TABLE multipartUpload (
            id TEXT PRIMARY KEY,
            bucket TEXT NOT NULL REFERENCES bucket(name),
            key TEXT NOT NULL CHECK (length(CAST(key AS BLOB)) BETWEEN 1 AND 1024),
            attributes TEXT NOT NULL,
            checksumAlgorithm TEXT,
            checksumIsComposite INTEGER NOT NULL CHECK (checksumIsComposite IN (0, 1)),
            initiator TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            version TEXT
        ) STRICT;
        CREATE INDEX multipartUploadOpen ON multipartUpload(bucket, key, id) WHERE version IS NULL;
        CREATE TABLE uploadPart (
            upload TEXT NOT NULL REFERENCES multipartUpload(id) ON DELETE CASCADE,
            number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
            file TEXT NOT NULL UNIQUE,
            size INTEGER NOT NULL CHECK (size >= 0),
            etag TEXT NOT NULL,
            checksum TEXT,
            modifiedAt TEXT NOT NULL,
            PRIMARY KEY (upload, number)
        ) STRICT, WITHOUT ROWID;
        """)
    static let doneMigration = Migration(
        "3-multipart-done",
        """
        CREATE INDEX IF NOT EXISTS multipartUploadDone
            ON multipartUpload(createdAt) WHERE version IS NOT NULL;
        """)

    var checksumType: S3.ChecksumType? {
        checksumAlgorithm.map { _ in checksumIsComposite ? .composite : .fullObject }
    }

    /// - Throws: `NoSuchUpload` where it is unknown, completed or aborted.
    static func open(_ id: String, _ db: Database) throws -> MultipartUploadRow {
        guard let upload = try fetchOne(db, key: id), upload.version == nil else {
            throw AWSError.noSuchUpload(id)
        }
        return upload
    }

    static func forgetCompleted(before now: Date, _ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM multipartUpload WHERE version IS NOT NULL AND createdAt < ?",
            arguments: [now - completedKept])
    }

    struct Page: Sendable {
        var uploads: [MultipartUploadRow] = []
        var prefixes: [String] = []
        /// The last one of this page, where there are more.
        var next: (key: String, id: String)?
    }

    /// Whoever does not own the bucket knows of its own uploads alone: what is not yet there is not published.
    func isInitiated(by account: AccountID) -> Bool {
        ARN(initiator)?.account == account.rawValue
    }

    /// The open ones of a bucket, by key and id.
    ///
    /// - Parameter start: Only those of greater keys, and of greater ids under the same key if there is one.
    static func page(
        of bucket: BucketName, prefix: String, delimiter: String,
        after start: (key: String, id: String?), max: Int, by initiator: AccountID?,
        _ db: Database
    ) throws -> Page {
        var page = Page()
        guard max > 0 else { return page }
        let rows = try fetchCursor(
            db,
            sql: """
                SELECT * FROM multipartUpload
                WHERE bucket = ? AND version IS NULL AND key >= max(?, ?)
                    AND (key > ? OR (key = ? AND id > ?))
                ORDER BY key, id
                """,
            arguments: [
                bucket.rawValue, prefix, start.key, start.key, start.key, start.id,
            ])
        let bytes = Array(prefix.utf8)
        var last: MultipartUploadRow?
        while let row = try rows.next() {
            let key = Array(row.key.utf8)
            guard key.starts(with: bytes) else { break }
            if let initiator, !row.isInitiated(by: initiator) { continue }
            let common = key.prefix(through: Array(delimiter.utf8), after: bytes.count)
                .map { String(decoding: $0, as: UTF8.self) }
            // All uploads below a common prefix are one entry.
            if let common, page.prefixes.last?.hasSameBytes(as: common) ?? false {
                last = row
                continue
            }
            guard page.uploads.count + page.prefixes.count < max else {
                page.next = last.map { ($0.key, $0.id) }
                break
            }
            if let common { page.prefixes.append(common) } else { page.uploads.append(row) }
            last = row
        }
        return page
    }
}

/// A part that has arrived. Its bytes are in the file that is named after it.
struct UploadPartRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "uploadPart"

    var upload: String
    var number: Int
    var file: String
    /// Bytes.
    var size: Int
    /// Quoted.
    var etag: String
    var checksum: ObjectChecksum?
    var modifiedAt: Date

    var primaryKey: [String: any DatabaseValueConvertible] { ["upload": upload, "number": number] }

    static func all(
        of upload: String, after number: Int = 0,
        limit: Int = MultipartUploads.partNumbers.upperBound,
        _ db: Database
    ) throws -> [UploadPartRow] {
        try fetchAll(
            db,
            sql: "SELECT * FROM uploadPart WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
            arguments: [upload, number, limit])
    }
}
