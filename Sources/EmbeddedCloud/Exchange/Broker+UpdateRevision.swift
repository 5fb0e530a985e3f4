import AWSAPI
import BourseAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import GlueAPI
import HashTreeCollections
import Ledger
import Logging
import Synchronization

/// Finalizing: the moment at which a revision becomes what its readers see.
///
/// First its files are pinned and its manifest is written, which may take a while and shows nowhere; then
/// one transaction makes it the newest. What is cut off before that transaction leaves files that belong
/// to no finalized revision, and ``Broker/recover()`` removes them.
extension Broker {
    /// Objects in one revision. Beyond it a manifest would no longer be planned with in memory.
    static let objectsPerRevisionMax = 1_000_000
    private static let listingPage = 1_000

    @Sendable func updateRevision(
        _ operation: DataExchange.UpdateRevision, _ request: Request
    ) async throws -> DataExchange.UpdateRevision.Response {
        let (dataSetID, revisionID) = (
            try id(operation.dataSetId, "DataSetId"), try id(operation.revisionId, "RevisionId")
        )
        if let comment = operation.comment { try check(comment, "Comment", Self.commentLengths) }
        let now = try state.current.exchange.ownedRevision(
            revisionID, of: dataSetID, by: request.account)
        let row =
            switch operation.finalized {
            case true? where !now.isFinalized:
                try await finalize(now, comment: operation.comment, request)
            case false? where now.isFinalized:
                try await reopen(now, comment: operation.comment, request)
            default:
                try await change(now, comment: operation.comment, request)
            }
        return .init(
            arn: arns.revision(row.id, of: row.dataSet, in: request.account),
            comment: row.comment, createdAt: row.createdAt, dataSetId: row.dataSet.rawValue,
            finalized: row.isFinalized, id: row.id.rawValue, updatedAt: row.updatedAt,
            revocationComment: row.revocationComment, revoked: row.revokedAt != nil,
            revokedAt: row.revokedAt)
    }

    private func change(
        _ revision: RevisionRow, comment: String?, _ request: Request
    ) async throws -> RevisionRow {
        try await state.change(recording: request.event) { db, state in
            var row = try state.exchange.ownedRevision(
                revision.id, of: revision.dataSet, by: request.account)
            row.comment = comment ?? row.comment
            row.updatedAt = request.time
            try row.update(db)
            state.exchange.put(row)
            return row
        }
    }

    private func finalize(
        _ revision: RevisionRow, comment: String?, _ request: Request
    ) async throws -> RevisionRow {
        guard finalizing.insert(revision.id) else {
            throw AWSError.exchangeConflict(
                .revision, revision.id, "The revision is being finalized or reopened.")
        }
        defer { finalizing.remove(revision.id) }
        // Only now is nobody else at it: one who has just finished owns the files by its name.
        let revision = try state.current.exchange.ownedRevision(
            revision.id, of: revision.dataSet, by: request.account)
        guard !revision.isFinalized else {
            return try await change(revision, comment: comment, request)
        }
        let assets = try await self.assets(of: revision)
        guard !assets.isEmpty else {
            throw AWSError.validation("A revision without assets cannot be finalized.")
        }
        let isLive = state.current.exchange.dataSets[revision.dataSet]?.isLive ?? false
        let objects = isLive ? [] : try await objects(of: assets)
        do {
            let manifest = try await manifests.pin(
                objects, as: revision.id,
                after: state.current.exchange.publications(of: revision.dataSet)
                    .first(where: \.isPublished)?.id)
            let product = state.current.exchange.products[revision.dataSet]
            // What is read live is nobody's to hold back: it is read already.
            if let product, !isLive { try await hold(revision, to: product, request) }
            return try await publish(
                manifest, of: assets, of: product, as: revision, comment, request)
        } catch {
            try await manifests.discard(revision.id)
            if let fault = error as? ManifestFault { throw AWSError(fault, of: revision.id) }
            throw error
        }
    }

    /// Lets only what its product promises through: of anything else, nothing becomes visible.
    private func hold(
        _ revision: RevisionRow, to product: Bourse.Product, _ request: Request
    ) async throws {
        var found = try await columnViolations(of: product, by: revision.id)
        found += try await gate.violations(
            of: product, by: revision.id, for: request.caller, at: request.time)
        guard !found.isEmpty else { return }
        log.notice(
            "revision held back",
            metadata: ["product": "\(product.productId)", "revision": "\(revision.id)"])
        let told = found.prefix(PublishGate.violationsMax).map { "- \($0)" }
        throw AWSError.validation(
            "The revision is not what the product \(product.productId) promises, and was not published:\n"
                + told.joined(separator: "\n"))
    }

