import AWSAPI
import FoundationEssentials
import GRDB
import Ledger

/// An event on its way to one target, until the target has it or it is given up.
///
/// It holds what the rule said when the event came: changing the rule does not change what is under way.
struct DeliveryRow: Codable, FetchableRecord, MutablePersistableRecord, Sendable {
    static let databaseTableName = "delivery"
    static let migration = Migration(
        "1-deliveries",
        """
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY,
            ruleArn TEXT NOT NULL,
            targetArn TEXT NOT NULL,
            body TEXT NOT NULL,
            deadLetterArn TEXT,
            maximumRetryAttempts INTEGER NOT NULL,
            maximumEventAgeInSeconds INTEGER NOT NULL,
            acceptedAt TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            nextAttemptAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX deliveryByTarget ON delivery(targetArn, nextAttemptAt);
        """)

    /// Nil until it is in the ledger, which numbers deliveries in the order of their events.
    private(set) var id: Int?
    let ruleArn: String
    let targetArn: String
    /// What the target is to get.
    let body: String
    let deadLetterArn: String?
    let maximumRetryAttempts: Int
    /// Seconds.
    let maximumEventAgeInSeconds: Int
    /// When the rule matched. The age counts from here.
    let acceptedAt: Date
    private(set) var attempts = 0
    private(set) var nextAttemptAt: Date

    init(of event: JSONValue, to target: TargetRow, region: String, at now: Date) {
        ruleArn = target.eventBus.arn(ofRule: target.rule, in: region).description
        targetArn = target.arn
        body = target.body(for: event)
        deadLetterArn = target.deadLetterArn
        maximumRetryAttempts =
            target.maximumRetryAttempts ?? EventLimits.retryAttempts.upperBound
        maximumEventAgeInSeconds =
            target.maximumEventAgeInSeconds ?? EventLimits.eventAgeSeconds.upperBound
        acceptedAt = now
        nextAttemptAt = now
    }

    mutating func didInsert(_ inserted: InsertionSuccess) { id = Int(inserted.rowID) }

    mutating func retry(at time: Date) { nextAttemptAt = time }

    mutating func countAttempt() { attempts += 1 }

    var retrySchedule: RetrySchedule {
        RetrySchedule(
            retriesMax: maximumRetryAttempts,
            deadline: acceptedAt + TimeInterval(maximumEventAgeInSeconds))
    }
}

extension DeliveryRow {
    /// The targets that deliveries wait for, and when the next one to each is due.
    static func due(in db: Database) throws -> [(targetArn: String, next: Date)] {
        try Row.fetchAll(
            db,
            sql: "SELECT targetArn, min(nextAttemptAt) AS next FROM delivery GROUP BY targetArn"
        ).map { ($0["targetArn"], $0["next"]) }
    }

    static func next(to targetArn: String, at now: Date, in db: Database) throws -> DeliveryRow? {
        try filter(Column("targetArn") == targetArn && Column("nextAttemptAt") <= now)
            .order(Column("nextAttemptAt"), Column("id")).fetchOne(db)
    }
}

extension TargetRow {
    /// The target's own input, the part of the event that it asks for, or the event.
    fileprivate func body(for event: JSONValue) -> String {
        if let input { return input }
        return (inputPath.flatMap(EventPath.init)?.value(in: event) ?? event).text
    }
}
