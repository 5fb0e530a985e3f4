import AWSAPI
import FoundationEssentials
import GRDB
import Ledger

/// An event on its way to one account's event bus.
struct BusEvent: Sendable {
    var id = UUID()
    /// Whose bus it goes to.
    var account: AccountID
    var bus = "default"
    /// `aws.dataexchange`, `nomura.data-platform`.
    var source: String
    var detailType: String
    var resources: [String] = []
    /// A JSON object.
    var detail: JSONValue
    var time: Date

    /// Leaves the event to be delivered once the transaction that it is part of has committed, at least
    /// once: the outbox survives what kills the process.
    func post(in db: Database) throws {
        try EventOutboxRow(
            id: id.uuidString.lowercased(), account: account, bus: bus, source: source,
            detailType: detailType, resources: JSONValue.array(resources.map(JSONValue.string)).text,
            detail: detail.text, time: time
        ).insert(db)
    }
}

/// An event that no delivery has taken yet.
struct EventOutboxRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "eventOutbox"
    static let migration = Migration(
        "1-event-outbox",
        """
        CREATE TABLE eventOutbox (
            id TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            bus TEXT NOT NULL,
            source TEXT NOT NULL,
            detailType TEXT NOT NULL,
            resources TEXT NOT NULL,
            detail TEXT NOT NULL,
            time TEXT NOT NULL
        ) STRICT;
        """)

    var id: String
    var account: AccountID
    var bus: String
    var source: String
    var detailType: String
    var resources: String
    var detail: String
    var time: Date
}