    /// Whether each file has the columns that are promised, in their types.
    private func columnViolations(
        of product: Bourse.Product, by revision: ExchangeID
    ) async throws -> [String] {
        var found: [String] = []
        let database = DatabaseID(catalog: provider, name: product.database)
        for expectations in product.expectations where !expectations.columns.isEmpty {
            guard let table = state.current.catalogue[database.table(expectations.table)],
                let folder = table.folder
            else {
                found.append("\(expectations.table): the table is not in the catalogue any more")
                continue
            }
            let partitions = Set((table.partitionKeys ?? []).map { $0.name.lowercased() })
            let schemas = try await manifests.schemas(
                of: revision, bucket: folder.bucket, prefix: folder.key)
            for (column, type) in expectations.columns.sorted(by: { $0.key < $1.key })
            where !partitions.contains(column.lowercased()) {
                let expected = try HiveType(type).sql
                for given in Set(schemas.map { $0.types[column.lowercased()] }) {
                    guard let given else {
                        found.append("\(expectations.table): files have no column \(column)")
                        continue
                    }
                    let isTime = expected == "TIMESTAMP" && given.hasPrefix("TIMESTAMP")
                    guard given != expected, !isTime else { continue }
                    found.append(
                        "\(expectations.table): in files, \(column) is \(given), not \(expected)")
                }
            }
        }
        return found
    }

    private func publish(
        _ manifest: ManifestSummary, of assets: [AssetRow], of product: Bourse.Product?,
        as revision: RevisionRow, _ comment: String?, _ request: Request
    ) async throws -> RevisionRow {
        let row = try await state.change(recording: request.event) {
            [eventSource, arns] db, state in
            var row = try state.exchange.ownedRevision(
                revision.id, of: revision.dataSet, by: request.account)
            guard !row.isFinalized, try Self.assets(of: row.id, db) == assets,
                state.exchange.products[row.dataSet] == product
            else {
                throw AWSError.exchangeConflict(
                    .revision, row.id,
                    "The revision, or its product, was changed while it was finalized.")
            }
            row.comment = comment ?? row.comment
            try Self.publish(
                &row, manifest, opening: assets.opening, in: &state, at: request.time,
                eventSource, arns, db)
            return row
        }
        log.notice(
            "revision finalized",
            metadata: [
                "dataSet": "\(row.dataSet)", "revision": "\(row.id)",
                "objects": "\(manifest.objectCount)", "bytes": "\(manifest.bytes)",
                "guarantee": "\(manifest.guarantee.rawValue)",
            ])
        return row
    }

    /// Makes a revision the newest one of its data set, and tells who receives it.
    static func publish(
        _ row: inout RevisionRow, _ manifest: ManifestSummary, opening: RevisionOpening,
        in state: inout CloudState, at now: Date, _ eventSource: String, _ arns: ExchangeARNs,
        _ db: Database
    ) throws {
        guard var dataSet = state.exchange.dataSets[row.dataSet] else {
            throw AWSError.exchangeNotFound(.dataSet, row.dataSet.rawValue)
        }
        row.updatedAt = now
        row.publication =
            (try Int.fetchOne(db, sql: "SELECT max(publication) FROM revision") ?? 0) + 1
        row.guarantee = manifest.guarantee
        row.objectCount = manifest.objectCount
        row.bytes = manifest.bytes
        row.rowCount = manifest.rowCount
        try row.save(db)
        dataSet.updatedAt = now
        try dataSet.update(db)
        state.exchange.put(dataSet)
        state.exchange.put(row, opening: opening)
        let grants = state.exchange.grants(of: row.dataSet, at: now)
        for grant in grants {
            try ExchangeEvent.published(row, of: dataSet, to: grant, at: now).post(in: db)
        }
        try ExchangeEvent.ownPublication(
            row, of: dataSet, to: grants, from: eventSource, arns, at: now
        ).post(in: db)
    }

