import AWSAPI
import Crypto
import FoundationEssentials
import GRDB
import Ledger
import Logging
import Synchronization

/// Puts every request's outcome into the trail before its answer leaves, and keeps trail and ledger of
/// one mind: changes whose event the trail has not yet, and the newest signed head.
final class Recorder: Sendable {
    /// How long an event that the trail has may still stand in the outbox.
    static let outboxSweepInterval = Duration.seconds(1)

    private let trail: Trail
    private let ledger: Ledger
    private let log: Logger
    private let clock: @Sendable () -> Date
    private let strangers: Mutex<StrangerTally>
    /// Events of changes that the trail has, to be taken out of the outbox.
    private let recorded = Mutex<[UUID]>([])
    private let heads: AsyncStream<TrailHead>
    private let refusals = Mutex(TrailRefusals())

    /// Opens the trail where the ledger says it ended, and gives it what it missed.
    init(
        directory: DataDirectory, ledger: Ledger, log: Logger, clock: @escaping @Sendable () -> Date
    ) async throws {
        self.ledger = ledger
        self.log = log
        self.clock = clock
        strangers = Mutex(StrangerTally())
        let key = try TrailSigner(reading: directory)
        let lastHead = try await ledger.read { db in try HeadRow.fetchOne(db) }?.decoded()
        // Only the newest head matters: while one is being kept, later ones replace each other.
        let (heads, newHeads) = AsyncStream.makeStream(
            of: TrailHead.self, bufferingPolicy: .bufferingNewest(1))
        self.heads = heads
        trail = try Trail.open(
            directory: directory.trail, signer: key, lastHead: lastHead, clock: clock,
            onHead: { newHeads.yield($0) })
        if let torn = trail.tornTail {
            log.warning(
                "cut off an unfinished write at the trail's end",
                metadata: ["segment": "\(torn.segment)", "bytes": "\(torn.bytes)"])
        }
        try await giveMissedEvents()
    }

    /// Returns when the event is on the disk.
    ///
    /// - Throws: A refusal of `service`: nothing is answered unrecorded.
    func record(_ event: AuditEvent, for service: AWSService) async throws(AWSError) {
        do {
            _ = try await trail.append(event)
        } catch {
            log.critical("the trail cannot be written", metadata: ["cause": "\(error)"])
            refusals.withLock { $0.add(event) }
            throw AWSError(
                "ServiceUnavailable", status: 503,
                "The audit trail cannot be written, so \(service.name) answers nothing.")
        }
        refusals.withLock { $0.recorded() }
        if event.isChange { recorded.withLock { $0.append(event.eventID) } }
    }

    /// False while the trail cannot be written: a change that is made now would have no record.
    var admitsChanges: Bool { refusals.withLock { !$0.isRefusing } }

    /// Records the first refusal of a stranger from an address in a minute; the others are counted.
    func record(stranger event: AuditEvent, for service: AWSService) async throws(AWSError) {
        let isFirst = strangers.withLock { $0.count(event) }
        if isFirst { try await record(event, for: service) }
    }

