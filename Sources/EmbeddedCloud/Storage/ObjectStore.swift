import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// The objects of all buckets, for the other rooms. Who may touch them is decided before.
struct ObjectStore: Sendable {
    let state: StateStore
    let files: ManagedFiles
    /// Any change to any version empties it, before the change is acknowledged: lakes are read far more often
    /// than they are written.
    private let latest = RecentValues<VersionName, ObjectVersion>(weightMax: latestMax)

    /// Objects whose latest version is read without asking the ledger.
    static let latestMax = 10_000

    private struct VersionName: Hashable {
        var bucket: BucketName
        /// Bytes: two spellings of a letter are two keys.
        var key: [UInt8]
    }

    init(state: StateStore, lake: URL) throws {
        self.state = state
        files = try ManagedFiles(in: lake)
        state.ledger.onChange(of: ObjectVersion.databaseTableName) { [latest] in latest.forget() }
    }

    func bucket(named name: String) -> Bucket? {
        BucketName(rawValue: name).flatMap { state.current.storage.buckets[$0] }
    }

    /// The object as it stands now. Nil if there is none.
    ///
    /// - Throws: ``LinkFault`` where a linked directory cannot be read.
    func head(_ key: String, in bucket: Bucket) async throws -> StoredObject? {
        try await find(key, in: bucket, version: nil)?.object
    }

    /// The object with what its writer said of it.
    ///
    /// - Parameter version: Nil for the latest.
    func find(
        _ key: String, in bucket: Bucket, version: String?
    ) async throws -> (object: StoredObject, attributes: ObjectAttributes)? {
        guard let root = bucket.linkedPath else {
            // The row and the file in one go: each of the two is quick, and waiting for a turn is not.
            return try await Disk.run { [state, files, latest] in
                let row =
                    if let version {
                        try state.ledger.readBlocking { db in
                            try ObjectVersion.named(version, of: key, in: bucket.name, db)
                        }
                    } else {
                        try latest.value(
                            of: VersionName(bucket: bucket.name, key: Array(key.utf8))
                        ) {
                            try state.ledger.readBlocking { db in
                                try ObjectVersion.latest(key, in: bucket.name, db)
                            }
                        }
                    }
                guard let row, !row.isDeleteMarker else { return nil }
                return (try files.object(of: row), row.attributes)
            }
        }
        guard let path = LinkedKey(key) else { return nil }
        let identity = try await Disk.run { try Self.identity(of: path, below: root) }
        guard let identity else { return nil }
        let object = StoredObject(
            bucket: bucket.name.rawValue, key: key, path: "\(root)/\(key)", identity: identity,
            etag: identity.etag)
        return (object, ObjectAttributes())
    }

    /// The objects whose keys begin with `prefix`, in the byte order of their keys.
    ///
    /// - Parameter after: Only keys greater than this one. Pass the last key to go on.
    /// - Returns: At most `max`; fewer only at the end.
    func list(
        _ bucket: Bucket, prefix: String = "", after: String? = nil, max: Int
    ) async throws -> [StoredObject] {
        let start = after.map { ListingStart.after(Array($0.utf8)) } ?? .beginning
        return try await list(
            bucket, prefix: prefix, delimiter: nil, from: start, max: max
        ).objects
    }

    /// One page, with what the delimiter rolls up, and without the keys of some parts.
    func list(
        _ bucket: Bucket, prefix: String, delimiter: String?, from start: ListingStart, max: Int,
        without parts: [PublishedPart] = []
    ) async throws -> ObjectListing {
        if let root = bucket.linkedPath {
            return try await Disk.run {
                var walk = RemainingKeys(
                    of: try DirectoryWalk(bucket, at: root, prefix: prefix, from: start),
                    without: parts)
                return try ObjectListing(
                    from: &walk, prefix: prefix, delimiter: delimiter, max: max)
            }
        }
        return try await state.ledger.read { [files] db in
            var cursor = RemainingKeys(
                of: try VersionCursor(bucket, in: files, prefix: prefix, from: start, db),
                without: parts)
            return try ObjectListing(
                from: &cursor, prefix: prefix, delimiter: delimiter, max: max)
        }
    }

    /// The object's bytes, provided that it is still the same one.
    ///
    /// - Parameter range: Within the object's size. Nil: all of it.
    /// - Throws: ``ObjectChanged`` now, or from the body later.
    func body(of object: StoredObject, range: Range<Int>? = nil) async throws -> ObjectBody {
        let bucket = bucket(named: object.bucket)
        return try await Disk.run {
            let file: OpenFile
            do {
                // A pin is no file of the provider's tree, and nobody else names it.
                if let root = bucket?.linkedPath, object.path == "\(root)/\(object.key)" {
                    guard let path = LinkedKey(object.key),
                        let directory = try Self.directory(of: path, below: root)
                    else { throw ObjectChanged(object) }
                    file = try directory.file(named: path.fileName)
                } else {
                    file = try .file(object.path)
                }
            } catch let fault as SystemCallFault where fault.isAbsence {
                throw ObjectChanged(object)
            }
            return try ObjectBody(file, of: object, range: range ?? 0..<object.size)
        }
    }

    /// Whether the bytes are still those that were looked at.
    func stillIs(_ object: StoredObject) async throws -> Bool {
        try await Disk.run { object.isStill(FileIdentity(ofFileAt: object.path)) }
    }

    /// Where the key's file would be. Nil if there is no such directory.
    private static func directory(
        of key: LinkedKey, below root: String
    ) throws(LinkFault) -> OpenFile? {
        var directory: OpenFile
        do { directory = try .directory(root) } catch { throw LinkFault(root, error) }
        do {
            for name in key.directories { directory = try directory.directory(named: name) }
        } catch let error where error.isAbsence {
            return nil
        } catch {
            throw LinkFault("\(root)/\(key.names.joined(separator: "/"))", error)
        }
        return directory
    }

    /// Nil where no regular file stands under that key.
    private static func identity(
        of key: LinkedKey, below root: String
    ) throws(LinkFault) -> FileIdentity? {
        guard let directory = try directory(of: key, below: root) else { return nil }
        do {
            return FileIdentity(try directory.status(of: key.fileName))
        } catch let error where error.isAbsence {
            return nil
        } catch {
            throw LinkFault("\(root)/\(key.names.joined(separator: "/"))", error)
        }
    }
}