    /// Back to a draft, as long as nobody has been given the data set.
    private func reopen(
        _ revision: RevisionRow, comment: String?, _ request: Request
    ) async throws -> RevisionRow {
        guard finalizing.insert(revision.id) else {
            throw AWSError.exchangeConflict(
                .revision, revision.id, "The revision is being finalized or reopened.")
        }
        defer { finalizing.remove(revision.id) }
        let row = try await state.change(recording: request.event) { db, state in
            var row = try state.exchange.ownedRevision(
                revision.id, of: revision.dataSet, by: request.account)
            guard row.revokedAt == nil else {
                throw AWSError.exchangeConflict(.revision, row.id, "The revision is revoked.")
            }
            guard state.exchange.grants(of: row.dataSet, at: request.time).isEmpty else {
                throw AWSError.exchangeConflict(
                    .revision, row.id,
                    "Receivers are entitled to the revision. It can be revoked, not reopened.")
            }
            try state.exchange.keepAccess(of: row, db)
            row.comment = comment ?? row.comment
            row.updatedAt = request.time
            row.publication = nil
            row.guarantee = nil
            row.objectCount = nil
            row.bytes = nil
            row.rowCount = nil
            row.blockedAt = nil
            row.blockReason = nil
            try row.update(db)
            state.exchange.put(row)
            return row
        }
        try await manifests.discard(row.id)
        return row
    }

    // MARK: What is in it

    private func assets(of revision: RevisionRow) async throws -> [AssetRow] {
        try await state.ledger.read { db in try Self.assets(of: revision.id, db) }
    }

    static func assets(of revision: ExchangeID, _ db: Database) throws -> [AssetRow] {
        try AssetRow.filter(Column("revision") == revision.rawValue).order(Column("name"))
            .fetchAll(db)
    }

    /// Every object of the assets, once each.
    private func objects(of assets: [AssetRow]) async throws -> [StoredObject] {
        // Bytes: to Swift, two spellings of a letter are the same text.
        var found: [[[UInt8]]: StoredObject] = [:]
        func add(_ object: StoredObject) throws(AWSError) {
            found[[Array(object.bucket.utf8), Array(object.key.utf8)]] = object
            guard found.count <= Self.objectsPerRevisionMax else {
                throw .exchangeLimit("Assets per revision", Self.objectsPerRevisionMax)
            }
        }
        for asset in assets {
            switch asset.content {
            case .snapshot(let imported):
                guard
                    let object = try await lake.object(imported.key, in: imported.bucket),
                    object.identity.hasContent(of: imported.identity)
                else {
                    throw AWSError.exchangeConflict(
                        .revision, asset.revision,
                        "\(imported.key) is not what was imported any more; import it again.")
                }
                try add(object)
            case .redshiftDataShare, .api, .lakePermission: break
            case .s3Access(let access):
                for key in access.keys {
                    guard let object = try await lake.object(key, in: access.bucket) else {
                        throw AWSError.exchangeConflict(
                            .revision, asset.revision, "There is no object \(key) any more.")
                    }
                    try add(object)
                }
                for prefix in access.prefixes {
                    var last: String?
                    while true {
                        let page = try await lake.objects(
                            under: prefix, in: access.bucket, after: last, max: Self.listingPage)
                        for object in page { try add(object) }
                        guard page.count == Self.listingPage else { break }
                        last = page.last?.key
                    }
                }
            }
        }
        return found.sorted { left, right in
            left.key[0] == right.key[0]
                ? left.key[1].precedes(right.key[1]) : left.key[0].precedes(right.key[0])
        }.map(\.value)
    }
}

extension [AssetRow] {
    var opening: RevisionOpening {
        reduce(into: RevisionOpening()) { $0.add($1.content) }
    }
}

extension AWSError {
    fileprivate init(_ fault: ManifestFault, of revision: ExchangeID) {
        switch fault {
        case .changed(let key):
            self = .exchangeConflict(
                .revision, revision,
                "\(key) was changed while it was published; finalize the revision again.")
        case .unnameable(let key):
            self = .validation(
                "\(key) has a partition's folder whose name is too long to be published.")
        case .unreadable(let key):
            self = .validation("\(key) begins as Parquet, but cannot be read as such.")
        }
    }
}

/// What one caller at a time works on.
final class ExclusiveIDs: Sendable {
    private let taken = Mutex<Set<ExchangeID>>([])

    /// False: someone else has it.
    func insert(_ id: ExchangeID) -> Bool { taken.withLock { $0.insert(id).inserted } }

    func remove(_ id: ExchangeID) { _ = taken.withLock { $0.remove(id) } }

    var all: Set<ExchangeID> { taken.withLock { $0 } }
}
