import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// The queues of every account. Their messages are in the ledger alone.
struct QueuesState: Sendable {
    private var accounts: TreeDictionary<AccountID, TreeDictionary<String, QueueRow>> = [:]
    private(set) var lastID = 0

    init(loading db: Database) throws {
        for row in try QueueRow.fetchAll(db) { put(row) }
    }

    subscript(address: QueueAddress) -> QueueRow? { accounts[address.account]?[address.name] }

    func queues(of account: AccountID) -> TreeDictionary<String, QueueRow> {
        accounts[account] ?? [:]
    }

    var all: some Sequence<QueueRow> { accounts.values.lazy.flatMap(\.values) }

    mutating func put(_ row: QueueRow) {
        accounts[row.account, default: [:]][row.name] = row
        lastID = max(lastID, row.id)
    }

    mutating func remove(_ row: QueueRow) { accounts[row.account]?[row.name] = nil }

    static let migration = Migration(
        "1-queues",
        """
        CREATE TABLE queue (
            id INTEGER PRIMARY KEY,
            account TEXT NOT NULL REFERENCES account(id),
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
            createdAt TEXT NOT NULL,
            modifiedAt TEXT NOT NULL,
            visibilityTimeout INTEGER NOT NULL CHECK (visibilityTimeout BETWEEN 0 AND 43200),
            delaySeconds INTEGER NOT NULL CHECK (delaySeconds BETWEEN 0 AND 900),
            receiveMessageWaitTimeSeconds INTEGER NOT NULL
                CHECK (receiveMessageWaitTimeSeconds BETWEEN 0 AND 20),
            messageRetentionPeriod INTEGER NOT NULL
                CHECK (messageRetentionPeriod BETWEEN 60 AND 1209600),
            maximumMessageSize INTEGER NOT NULL
                CHECK (maximumMessageSize BETWEEN 1024 AND 1048576),
            policy TEXT,
            deadLetterQueue TEXT,
            maxReceiveCount INTEGER CHECK (maxReceiveCount BETWEEN 1 AND 1000),
            purgedAt TEXT,
            UNIQUE (account, name),
            CHECK ((deadLetterQueue IS NULL) = (maxReceiveCount IS NULL))
        ) STRICT;
        CREATE TABLE message (
            id TEXT NOT NULL UNIQUE,
            queue INTEGER NOT NULL REFERENCES queue(id) ON DELETE CASCADE,
            body TEXT NOT NULL CHECK (body <> ''),
            attributes TEXT NOT NULL,
            senderID TEXT NOT NULL,
            sentAt TEXT NOT NULL,
            visibleAt TEXT NOT NULL,
            receiveCount INTEGER NOT NULL CHECK (receiveCount >= 0),
            firstReceivedAt TEXT,
            receipt TEXT,
            deadLetterSource TEXT
        ) STRICT;
        CREATE INDEX messageByVisibility ON message(queue, visibleAt, receiveCount);
        CREATE INDEX messageByAge ON message(queue, sentAt);
        """)
}

/// A queue and its attributes, each under SQS's own name.
struct QueueRow: Codable, Equatable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "queue"

    /// Messages hang on it, not on the name: a queue made anew under a name starts empty.
    let id: Int
    let account: AccountID
    let name: String
    let createdAt: Date
    var modifiedAt: Date
    /// Seconds.
    var visibilityTimeout = 30
    var delaySeconds = 0
    var receiveMessageWaitTimeSeconds = 0
    /// Seconds.
    var messageRetentionPeriod = 345_600
    /// Bytes of body and attributes together.
    var maximumMessageSize = MessageLimits.bytesMax
    /// JSON text as it was given. Only the owner's account reaches a queue, whatever it allows.
    var policy: String?
    /// The name of a queue of the same account.
    var deadLetterQueue: String?
    var maxReceiveCount: Int?
    var purgedAt: Date?

    init(id: Int, address: QueueAddress, createdAt: Date) {
        self.id = id
        account = address.account
        name = address.name
        self.createdAt = createdAt
        modifiedAt = createdAt
    }

    var address: QueueAddress { QueueAddress(account: account, name: name) }
}
