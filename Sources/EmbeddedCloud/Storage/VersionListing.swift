import FoundationEssentials
import GRDB

/// Where a listing of versions goes on.
///
/// The version may be gone by then: whoever empties a bucket deletes each page before asking for the next.
/// So what is given to clients says the version's place in the order too.
struct VersionMarker: Equatable, Sendable {
    var key: String
    /// After this one of the key's. Nil: after all of them.
    var version: String?

    init(key: String, version: String?) {
        self.key = key
        self.version = version
    }

    fileprivate init(_ entry: SequencedVersion) {
        self.init(
            key: entry.version.key, version: "\(entry.sequence).\(entry.version.name)")
    }

    /// The place of the version in the order in which they were made. Nil for a version that is not known.
    fileprivate func sequence(in bucket: BucketName, _ db: Database) throws -> Int? {
        guard let version else { return nil }
        let parts = version.split(separator: ".", maxSplits: 1)
        if parts.count == 2, let sequence = Int(parts[0]) { return sequence }
        let row = try ObjectVersion.named(version, of: key, in: bucket, db)
        return try Int.fetchOne(
            db, sql: "SELECT rowid FROM objectVersion WHERE id = ?", arguments: [row?.id])
    }
}

/// A version, and its place in the order in which they were made.
private struct SequencedVersion: FetchableRecord {
    let sequence: Int
    let version: ObjectVersion

    init(row: Row) throws {
        sequence = row["sequence"]
        version = try ObjectVersion(row: row)
    }
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
        let prefixBytes = Array(prefix.utf8)
        let delimiterBytes = Array((delimiter ?? "").utf8)
        var last: VersionMarker?
        let start = Array(marker.key.utf8)
        let rolledUp = start.prefix(through: delimiterBytes, after: prefixBytes.count)
        var rows =
            rolledUp == start
            ? try Self.rows(of: bucket, beyond: start, notBefore: prefixBytes, db)
            : try Self.rows(of: bucket, prefix: prefix, after: marker, db)
        while let entry = try rows.next() {
            let key = Array(entry.version.key.utf8)
            guard key.starts(with: prefixBytes) else { break }
            if let rolledUp, rolledUp == start, key.starts(with: start) { continue }
            if let passed = commonPrefixes.last, key.starts(with: Array(passed.utf8)) { continue }
            guard versions.count + commonPrefixes.count < max else {
                next = last
                return
            }
            if let common = key.prefix(through: delimiterBytes, after: prefixBytes.count) {
                let text = String(decoding: common, as: UTF8.self)
                commonPrefixes.append(text)
                last = VersionMarker(key: text, version: nil)
                rows = try Self.rows(of: bucket, beyond: common, notBefore: prefixBytes, db)
            } else {
                versions.append(try Version(entry.version, in: files))
                last = VersionMarker(entry)
            }
        }
    }

    /// Where each object is its own only version.
    init(of listing: ObjectListing, in bucket: Bucket) {
        versions = listing.objects.map { object in
            Version(
                key: object.key, id: bucket.versionName(of: object.versionName) ?? "null",
                isLatest: true,
                isDeleteMarker: false,
                etag: object.etag, size: object.size, lastModified: object.lastModified)
        }
        commonPrefixes = listing.commonPrefixes
        next = listing.next?.key.map { VersionMarker(key: $0, version: "null") }
    }

    /// By key, and of one key the newest first.
    private static func rows(
        of bucket: Bucket, prefix: String, after marker: VersionMarker, _ db: Database
    ) throws -> RecordCursor<SequencedVersion> {
        try SequencedVersion.fetchCursor(
            db,
            sql: """
                SELECT rowid AS sequence, * FROM objectVersion
                WHERE bucket = ? AND key >= max(?, ?) AND (key > ? OR (key = ? AND rowid < ?))
                ORDER BY key, rowid DESC
                """,
            arguments: [
                bucket.name.rawValue, prefix, marker.key, marker.key, marker.key,
                try marker.sequence(in: bucket.name, db) ?? 0,
            ])
    }

    /// Those beyond most keys that begin with `passed`; the few others the caller tells apart.
    private static func rows(
        of bucket: Bucket, beyond passed: [UInt8], notBefore prefix: [UInt8], _ db: Database
    ) throws -> RecordCursor<SequencedVersion> {
        let bound = passed + "\u{10FFFF}".utf8
        return try SequencedVersion.fetchCursor(
            db,
            sql: """
                SELECT rowid AS sequence, * FROM objectVersion WHERE bucket = ? AND key >= ?
                ORDER BY key, rowid DESC
                """,
            arguments: [
                bucket.name.rawValue,
                String(decoding: bound.precedes(prefix) ? prefix : bound, as: UTF8.self),
            ])
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
