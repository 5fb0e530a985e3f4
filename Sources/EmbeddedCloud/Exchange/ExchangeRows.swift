import AWSAPI
import FoundationEssentials
import GRDB
import LakeFormationAPI
import Ledger

/// What a data set's assets are.
///
/// A Redshift data share and an API can be registered and granted; there is no door yet that reads them.
enum AssetKind: String, CaseIterable, Codable, Sendable {
    case s3Snapshot = "S3_SNAPSHOT"
    case s3DataAccess = "S3_DATA_ACCESS"
    case redshiftDataShare = "REDSHIFT_DATA_SHARE"
    case api = "API_GATEWAY_API"
    case lakePermission = "LAKE_FORMATION_DATA_PERMISSION"
}

struct DataSetRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "dataSet"

    var id: ExchangeID
    var owner: AccountID
    var name: String
    var description: String
    var assetKind: AssetKind
    var tags: [String: String]
    var createdAt: Date
    var updatedAt: Date

    /// The tag that declares a data set live, with the value `true`. It is given when the data set is made, and
    /// stays.
    static let liveTag = "bourse:live"

    /// Its revisions say what is open, and pin nothing: the newest objects are read.
    var isLive: Bool { tags[Self.liveTag] == "true" }
}

struct RevisionRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "revision"

    var id: ExchangeID
    var dataSet: ExchangeID
    var comment: String
    var tags: [String: String]
    var createdAt: Date
    var updatedAt: Date
    /// Which of the exchange's publications it is, counted up. Nil until it is finalized. The newest
    /// revision of a data set is the one with the highest, whatever the clock said.
    var publication: Int?
    /// How well the pinned files hold: the weakest of them.
    var guarantee: PinGuarantee?
    /// What the manifest says in all.
    var objectCount: Int?
    var bytes: Int?
    /// Of its Parquet files. Nil for revisions from before rows were counted.
    var rowCount: Int?
    var revokedAt: Date?
    var revocationComment: String?
    var blockedAt: Date?
    var blockReason: String?

    var isFinalized: Bool { publication != nil }
    /// Its files are kept: it is read, or may be again.
    var isHeld: Bool { publication != nil && revokedAt == nil }
    /// Receivers see it.
    var isPublished: Bool { isHeld && blockedAt == nil }
}

struct AssetRow: Codable, Equatable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "asset"

    var id: ExchangeID
    var revision: ExchangeID
    /// Unique in its revision: the object's key, the bucket that is opened, what is tagged so.
    var name: String
    var content: AssetContent
    var createdAt: Date
    var updatedAt: Date
}

/// What an asset holds.
enum AssetContent: Codable, Equatable, Sendable {
    /// One object, as it was when it was imported.
    case snapshot(StoredObject)
    case s3Access(S3Access)
    /// The share's ARN.
    case redshiftDataShare(String)
    case api(API)
    case lakePermission(LakePermission)

    /// A stage of an API, and the OpenAPI document that describes it.
    struct API: Codable, Equatable, Sendable {
        var id: String
        var name: String
        var stage: String
        var description: String?
        /// Nil until the document is there.
        var specification: StoredObject?
    }
}

/// What Lake Formation grants to whoever holds a data grant.
struct LakePermission: Codable, Hashable, Sendable {
    /// In the owner's catalogue.
    var policy: TagPolicy
    var rights: [Right]
    /// The role that may grant it, as an ARN.
    var role: String

    enum Right: String, Codable, Sendable {
        case describe = "DESCRIBE"
        case select = "SELECT"
    }

    var permissions: Set<LakeFormation.Permission> {
        Set(rights.map { .init(rawValue: $0.rawValue) })
    }
}

/// A part of a bucket, given for reading: objects by prefix and by key, or the whole of it.
struct S3Access: Codable, Sendable {
    var bucket: String
    var keyPrefixes: [String]
    var keys: [String]

    /// What is to be listed to find every object of it.
    var prefixes: [String] { keyPrefixes.isEmpty && keys.isEmpty ? [""] : keyPrefixes }

    /// Of an object's key, how many bytes are named. Nil: the object is not given.
    func closeness(toKey key: String) -> Int? {
        keys.contains { key.hasSameBytes(as: $0) } ? key.utf8.count : closeness(toFolder: key)
    }

    /// Of a folder's, how many bytes are named. Nil: not all of it is given.
    func closeness(toFolder folder: String) -> Int? {
        // Bytes: to Swift, two spellings of a letter are the same text.
        prefixes.filter { folder.utf8.starts(with: $0.utf8) }.map(\.utf8.count).max()
    }
}

