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
            detailType: detailType,
            resources: JSONValue.array(resources.map(JSONValue.string)).text,
            detail: detail.text, time: time
        ).insert(db)
    }
}

/// An event that no rule has been asked about yet.
struct EventOutboxRow: Codable, FetchableRecord, PersistableRecord, Sendable {
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

    let id: String
    let account: AccountID
    let bus: String
    let source: String
    let detailType: String
    /// A JSON array.
    let resources: String
    /// A JSON object.
    let detail: String
    let time: Date

    /// The event as rules and targets see it.
    ///
    /// Source: Amazon EventBridge User Guide, "Events".
    func event(region: String) throws(JSONFault) -> JSONValue {
        [
            "version": "0",
            "id": .string(id),
            "detail-type": .string(detailType),
            "source": .string(source),
            "account": .string(account.rawValue),
            "time": .string(Timestamp.iso8601.text(time)),
            "region": .string(region),
            "resources": try JSONValue(parsing: resources),
            "detail": try JSONValue(parsing: detail),
        ]
    }
}
