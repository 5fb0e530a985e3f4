import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// A place for objects: managed, where the exchange keeps the bytes and every version of them, or linked,
/// the provider's own directory, read in place and never written.
struct Bucket: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "bucket"

    var name: BucketName
    var account: AccountID
    /// Absolute, without symbolic links. Nil in a managed bucket.
    var linkedPath: String?
    var createdAt: Date

    var isLinked: Bool { linkedPath != nil }
}

/// The buckets that there are. Their objects are in the file system, and in tables of their own.
struct StorageState: Sendable {
    var buckets: TreeDictionary<BucketName, Bucket> = [:]

    init(loading db: Database) throws {
        for bucket in try Bucket.fetchAll(db) { buckets[bucket.name] = bucket }
    }

    static let migration = Migration(
        "1-storage",
        """
        CREATE TABLE bucket (
            name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 3 AND 63),
            account TEXT NOT NULL REFERENCES account(id),
            linkedPath TEXT CHECK (linkedPath LIKE '/%'),
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE objectVersion (
            id TEXT PRIMARY KEY,
            bucket TEXT NOT NULL REFERENCES bucket(name),
            key TEXT NOT NULL CHECK (length(CAST(key AS BLOB)) BETWEEN 1 AND 1024),
            isLatest INTEGER NOT NULL CHECK (isLatest IN (0, 1)),
            isDeleteMarker INTEGER NOT NULL CHECK (isDeleteMarker IN (0, 1)),
            etag TEXT NOT NULL,
            attributes TEXT NOT NULL,
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX objectVersionLatest ON objectVersion(bucket, key) WHERE isLatest = 1;
        """)
}