    /// Keeps heads, empties the outbox, and writes down the strangers counted. Runs until cancelled.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                for await head in heads {
                    try await untilItWorks("the trail's head is not kept in the ledger") {
                        try await keep(head)
                    }
                }
            }
            group.addTask { [self] in
                while true {
                    try await Task.sleep(for: Self.outboxSweepInterval)
                    await giveMissedChanges()
                    try await untilItWorks("the outbox of the trail is not emptied") {
                        try await sweepOutbox()
                    }
                    await writeDownStrangers(before: clock())
                }
            }
            try await group.waitForAll()
        }
    }

    /// Tries again until the ledger can be written: a full disk is not full for ever.
    private func untilItWorks(
        _ what: Logger.Message, _ work: () async throws -> Void
    ) async throws {
        while true {
            do {
                return try await work()
            } catch let error as CancellationError {
                throw error
            } catch {
                log.error(what, metadata: ["cause": "\(error)"])
                try await Task.sleep(for: Self.outboxSweepInterval)
            }
        }
    }

    /// Changes that were made when the trail could not be written, in their order. Once it has them, further
    /// changes are let through.
    private func giveMissedChanges() async {
        for event in refusals.withLock({ $0.missed }) {
            do {
                _ = try await trail.append(event)
            } catch {
                return
            }
            refusals.withLock { $0.gave(event) }
            recorded.withLock { $0.append(event.eventID) }
        }
        // The next change finds out whether the trail can be written again.
        refusals.withLock { $0.recorded() }
    }

    func close() async throws {
        await writeDownStrangers(before: .distantFuture, urgency: .final)
        await trail.close()
        try await sweepOutbox()
        if let head = trail.newestHead { try await keep(head) }
    }

    private func keep(_ head: TrailHead) async throws {
        try await ledger.write { db in try HeadRow(head: head.description).save(db) }
    }

    private func sweepOutbox() async throws {
        let done = recorded.withLock { recorded in
            defer { recorded = [] }
            return recorded
        }
        guard !done.isEmpty else { return }
        do {
            try await ledger.write { db in
                for id in done { try AuditOutboxRow.deleteOne(db, key: id.uuidString) }
            }
        } catch {
            recorded.withLock { $0 += done }
            throw error
        }
    }

    private func writeDownStrangers(
        before time: Date, urgency: TrailUrgency = .ordinary
    ) async {
        for event in strangers.withLock({ $0.ended(before: time) }) {
            do {
                _ = try await trail.append(event, urgency: urgency)
            } catch {
                // The count is lost, the requests were refused: nothing was served unrecorded.
                log.error("strangers were not written down", metadata: ["cause": "\(error)"])
            }
        }
    }

    /// A change that was committed and then cut off before the trail had its event.
    private func giveMissedEvents() async throws {
        let rows = try await ledger.read { db in
            try AuditOutboxRow.order(Column("rowid")).fetchAll(db)
        }
        guard let first = rows.map(\.afterSequence).min() else { return }
        var known: Set<UUID> = []
        try trail.newestEventIDs(trail.lastSequence - first) { known.insert($0) }
        for row in rows {
            let event = try JSONDecoder().decode(AuditEvent.self, from: Data(row.event.utf8))
            if !known.contains(event.eventID) { _ = try await trail.append(event) }
        }
        try await ledger.write { db in
            for row in rows { try AuditOutboxRow.deleteOne(db, key: row.id) }
        }
        log.info("recovered", metadata: ["events": "\(rows.count)"])
    }

    /// The trail's newest sequence number: an event to come is after it.
    var lastSequence: Int { trail.lastSequence }
}

/// A change's event, in the change's own transaction, until the trail has it.
struct AuditOutboxRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "auditOutbox"
    static let migration = Migration(
        "1-audit-outbox",
        """
        CREATE TABLE auditOutbox (
            id TEXT PRIMARY KEY,
            afterSequence INTEGER NOT NULL,
            event TEXT NOT NULL
        ) STRICT;
        """)

    var id: String
    /// The trail's end when the change began: the event is looked for after it.
    var afterSequence: Int
    var event: String

    init(_ event: AuditEvent, afterSequence: Int) throws {
        id = event.eventID.uuidString
        self.afterSequence = afterSequence
        self.event = String(decoding: try JSONEncoder().encode(event), as: UTF8.self)
    }
}

/// The newest signed head that the ledger knows: one row.
struct HeadRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "trailHead"
    static let migration = Migration(
        "1-trail-head",
        """
        CREATE TABLE trailHead (id INTEGER PRIMARY KEY CHECK (id = 1), head TEXT NOT NULL) STRICT;
        """)

    var id = 1
    var head: String

    init(head: String) { self.head = head }

    func decoded() throws -> TrailHead {
        guard let head = TrailHead(head) else {
            throw DataDirectoryFault.damaged("the ledger's head of the trail cannot be read.")
        }
        return head
    }
}

extension TrailSigner {
    /// The exchange's own key.
    init(reading directory: DataDirectory) throws {
        let bytes = try Data(contentsOf: directory.trailKey)
        guard let keyID = TrailKeyID(rawValue: "trail-1"),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else { throw DataDirectoryFault.damaged("keys/trail.key is not an Ed25519 key.") }
        self.init(keyID: keyID, privateKey: key)
    }
}