/// What a finalized revision opens to whoever receives it.
struct RevisionOpening: Sendable {
    /// At most one: a revision has no more of them.
    private(set) var access: S3Access?
    /// One for each policy.
    private(set) var lakePermissions: [LakePermission] = []

    var isNothing: Bool { access == nil && lakePermissions.isEmpty }

    mutating func add(_ content: AssetContent) {
        switch content {
        case .s3Access(let access): self.access = access
        case .lakePermission(let permission):
            let known = lakePermissions.firstIndex { $0.policy == permission.policy }
            if let known {
                lakePermissions[known].rights += permission.rights
            } else {
                lakePermissions.append(permission)
            }
        case .snapshot, .redshiftDataShare, .api: break
        }
    }
}

/// By bytes: to Swift, two spellings of a letter are the same text.
extension S3Access: Hashable {
    func hash(into hasher: inout Hasher) {
        hasher.combine(bucket)
        for names in [keyPrefixes, keys] {
            hasher.combine(names.count)
            for name in names { for byte in name.utf8 { hasher.combine(byte) } }
        }
    }

    static func == (left: S3Access, right: S3Access) -> Bool {
        left.bucket == right.bucket
            && left.keyPrefixes.elementsEqual(right.keyPrefixes) { $0.hasSameBytes(as: $1) }
            && left.keys.elementsEqual(right.keys) { $0.hasSameBytes(as: $1) }
    }
}

/// A part of a bucket that a data set once opened.
struct FormerAccessRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "formerAccess"

    var dataSet: ExchangeID
    var access: S3Access
}

struct JobRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "exchangeJob"

    /// No job takes so long that it gets to TIMED_OUT.
    enum State: String, Codable, Sendable {
        case waiting = "WAITING"
        case cancelled = "CANCELLED"
        case inProgress = "IN_PROGRESS"
        case completed = "COMPLETED"
        case error = "ERROR"
    }

    var id: ExchangeID
    var owner: AccountID
    /// As the owner of the job knows it.
    var dataSet: ExchangeID
    /// Nil where it is about several.
    var revision: ExchangeID?
    var task: JobTask
    var state: State
    var faults: [JobFault]
    var createdAt: Date
    var updatedAt: Date
}

/// What a job is to do.
enum JobTask: Codable, Equatable, Sendable {
    case importAssetsFromS3([ObjectName])
    case createS3DataAccess(S3Access)
    /// The ARNs.
    case importRedshiftDataShares([String])
    case exportAssets([AssetDestination], isEncrypted: Bool)
    case exportRevisions([RevisionDestination], isEncrypted: Bool)
    case importUpload(Upload)
    /// With the document that describes it.
    case importAPI(AssetContent.API, Upload)
    case exportToURL(asset: ExchangeID)
    /// All by the same role. One of databases, one of tables, or both.
    case importTagPolicies([LakePermission])

    /// An object that is uploaded for the job.
    struct Upload: Codable, Equatable, Sendable {
        var name: String
        /// As it was announced, in Base64.
        var md5: String
    }

    struct AssetDestination: Codable, Equatable, Sendable {
        var asset: ExchangeID
        var bucket: String
        /// Nil: the asset's name.
        var key: String?
    }

    struct RevisionDestination: Codable, Equatable, Sendable {
        var revision: ExchangeID
        var bucket: String
        /// See ``KeyPattern``. Nil: the usual one.
        var keyPattern: String?
    }

    struct ObjectName: Codable, Equatable, Sendable {
        var bucket: String
        var key: String
    }
}

struct DataGrantRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "dataGrant"

    var id: ExchangeID
    var name: String
    var description: String?
    var sender: AccountID
    var receiver: AccountID
    var sourceDataSet: ExchangeID
    /// What the receiver knows the data set by, once it has accepted.
    var entitledDataSet: ExchangeID
    var acceptedAt: Date?
    /// Nil: until it is deleted.
    var endsAt: Date?
    var tags: [String: String]
    var createdAt: Date
    var updatedAt: Date

    /// How it stands with the receiver: offered, taken, or over.
    enum Standing: Sendable { case offered, holding, ended }

    /// It no longer holds at `endsAt` itself.
    func standing(at now: Date) -> Standing {
        if let endsAt, now >= endsAt { return .ended }
        return acceptedAt == nil ? .offered : .holding
    }

    /// Whether the receiver may use it.
    func holds(at now: Date) -> Bool { standing(at: now) == .holding }
}

