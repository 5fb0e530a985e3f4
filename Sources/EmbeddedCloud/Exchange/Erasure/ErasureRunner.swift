import AWSAPI
import BourseAPI
import Crypto
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger
import Logging

/// Carries erasures out, each to its end.
///
/// It looks for the rows, does the next thing about them, and looks again, until there is nothing to be found:
/// so one that was cut off is taken up by looking. In this order: versions are rewritten, linked files are
/// waited for, then revisions that held rows are replaced and revoked in one transaction, and at last what the
/// exchange itself keeps of them is removed.
struct ErasureRunner: Sendable {
    /// Erasures that are not done, at a time.
    static let openMax = 10
    /// Objects with rows, of one erasure.
    static let objectsMax = 100_000
    /// Between two looks at files that the provider is to replace.
    static let lookInterval = Duration.seconds(1)
    private static let pollInterval = Duration.milliseconds(100)

    /// Ends the queries that run, and removes the results that the exchange keeps.
    typealias ForgetResults = @Sendable () async -> Void

    /// What was looked at is another one's by now, so nothing is done, and nothing is recorded.
    struct Overtaken: Error {}

    let state: StateStore
    let objects: ObjectStore
    let broker: Broker
    let examiner: ErasureExaminer
    let signer: TrailSigner
    /// The exchange's region and name.
    let region: String
    let name: String
    let log: Logger
    let clock: @Sendable () -> Date
    let record: @Sendable (AuditEvent) async throws -> Void
    let forgetResults: ForgetResults
    private let queue: AsyncStream<ExchangeID>
    private let entrance: AsyncStream<ExchangeID>.Continuation

    init(
        broker: Broker, objects: ObjectStore, expressions: ExpressionEngine, signer: TrailSigner,
        region: String, name: String, clock: @escaping @Sendable () -> Date,
        record: @escaping @Sendable (AuditEvent) async throws -> Void,
        forgettingResults: @escaping ForgetResults
    ) {
        state = broker.state
        self.objects = objects
        self.broker = broker
        self.signer = signer
        self.region = region
        self.name = name
        log = broker.log
        self.clock = clock
        self.record = record
        forgetResults = forgettingResults
        examiner = ErasureExaminer(
            state: broker.state, objects: objects, manifests: broker.manifests,
            provider: broker.provider, expressions: expressions, eraser: RowEraser())
        (queue, entrance) = AsyncStream.makeStream(of: ExchangeID.self)
    }

    func enqueue(_ id: ExchangeID) { entrance.yield(id) }

    /// Puts those first that were not done when the exchange stopped. Before any other is started.
    func enqueueInterrupted() async throws {
        let open = try await state.ledger.read { db in
            try ErasureRow.open.order(Column("startedAt")).fetchAll(db)
        }
        for row in open { enqueue(row.id) }
    }

