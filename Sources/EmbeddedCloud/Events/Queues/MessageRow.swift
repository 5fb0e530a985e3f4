import AWSAPI
import Crypto
import FoundationEssentials
import GRDB

/// A message of a queue, until it is deleted or too old.
struct MessageRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "message"

    let id: String
    var queue: Int
    let body: String
    let attributes: [String: MessageAttribute]
    /// The user or role session that sent it.
    let senderID: String
    let sentAt: Date
    /// From when on it may be received.
    var visibleAt: Date
    /// Over all queues that it has been in.
    var receiveCount = 0
    var firstReceivedAt: Date?
    /// What the newest receipt handle says. Nil: never received from this queue.
    var receipt: String?
    /// The ARN of the queue that gave it up.
    var deadLetterSource: String?

    init(
        id: UUID = UUID(), to queue: QueueRow, body: String,
        attributes: [String: MessageAttribute] = [:], from senderID: String, at now: Date,
        delay: Int? = nil
    ) {
        self.id = id.uuidString.lowercased()
        self.queue = queue.id
        self.body = body
        self.attributes = attributes
        self.senderID = senderID
        sentAt = now
        visibleAt = now + TimeInterval(delay ?? queue.delaySeconds)
    }

    /// What queues count of it, bytes.
    var size: Int {
        attributes.reduce(body.utf8.count) { $0 + $1.value.size(named: $1.key) }
    }

    var bodyMD5: String { Insecure.MD5.hash(data: Data(body.utf8)).hex }

    /// Puts the message into its queue, and wakes those who wait there once it is committed.
    func post(in db: Database, ringing arrivals: Bell<Int>) throws {
        try insert(db)
        let queue = queue
        db.afterNextTransaction { _ in arrivals.ring(at: queue) }
    }

    /// Why a text cannot be a message's, nil if it can: some characters no queue carries.
    ///
    /// Source: Amazon Simple Queue Service API Reference, SendMessage, "MessageBody".
    static func contentFault(in text: String) -> String? {
        let bad = text.unicodeScalars.first { scalar in
            switch scalar.value {
            case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: false
            default: true
            }
        }
        guard let bad else { return nil }
        return
            "Invalid character '#x\(String(bad.value, radix: 16))' was found in the message: the "
            + "allowed ones are #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD, and beyond #xFFFF."
    }
}

/// How many messages a queue holds.
struct MessageCounts: Equatable {
    var visible = 0
    /// Received, and hidden until their visibility timeout ends.
    var inFlight = 0
    /// Not to be received yet for the first time.
    var delayed = 0
}

extension MessageRow {
    static func counts(
        of queue: QueueRow, at now: Date, in db: Database
    ) throws -> MessageCounts {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*) FILTER (WHERE visibleAt <= :now) AS visible,
                       count(*) FILTER (WHERE visibleAt > :now AND receipt IS NOT NULL) AS inFlight,
                       count(*) FILTER (WHERE visibleAt > :now AND receipt IS NULL) AS delayed
                FROM message WHERE queue = :queue AND sentAt > :oldest
                """,
            arguments: ["now": now, "queue": queue.id, "oldest": queue.oldest(at: now)])
        guard let row else { return MessageCounts() }
        return MessageCounts(
            visible: row["visible"], inFlight: row["inFlight"], delayed: row["delayed"])
    }

    static func hasExpired(
        in queue: QueueRow, at now: Date, in db: Database
    ) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM message WHERE queue = ? AND sentAt <= ?)",
            arguments: [queue.id, queue.oldest(at: now)]) ?? false
    }

    /// Removes up to `limit` messages that are older than their queue keeps them.
    static func removeExpired(
        from queue: QueueRow, limit: Int, at now: Date, in db: Database
    ) throws {
        try db.execute(
            sql: """
                DELETE FROM message WHERE rowid IN (
                    SELECT rowid FROM message WHERE queue = ? AND sentAt <= ? LIMIT ?)
                """, arguments: [queue.id, queue.oldest(at: now), limit])
    }
}

extension QueueRow {
    /// Messages sent then or before are gone.
    func oldest(at now: Date) -> Date { now - TimeInterval(messageRetentionPeriod) }
}
