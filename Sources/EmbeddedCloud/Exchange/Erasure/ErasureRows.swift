import BourseAPI
import FoundationEssentials
import GRDB
import Ledger

/// Rows of a product that are to go, or went. It outlives the process that carries it out.
struct ErasureRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "erasure"

    /// As callers know them; what was only counted is kept nowhere.
    typealias State = Bourse.Erasure.State

    var id: ExchangeID
    var product: String
    var tables: [String]
    /// In the language of row filters.
    var expression: String
    var reason: String
    /// The ARN of whoever asked.
    var requestedBy: String
    var state: State
    var notExamined: [String]
    var fault: String?
    /// What is signed, to the byte, and in Base64 the signature.
    var certificate: String?
    var signature: String?
    var startedAt: Date
    var endedAt: Date?

    var isOpen: Bool { state == .running || state == .waiting }

    static let open = filter(
        [State.running.rawValue, State.waiting.rawValue].contains(Column("state")))
}

/// An object that held rows, as it was.
struct ErasedObjectRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "erasedObject"

    typealias State = Bourse.ErasedObject.State

    var erasure: ExchangeID
    var bucket: String
    var key: String
    /// Nil in a linked bucket.
    var version: String?
    /// Tells it from what the key has had before and since.
    var content: FileContent
    var rows: Int
    var state: State
    /// The version without the rows. Nil: nothing is left.
    var replacedBy: String?
    var erasedAt: Date?
}

/// A revision that had rows, or one that was published in the place of such a one.
struct ErasedRevisionRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "erasedRevision"

    var erasure: ExchangeID
    var dataSet: ExchangeID
    var revision: ExchangeID
    var isReplacement: Bool
}

/// A file by what is in it: where it lies and when it was last written, and not by its names.
struct FileContent: Hashable, Codable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: Int
    var modified: Int

    init(_ identity: FileIdentity) {
        device = identity.device
        inode = identity.inode
        size = identity.size
        modified = identity.modified
    }
}

extension ErasureRow {
    static let migration = Migration(
        "1-erasure",
        """
        CREATE TABLE erasure (
            id TEXT PRIMARY KEY,
            product TEXT NOT NULL,
            tables TEXT NOT NULL,
            expression TEXT NOT NULL,
            reason TEXT NOT NULL,
            requestedBy TEXT NOT NULL,
            state TEXT NOT NULL,
            notExamined TEXT NOT NULL,
            fault TEXT,
            certificate TEXT,
            signature TEXT,
            startedAt TEXT NOT NULL,
            endedAt TEXT,
            CHECK ((certificate IS NULL) = (state <> 'COMPLETED'))
        ) STRICT;
        CREATE INDEX erasureOpen ON erasure(state) WHERE state IN ('RUNNING', 'WAITING');
        CREATE TABLE erasedObject (
            erasure TEXT NOT NULL REFERENCES erasure(id),
            bucket TEXT NOT NULL,
            key TEXT NOT NULL,
            version TEXT,
            content TEXT NOT NULL,
            rows INTEGER NOT NULL CHECK (rows > 0),
            state TEXT NOT NULL,
            replacedBy TEXT,
            erasedAt TEXT,
            PRIMARY KEY (erasure, bucket, key, content)
        ) STRICT;
        CREATE TABLE erasedRevision (
            erasure TEXT NOT NULL REFERENCES erasure(id),
            dataSet TEXT NOT NULL,
            revision TEXT NOT NULL,
            isReplacement INTEGER NOT NULL CHECK (isReplacement IN (0, 1)),
            PRIMARY KEY (erasure, revision)
        ) STRICT, WITHOUT ROWID;
        """)
}
