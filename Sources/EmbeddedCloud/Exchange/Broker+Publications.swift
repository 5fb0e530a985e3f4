import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// What the provider's own people ask of publications: which there are, what changed, and out of sight with one.
extension Broker {
    static let blockReasonLengths = 1...512

    var publicationHandlers: [Handler] {
        [
            Handler(listPublications), Handler(compareRevisions), Handler(blockRevision),
            Handler(unblockRevision),
        ]
    }

    @Sendable func listPublications(
        _ operation: Bourse.ListPublications, _ request: Request
    ) async throws -> Bourse.ListPublications.Response {
        let exchange = state.current.exchange
        let id = try exchange.owned(id(operation.dataSetId, "DataSetId"), by: provider).id
        let drafts = exchange.revisions[id]?.values.filter { !$0.isFinalized } ?? []
        let all =
            drafts.sorted { $0.createdAt > $1.createdAt } + exchange.publications(of: id)
        let current = exchange.current(of: id)
        return .init(publications: all.map { publication($0, current: current) })
    }

    @Sendable func blockRevision(
        _ operation: Bourse.BlockRevision, _ request: Request
    ) async throws -> Bourse.Publication {
        try check(operation.reason, "Reason", Self.blockReasonLengths)
        return try await change(operation.dataSetId, operation.revisionId, request) { row in
            guard row.isHeld, row.blockedAt == nil else {
                throw AWSError.exchangeConflict(
                    .revision, row.id, "Only a published revision is blocked: it is \(row.noun).")
            }
            row.blockedAt = request.time
            row.blockReason = operation.reason
        }
    }

    @Sendable func unblockRevision(
        _ operation: Bourse.UnblockRevision, _ request: Request
    ) async throws -> Bourse.Publication {
        try await change(operation.dataSetId, operation.revisionId, request) { row in
            guard row.isHeld, row.blockedAt != nil else {
                throw AWSError.exchangeConflict(
                    .revision, row.id, "The revision is not blocked: it is \(row.noun).")
            }
            row.blockedAt = nil
            row.blockReason = nil
        }
    }

    private func change(
        _ dataSet: String, _ revision: String, _ request: Request,
        _ change: @escaping @Sendable (inout RevisionRow) throws -> Void
    ) async throws -> Bourse.Publication {
        let (dataSet, revision) = (
            try id(dataSet, "DataSetId"), try id(revision, "RevisionId")
        )
        return try await state.change(recording: request.event) { db, state in
            var row = try state.exchange.ownedRevision(revision, of: dataSet, by: provider)
            try change(&row)
            row.updatedAt = request.time
            try row.update(db)
            state.exchange.put(row)
            return publication(row, current: state.exchange.current(of: dataSet))
        }
    }

    @Sendable func compareRevisions(
        _ operation: Bourse.CompareRevisions, _ request: Request
    ) async throws -> Bourse.RevisionChanges {
        let (dataSet, revision) = (
            try id(operation.dataSetId, "DataSetId"), try id(operation.revisionId, "RevisionId")
        )
        let exchange = state.current.exchange
        let row = try exchange.ownedRevision(revision, of: dataSet, by: provider)
        guard let publication = row.publication else {
            throw AWSError.exchangeConflict(.revision, row.id, "The revision is not finalized.")
        }
        // A revoked one's files are let go, and what was bad about it is nobody's measure.
        let previous = exchange.publications(of: dataSet).first {
            $0.publication ?? 0 < publication && $0.isHeld
        }
        let changes = try await manifests.changes(in: row.id, since: previous?.id)
        let current = exchange.current(of: dataSet)
        return .init(
            revision: self.publication(row, current: current),
            previous: previous.map { self.publication($0, current: current) }, added: changes.added,
            changed: changes.changed, removed: changes.removed,
            columnsAdded: changes.columnsAdded, columnsRemoved: changes.columnsRemoved)
    }

    private func publication(
        _ row: RevisionRow, current: ExchangeID?
    ) -> Bourse.Publication {
        let standing: Bourse.Publication.Standing =
            if !row.isFinalized {
                .draft
            } else if row.revokedAt != nil {
                .revoked
            } else if row.blockedAt != nil {
                .blocked
            } else {
                row.id == current ? .current : .earlier
            }
        let progress = manifests.progress(of: row.id)
        return .init(
            revisionId: row.id.rawValue, comment: row.comment, standing: standing,
            reason: row.revocationComment ?? row.blockReason, createdAt: row.createdAt,
            updatedAt: row.updatedAt, objects: row.objectCount, bytes: row.bytes,
            rows: row.rowCount, guarantee: row.guarantee?.rawValue, filesDone: progress?.done,
            filesTotal: progress?.total)
    }
}

extension ExchangeState {
    /// The revision that readers of the data set read.
    fileprivate func current(of dataSet: ExchangeID) -> ExchangeID? {
        publications(of: dataSet).first(where: \.isPublished)?.id
    }
}

extension RevisionRow {
    fileprivate var noun: String {
        if !isFinalized { return "a draft" }
        if revokedAt != nil { return "revoked" }
        return blockedAt == nil ? "published" : "blocked"
    }
}