    /// Runs until cancelled. To be called once.
    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for await id in queue { group.addTask { await carryOut(id) } }
        }
        try Task.checkCancellation()
    }

    private func carryOut(_ id: ExchangeID) async {
        do {
            try await erase(id)
        } catch is CancellationError {
            // It is taken up at the next start.
        } catch let error as AWSError {
            await fail(id, error.message)
        } catch let fault as ErasureFault {
            await fail(id, fault.message)
        } catch {
            log.error(
                "erasure failed",
                metadata: ["erasure": "\(id)", "cause": "\(String(reflecting: error))"])
            await fail(
                id, "It failed inside the exchange, whose log says why. Start it again.")
        }
    }

    // MARK: To its end

    private func erase(_ id: ExchangeID) async throws {
        while let erasure = try await open(id) {
            try Task.checkCancellation()
            guard
                let product = state.current.exchange.products.values.first(where: {
                    $0.productId == erasure.product
                })
            else { throw AWSError.noProduct(erasure.product) }
            let tables = try await examiner.tables(
                of: product, named: erasure.tables, where: erasure.expression)
            // What is being pinned now may be what is about to be replaced.
            try await finalizationsToEnd()
            let known = try await erased(by: id)
            let found = try await examiner.examine(
                tables, known: Set(known.filter { $0.version == nil }.map(\.content)))
            try await note(found, in: erasure)
            if !found.versions.isEmpty {
                for version in found.versions { try await replace(version, erasure) }
            } else if !found.linked.isEmpty {
                try await replacements(of: found.linked, erasure)
            } else if !found.revisions.isEmpty {
                try await supersede(found.revisions, erasure)
            } else {
                try await purge(erasure)
                return try await certify(erasure)
            }
        }
    }

    /// Nil: it has ended, perhaps by being cancelled.
    func open(_ id: ExchangeID) async throws -> ErasureRow? {
        let row = try await state.ledger.read { db in
            try ErasureRow.fetchOne(db, key: id.rawValue)
        }
        return row.flatMap { $0.isOpen ? $0 : nil }
    }

    func erased(by id: ExchangeID) async throws -> [ErasedObjectRow] {
        try await state.ledger.read { db in
            try ErasedObjectRow.filter(Column("erasure") == id.rawValue).fetchAll(db)
        }
    }

    func finalizationsToEnd() async throws {
        let going = broker.finalizing.all
        while !broker.finalizing.all.isDisjoint(with: going) {
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    /// Writes down which objects hold rows, and which do no more.
    private func note(_ found: ErasureExamination, in erasure: ErasureRow) async throws {
        let now = clock()
        let rows =
            found.versions.map {
                ErasedObjectRow(
                    erasure: erasure.id, bucket: $0.object.bucket, key: $0.object.key,
                    version: $0.version.id, content: FileContent($0.object.identity),
                    rows: $0.rows, state: .found)
            }
            + found.linked.map {
                ErasedObjectRow(
                    erasure: erasure.id, bucket: $0.object.bucket, key: $0.object.key,
                    content: FileContent($0.object.identity), rows: $0.rows, state: .toReplace)
            }
        let remaining = Set(rows.map(\.content))
        try await state.ledger.write { db in
            for row in rows { try row.insert(db, onConflict: .ignore) }
            let open =
                try ErasedObjectRow.filter(Column("erasure") == erasure.id.rawValue)
                .filter(Column("state") != ErasedObjectRow.State.erased.rawValue).fetchAll(db)
            for var row in open where !remaining.contains(row.content) {
                row.state = .erased
                row.erasedAt = now
                try row.update(db)
            }
            guard var row = try ErasureRow.fetchOne(db, key: erasure.id.rawValue), row.isOpen
            else { return }
            row.notExamined = found.notExamined
            row.state = found.versions.isEmpty && !found.linked.isEmpty ? .waiting : .running
            try row.update(db)
        }
    }

    private func fail(_ id: ExchangeID, _ fault: String) async {
        do {
            let now = clock()
            try await state.ledger.write { db in
                guard var row = try ErasureRow.fetchOne(db, key: id.rawValue), row.isOpen else {
                    return
                }
                row.state = .failed
                row.fault = fault
                row.endedAt = now
                try row.update(db)
            }
            log.error("erasure failed", metadata: ["erasure": "\(id)", "fault": "\(fault)"])
        } catch {
            log.error(
                "an erasure's failure was not kept; it is taken up at the next start",
                metadata: ["erasure": "\(id)", "cause": "\(error)"])
        }
    }

    func event(
        _ name: String, of erasure: ErasureRow, _ say: (inout JSONObject) -> Void
    ) -> AuditEvent {
        var event = AuditEvent(
            eventID: UUID(), eventTime: clock(), eventSource: AWSService.bourse.eventSource,
            eventName: name, awsRegion: region,
            sourceIPAddress: AWSService.bourse.eventSource,
            userIdentity: .init(
                type: "AWSService", accountId: broker.provider.rawValue,
                invokedBy: AWSService.bourse.eventSource),
            readOnly: false, recipientAccountId: broker.provider.rawValue)
        event.eventType = .awsServiceEvent
        var parameters: JSONObject = ["erasureId": .string(erasure.id.rawValue)]
        say(&parameters)
        event.requestParameters = JSONValue.object(parameters).text
        return event
    }
}