extension ExchangeState {
    static let migration = Migration(
        "1-exchange",
        """
        CREATE TABLE dataSet (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL REFERENCES account(id),
            name TEXT NOT NULL CHECK (name <> ''),
            description TEXT NOT NULL,
            assetKind TEXT NOT NULL CHECK (assetKind IN ('S3_SNAPSHOT', 'S3_DATA_ACCESS')),
            tags TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE revision (
            id TEXT PRIMARY KEY,
            dataSet TEXT NOT NULL REFERENCES dataSet(id),
            comment TEXT NOT NULL,
            tags TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL,
            publication INTEGER UNIQUE CHECK (publication > 0),
            guarantee TEXT,
            objectCount INTEGER,
            bytes INTEGER,
            revokedAt TEXT,
            revocationComment TEXT,
            CHECK ((publication IS NULL) = (guarantee IS NULL)),
            CHECK ((publication IS NULL) = (objectCount IS NULL)),
            CHECK ((publication IS NULL) = (bytes IS NULL)),
            CHECK (revokedAt IS NULL OR publication IS NOT NULL),
            CHECK ((revokedAt IS NULL) = (revocationComment IS NULL))
        ) STRICT;
        CREATE INDEX revisionOfDataSet ON revision(dataSet);
        CREATE TABLE asset (
            id TEXT PRIMARY KEY,
            revision TEXT NOT NULL REFERENCES revision(id),
            name TEXT NOT NULL CHECK (name <> ''),
            content TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL,
            UNIQUE (revision, name)
        ) STRICT;
        CREATE TABLE exchangeJob (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL REFERENCES account(id),
            dataSet TEXT NOT NULL REFERENCES dataSet(id),
            revision TEXT NOT NULL REFERENCES revision(id),
            task TEXT NOT NULL,
            state TEXT NOT NULL
                CHECK (state IN ('WAITING', 'IN_PROGRESS', 'COMPLETED', 'ERROR')),
            faults TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX exchangeJobState ON exchangeJob(state);
        CREATE TABLE dataGrant (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL CHECK (name <> ''),
            description TEXT,
            sender TEXT NOT NULL REFERENCES account(id),
            receiver TEXT NOT NULL CHECK (length(receiver) = 12 AND receiver <> sender),
            sourceDataSet TEXT NOT NULL REFERENCES dataSet(id),
            entitledDataSet TEXT NOT NULL UNIQUE,
            acceptedAt TEXT,
            endsAt TEXT,
            tags TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL
        ) STRICT;
        """)

    /// More kinds of data sets; jobs about several revisions, or about what was removed since.
    static let kindsMigration = Migration(
        "2-exchange",
        """
        CREATE TABLE anyDataSet (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL REFERENCES account(id),
            name TEXT NOT NULL CHECK (name <> ''),
            description TEXT NOT NULL,
            assetKind TEXT NOT NULL,
            tags TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL
        ) STRICT;
        INSERT INTO anyDataSet SELECT * FROM dataSet;
        DROP TABLE dataSet;
        ALTER TABLE anyDataSet RENAME TO dataSet;
        CREATE TABLE anyJob (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL REFERENCES account(id),
            dataSet TEXT NOT NULL,
            revision TEXT,
            task TEXT NOT NULL,
            state TEXT NOT NULL,
            faults TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL
        ) STRICT;
        INSERT INTO anyJob SELECT * FROM exchangeJob;
        DROP TABLE exchangeJob;
        ALTER TABLE anyJob RENAME TO exchangeJob;
        CREATE INDEX exchangeJobState ON exchangeJob(state);
        CREATE INDEX exchangeJobOwner ON exchangeJob(owner);
        CREATE TABLE eventAction (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL REFERENCES account(id),
            dataSet TEXT NOT NULL,
            export TEXT NOT NULL,
            tags TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX eventActionOwner ON eventAction(owner);
        CREATE TABLE sentNotification (
            owner TEXT NOT NULL REFERENCES account(id),
            clientToken TEXT NOT NULL,
            sentAt TEXT NOT NULL,
            PRIMARY KEY (owner, clientToken)
        ) STRICT, WITHOUT ROWID;
        """)

    /// Revisions out of sight, and what products promise of them.
    static let productsMigration = Migration(
        "3-exchange",
        """
        ALTER TABLE revision ADD COLUMN rowCount INTEGER;
        ALTER TABLE revision ADD COLUMN blockedAt TEXT;
        ALTER TABLE revision ADD COLUMN blockReason TEXT
            CHECK ((blockedAt IS NULL) = (blockReason IS NULL));
        CREATE TABLE product (
            id TEXT PRIMARY KEY,
            dataSet TEXT NOT NULL UNIQUE REFERENCES dataSet(id),
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            updatedAt TEXT NOT NULL
        ) STRICT;
        """)

    static let accessMigration = Migration(
        "4-exchange",
        """
        CREATE TABLE formerAccess (
            dataSet TEXT NOT NULL,
            access TEXT NOT NULL,
            PRIMARY KEY (dataSet, access)
        ) STRICT, WITHOUT ROWID;
        """)
}
