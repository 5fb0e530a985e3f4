import AWSAPI
import FoundationEssentials
import GRDB

/// What one look into a queue brought.
struct Reception {
    var messages: [MessageRow] = []
    /// Messages that went to the dead-letter queue instead.
    var redriven = 0
}

extension MessageRow {
    /// Messages looked at in one transaction: the writer is everyone's.
    static let candidatesMax = 100

    /// Hides up to `count` visible messages and hands them out, each under a new receipt.
    ///
    /// One that was received as often as the queue allows goes to the dead-letter queue instead. If that
    /// queue is gone it stays, and is handed out: nothing is lost for want of a place to put it.
    static func receive(
        _ count: Int, from queue: QueueRow, deadLetters: QueueRow?, hiding seconds: Int,
        region: String, at now: Date, in db: Database
    ) throws -> Reception {
        var reception = Reception()
        let candidates = try Row.fetchAll(
            db,
            sql: """
                SELECT rowid, receiveCount FROM message
                WHERE queue = ? AND visibleAt <= ? AND sentAt > ?
                ORDER BY visibleAt, receiveCount, rowid LIMIT ?
                """, arguments: [queue.id, now, queue.oldest(at: now), candidatesMax])
        for candidate in candidates where reception.messages.count < count {
            let (rowID, receiveCount): (Int, Int) = (candidate["rowid"], candidate["receiveCount"])
            if let deadLetters, let max = queue.maxReceiveCount, receiveCount >= max {
                try redrive(rowID, from: queue, to: deadLetters, region: region, at: now, in: db)
                reception.redriven += 1
                continue
            }
            guard var message = try MessageRow.filter(Column.rowID == rowID).fetchOne(db) else {
                preconditionFailure("A message vanished inside a transaction.")
            }
            message.receiveCount += 1
            message.firstReceivedAt = message.firstReceivedAt ?? now
            message.visibleAt = now + TimeInterval(seconds)
            message.receipt = UUID().uuidString.lowercased()
            try message.saveReceipt(rowID: rowID, in: db)
            reception.messages.append(message)
        }
        return reception
    }

    private func saveReceipt(rowID: Int, in db: Database) throws {
        try db.execute(
            sql: """
                UPDATE message SET receiveCount = ?, firstReceivedAt = ?, visibleAt = ?, receipt = ?
                WHERE rowid = ?
                """, arguments: [receiveCount, firstReceivedAt, visibleAt, receipt, rowID])
    }

    /// Its age counts on from when it was first sent.
    private static func redrive(
        _ rowID: Int, from queue: QueueRow, to deadLetters: QueueRow, region: String, at now: Date,
        in db: Database
    ) throws {
        let source = queue.address.arn(in: region).description
        try db.execute(
            sql: """
                UPDATE message
                SET queue = ?, visibleAt = ?, receipt = NULL, deadLetterSource = ? WHERE rowid = ?
                """, arguments: [deadLetters.id, now, source, rowID])
    }

    /// When the next message of the queue can be received: in the past if one can be now.
    static func nextVisible(
        in queue: QueueRow, at now: Date, in db: Database
    ) throws -> Date? {
        let oldest = queue.oldest(at: now)
        let of = "FROM message WHERE queue = ? AND sentAt > ?"
        // Two questions to the index, each of one step; one question would walk it.
        let visible = try Date.fetchOne(
            db, sql: "SELECT visibleAt \(of) AND visibleAt <= ? ORDER BY visibleAt LIMIT 1",
            arguments: [queue.id, oldest, now])
        if let visible { return visible }
        return try Date.fetchOne(
            db, sql: "SELECT visibleAt \(of) AND visibleAt > ? ORDER BY visibleAt LIMIT 1",
            arguments: [queue.id, oldest, now])
    }

    /// True if so many messages of the queue are in flight that none may be added.
    static func isInFlightFull(
        _ queue: QueueRow, at now: Date, in db: Database
    ) throws -> Bool {
        // Answered out of the index alone, and counted no further than the limit.
        let count = try Int.fetchOne(
            db,
            sql: """
                SELECT count(*) FROM (
                    SELECT 1 FROM message
                    WHERE queue = ? AND visibleAt > ? AND receiveCount > 0 LIMIT ?)
                """, arguments: [queue.id, now, MessageLimits.inFlightMax])
        return (count ?? 0) >= MessageLimits.inFlightMax
    }
}
