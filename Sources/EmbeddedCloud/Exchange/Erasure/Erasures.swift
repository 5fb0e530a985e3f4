import AWSAPI
import BourseAPI
import Crypto
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// The operations about erasures. ``ErasureRunner`` carries them out.
struct Erasures: Sendable {
    static let reasonLengths = Broker.revocationCommentLengths
    /// The last ones, that are listed.
    static let listedMax = 100

    let state: StateStore
    let runner: ErasureRunner

    var handlers: [Handler] {
        [Handler(start), Handler(get), Handler(list), Handler(cancel)]
    }

    @Sendable func start(
        _ operation: Bourse.StartErasure, _ request: Request
    ) async throws -> Bourse.Erasure {
        guard Self.reasonLengths.contains(operation.reason.unicodeScalars.count) else {
            throw AWSError.validation(
                "Reason must have \(Self.reasonLengths.lowerBound) to "
                    + "\(Self.reasonLengths.upperBound) characters.")
        }
        guard
            let product = state.current.exchange.products.values.first(where: {
                $0.productId == operation.productId
            })
        else { throw AWSError.noProduct(operation.productId) }
        let names = operation.tables.isEmpty ? product.tables : operation.tables
        let tables = try await runner.examiner.tables(
            of: product, named: names, where: operation.expression)
        if operation.dryRun {
            do throws(any Error) {
                return Bourse.Erasure(
                    counted: try await runner.examiner.examine(tables), for: operation,
                    tables: names, at: request.time, state.current.exchange)
            } catch let fault as ErasureFault {
                throw AWSError.validation(fault.message)
            }
        }
        let row = ErasureRow(
            id: .make(), product: product.productId, tables: names,
            expression: operation.expression, reason: operation.reason,
            requestedBy: request.caller.arn.description, state: .running, notExamined: [],
            startedAt: request.time)
        let answer = try await state.change(recording: request.event) { db, _ in
            guard try ErasureRow.open.fetchCount(db) < ErasureRunner.openMax else {
                throw AWSError(
                    "ServiceLimitExceededException", status: 402,
                    "\(ErasureRunner.openMax) erasures are not done yet; wait for one, or cancel it."
                )
            }
            try row.insert(db)
            return try Bourse.Erasure(row, db)
        }
        runner.enqueue(row.id)
        return answer
    }

    @Sendable func get(
        _ operation: Bourse.GetErasure, _ request: Request
    ) async throws -> Bourse.Erasure {
        let id = try exchangeID(operation.erasureId, "ErasureId")
        return try await state.ledger.read { [signer = runner.signer] db in
            let row = try Self.row(id, db)
            var answer = try Bourse.Erasure(row, db)
            if let document = row.certificate, let signature = row.signature {
                answer.certificate = .init(
                    document: document, keyId: signer.keyID.rawValue,
                    publicKey: signer.publicKey.rawRepresentation.base64EncodedString(),
                    signature: signature)
            }
            return answer
        }
    }

    @Sendable func list(
        _ operation: Bourse.ListErasures, _ request: Request
    ) async throws -> Bourse.ListErasures.Response {
        try await state.ledger.read { db in
            let rows = try ErasureRow.order(Column("startedAt").desc).limit(Self.listedMax)
                .fetchAll(db)
            return .init(erasures: try rows.map { try Bourse.Erasure($0, db, withObjects: false) })
        }
    }

    @Sendable func cancel(
        _ operation: Bourse.CancelErasure, _ request: Request
    ) async throws -> Bourse.Erasure {
        let id = try exchangeID(operation.erasureId, "ErasureId")
        return try await state.change(recording: request.event) { db, _ in
            var row = try Self.row(id, db)
            guard row.isOpen else {
                throw AWSError(
                    "ConflictException", status: 409,
                    "The erasure is not going on: it is \(row.state.rawValue).")
            }
            row.state = .cancelled
            row.endedAt = request.time
            try row.update(db)
            return try Bourse.Erasure(row, db)
        }
    }

    private static func row(_ id: ExchangeID, _ db: Database) throws -> ErasureRow {
        guard let row = try ErasureRow.fetchOne(db, key: id.rawValue) else {
            throw AWSError(
                "ResourceNotFoundException", status: 404, "There is no erasure \(id).")
        }
        return row
    }
}

extension Bourse.Erasure {
    init(_ row: ErasureRow, _ db: Database, withObjects: Bool = true) throws {
        let all = ErasedObjectRow.filter(Column("erasure") == row.id.rawValue)
        let objects = withObjects ? try all.order(Column("bucket"), Column("key")).fetchAll(db) : []
        let revisions = try ErasedRevisionRow.filter(Column("erasure") == row.id.rawValue)
            .fetchAll(db)
        let count = try Int.fetchOne(
            db, sql: "SELECT sum(rows) FROM erasedObject WHERE erasure = ?",
            arguments: [row.id.rawValue])
        self.init(
            erasureId: row.id.rawValue, productId: row.product, tables: row.tables,
            expression: row.expression, reason: row.reason, state: row.state,
            startedAt: row.startedAt, completedAt: row.endedAt, rows: count ?? 0,
            objects: objects.map {
                .init(
                    bucket: $0.bucket, key: $0.key, versionId: $0.version, rows: $0.rows,
                    state: $0.state, replacedBy: $0.replacedBy, erasedAt: $0.erasedAt)
            },
            revoked: revisions.filter { !$0.isReplacement }.map(\.name),
            published: revisions.filter(\.isReplacement).map(\.name),
            notExamined: row.notExamined, fault: row.fault)
    }

    /// A dry run's.
    init(
        counted found: ErasureExamination, for operation: Bourse.StartErasure, tables: [String],
        at now: Date, _ exchange: ExchangeState
    ) {
        let objects =
            found.versions.map {
                Bourse.ErasedObject(
                    bucket: $0.object.bucket, key: $0.object.key, versionId: $0.version.name,
                    rows: $0.rows, state: .found)
            }
            + found.linked.map {
                .init(
                    bucket: $0.object.bucket, key: $0.object.key, versionId: nil, rows: $0.rows,
                    state: .toReplace)
            }
        let held = exchange.dataSets.keys.flatMap { dataSet in
            exchange.publications(of: dataSet).filter { found.revisions[$0.id] != nil }.map {
                Bourse.RevisionName(
                    dataSetId: dataSet.rawValue, revisionId: $0.id.rawValue)
            }
        }
        self.init(
            erasureId: nil, productId: operation.productId, tables: tables,
            expression: operation.expression, reason: operation.reason, state: .counted,
            startedAt: now, rows: objects.reduce(0) { $0 + $1.rows }, objects: objects,
            revoked: held, notExamined: found.notExamined)
    }
}

extension ErasedRevisionRow {
    fileprivate var name: Bourse.RevisionName {
        .init(dataSetId: dataSet.rawValue, revisionId: revision.rawValue)
    }
}
