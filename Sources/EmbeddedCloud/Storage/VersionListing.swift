import FoundationEssentials
import GRDB

/// Where a listing of versions goes on.
struct VersionMarker: Equatable, Sendable {
    var key: String
    /// Nil: after all versions of the key.
    var version: String?
}

/// One page of a bucket's versions: by key, the newest first.
struct VersionListing: Sendable {
    struct Version: Sendable {
        var key: String
        var id: String
        var isLatest: Bool
        var isDeleteMarker: Bool
        var etag: String
        /// Bytes.
        var size: Int
        var lastModified: Date
    }

    private(set) var versions: [Version] = []
    private(set) var commonPrefixes: [String] = []
    /// The last one of this page, where there are more.
    private(set) var next: VersionMarker?

    /// - Parameter max: Versions and common prefixes together.
    init(
        of bucket: Bucket, in files: ManagedFiles, prefix: String, delimiter: String?,
        after marker: VersionMarker, max: Int, _ db: Database
    ) throws {
        guard max > 0 else { return }
        var last: VersionMarker?
        let rows = try Self.rows(of: bucket, prefix: prefix, after: marker, db)
        while let row = try rows.next() {
            guard row.key.utf8.starts(with: prefix.utf8) else { break }
            let common = delimiter.flatMap { row.key.prefix(through: $0, after: prefix) }
            if let common, common == commonPrefixes.last || common == marker.key {
                last = VersionMarker(key: common, version: nil)
                continue
            }
            guard versions.count + commonPrefixes.count < max else {
                next = last
                return
            }
            if let common {
                commonPrefixes.append(common)
                last = VersionMarker(key: common, version: nil)
            } else {
                versions.append(try Version(row, in: files))
                last = VersionMarker(key: row.key, version: row.name)
            }
        }
    }

    /// Of a linked directory, where each file is its own only version.
    init(of listing: ObjectListing) {
        versions = listing.objects.map { object in
            Version(
                key: object.key, id: "null", isLatest: true, isDeleteMarker: false,
                etag: object.etag, size: object.size, lastModified: object.lastModified)
        }
        commonPrefixes = listing.commonPrefixes
        next = listing.next?.key.map { VersionMarker(key: $0, version: "null") }
    }

    private static func rows(
        of bucket: Bucket, prefix: String, after marker: VersionMarker, _ db: Database
    ) throws -> RecordCursor<ObjectVersion> {
        // The versions of one key stand in the order in which they were made, the newest first.
        let seen = try marker.version.flatMap { version -> Int? in
            let row = try ObjectVersion.named(version, of: marker.key, in: bucket.name, db)
            return try Int.fetchOne(
                db, sql: "SELECT rowid FROM objectVersion WHERE id = ?", arguments: [row?.id])
        }
        return try ObjectVersion.fetchCursor(
            db,
            sql: """
                SELECT * FROM objectVersion
                WHERE bucket = ? AND key >= ? AND (key > ? OR (key = ? AND rowid < ?))
                ORDER BY key, rowid DESC
                """,
            arguments: [bucket.name.rawValue, prefix, marker.key, marker.key, seen ?? 0])
    }
}

extension VersionListing.Version {
    fileprivate init(_ row: ObjectVersion, in files: ManagedFiles) throws {
        self.init(
            key: row.key, id: row.name, isLatest: row.isLatest, isDeleteMarker: row.isDeleteMarker,
            etag: row.etag, size: row.isDeleteMarker ? 0 : try files.object(of: row).size,
            lastModified: row.createdAt)
    }
}

extension String {
    /// Up to the end of the first `delimiter` behind `prefix`. Nil if there is none.
    fileprivate func prefix(through delimiter: String, after prefix: String) -> String? {
        utf8.dropFirst(prefix.utf8.count).firstRange(of: Array(delimiter.utf8)).flatMap {
            String(utf8[..<$0.upperBound])
        }
    }
}
