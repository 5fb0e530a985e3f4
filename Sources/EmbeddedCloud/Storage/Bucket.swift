import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// A place for objects: managed, where the exchange keeps the bytes, or linked, the provider's own
/// directory, read in place and never written.
struct Bucket: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "bucket"

    var name: BucketName
    var account: AccountID
    /// Absolute, without symbolic links. Nil in a managed bucket.
    var linkedPath: String?
    var createdAt: Date
    /// Nil: never set, or deleted. Empty is something else.
    var tags: [BucketTag]?
    /// As its owner wrote it.
    var policy: String?
    /// Whether an object that is written again or deleted is kept. Nil: it was never asked for.
    var versioning: BucketVersioning?

    var isLinked: Bool { linkedPath != nil }

    /// The bucket as it is now, for a change that was begun before.
    ///
    /// - Throws: `NoSuchBucket`, also where another one has its name by now.
    func current(_ db: Database) throws -> Bucket {
        guard let bucket = try Bucket.fetchOne(db, key: name.rawValue),
            bucket.account == account, bucket.isLinked == isLinked,
            // The ledger keeps milliseconds.
            abs(bucket.createdAt.timeIntervalSince(createdAt)) < 0.001
        else { throw AWSError.noSuchBucket(name.rawValue) }
        return bucket
    }
}

/// What becomes of an object when another one takes its place.
enum BucketVersioning: String, Codable, Sendable {
    /// It is kept under its version's id, and deleting hides it.
    case enabled = "Enabled"
    /// Those with an id are kept; a new one has none, and takes the place of the one before.
    case suspended = "Suspended"
}

/// The buckets that there are. Their objects are in the file system, and in tables of their own.
struct StorageState: Sendable {
    var buckets: TreeDictionary<BucketName, Bucket> = [:]
    /// Those of the buckets that have one.
    var policies: TreeDictionary<BucketName, PolicyDocument> = [:]

    init(loading db: Database) throws {
        for bucket in try Bucket.fetchAll(db) {
            buckets[bucket.name] = bucket
            guard let policy = bucket.policy else { continue }
            let document = try? PolicyDocument(parsing: policy, as: .resource)
            policies[bucket.name] = document ?? Self.closed
        }
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

    static let settingsMigration = Migration(
        "2-bucket-settings",
        """
        ALTER TABLE bucket ADD COLUMN tags TEXT;
        ALTER TABLE bucket ADD COLUMN policy TEXT;
        ALTER TABLE bucket ADD COLUMN versioning TEXT
            CHECK (versioning IN ('Enabled', 'Suspended'));
        UPDATE bucket SET versioning = 'Enabled' WHERE linkedPath IS NULL;
        ALTER TABLE objectVersion ADD COLUMN isUnversioned INTEGER NOT NULL DEFAULT 0
            CHECK (isUnversioned IN (0, 1));
        CREATE INDEX objectVersionKey ON objectVersion(bucket, key);
        CREATE UNIQUE INDEX objectVersionNull ON objectVersion(bucket, key) WHERE isUnversioned = 1;
        """)
}
