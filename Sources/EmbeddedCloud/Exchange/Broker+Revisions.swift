import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

extension Broker {
    static let commentLengths = 0...16_384
    static let revocationCommentLengths = 10...512
    /// Source: AWS Data Exchange User Guide, "Service quotas".
    static let revisionsPerDataSetMax = 10_000

    @Sendable func createRevision(
        _ operation: DataExchange.CreateRevision, _ request: Request
    ) async throws -> DataExchange.CreateRevision.Response {
        let comment = operation.comment ?? ""
        let dataSet = try id(operation.dataSetId, "DataSetId")
        try check(comment, "Comment", Self.commentLengths)
        let row = RevisionRow(
            id: .make(), dataSet: dataSet, comment: comment, tags: try checked(operation.tags),
            createdAt: request.time, updatedAt: request.time)
        try await state.change(recording: request.event) { db, state in
            var dataSet = try state.exchange.owned(row.dataSet, by: request.account)
            guard state.exchange.revisions[dataSet.id]?.count ?? 0 < Self.revisionsPerDataSetMax
            else {
                throw AWSError.exchangeLimit("Revisions per data set", Self.revisionsPerDataSetMax)
            }
            dataSet.updatedAt = request.time
            try dataSet.update(db)
            try row.insert(db)
            state.exchange.put(dataSet)
            state.exchange.put(row)
        }
        return .init(
            arn: arns.revision(row.id, of: row.dataSet, in: request.account),
            comment: row.comment, createdAt: row.createdAt, dataSetId: row.dataSet.rawValue,
            finalized: false, id: row.id.rawValue, tags: row.tags.nonEmpty,
            updatedAt: row.updatedAt, revoked: false)
    }

    @Sendable func getRevision(
        _ operation: DataExchange.GetRevision, _ request: Request
    ) async throws -> DataExchange.GetRevision.Response {
        let (view, row) = try visibleRevision(
            operation.revisionId, of: operation.dataSetId, request)
        let entry = entry(row, of: view)
        return .init(
            arn: entry.arn, comment: entry.comment, createdAt: entry.createdAt,
            dataSetId: entry.dataSetId, finalized: entry.finalized, id: entry.id,
            tags: view.grant == nil ? row.tags.nonEmpty : nil, updatedAt: entry.updatedAt,
            revocationComment: entry.revocationComment, revoked: entry.revoked,
            revokedAt: entry.revokedAt)
    }

    @Sendable func listDataSetRevisions(
        _ operation: DataExchange.ListDataSetRevisions, _ request: Request
    ) async throws -> DataExchange.ListDataSetRevisions.Response {
        let exchange = state.current.exchange
        let view = try exchange.visible(
            id(operation.dataSetId, "DataSetId"), to: request.account, at: request.time)
        let page = try ResultPage(
            of: exchange.revisions(of: view), limit: operation.maxResults,
            after: operation.nextToken, downBy: { timeOrder($0.createdAt, $0.id) })
        return .init(
            nextToken: page.nextToken, revisions: page.items.map { entry($0, of: view) })
    }

    /// A draft goes, and so does what nobody is entitled to; what somebody is can be revoked.
    @Sendable func deleteRevision(
        _ operation: DataExchange.DeleteRevision, _ request: Request
    ) async throws -> DataExchange.DeleteRevision.Response {
        let (dataSet, revision) = (
            try id(operation.dataSetId, "DataSetId"), try id(operation.revisionId, "RevisionId")
        )
        guard finalizing.insert(revision) else {
            throw AWSError.exchangeConflict(
                .revision, revision, "The revision is being finalized or reopened.")
        }
        defer { finalizing.remove(revision) }
        try await state.change(recording: request.event) { db, state in
            let row = try state.exchange.ownedRevision(
                revision, of: dataSet, by: request.account)
            let isReceived = !state.exchange.grants(of: dataSet, at: request.time).isEmpty
            guard !row.isHeld || !isReceived else {
                throw AWSError.exchangeConflict(
                    .revision, revision,
                    "Receivers are entitled to the revision. It can be revoked, not deleted.")
            }
            try state.exchange.keepAccess(of: row, db)
            try AssetRow.filter(Column("revision") == revision.rawValue).deleteAll(db)
            try row.delete(db)
            state.exchange.remove(row)
        }
        try await manifests.discard(revision)
        try manifests.discardUnfinished(revision)
        return .init()
    }

    /// A revoked revision is lost to its receivers for good, and readers go back to the one before.
    @Sendable func revokeRevision(
        _ operation: DataExchange.RevokeRevision, _ request: Request
    ) async throws -> DataExchange.RevokeRevision.Response {
        let (dataSetID, revisionID) = (
            try id(operation.dataSetId, "DataSetId"), try id(operation.revisionId, "RevisionId")
        )
        try check(
            operation.revocationComment, "RevocationComment", Self.revocationCommentLengths)
        let row = try await state.change(recording: request.event) { db, state in
            var row = try state.exchange.ownedRevision(
                revisionID, of: dataSetID, by: request.account)
            guard row.isHeld else {
                throw AWSError.exchangeConflict(
                    .revision, row.id,
                    row.isFinalized
                        ? "The revision is revoked already." : "The revision is not finalized.")
            }
            try Self.revoke(
                &row, operation.revocationComment, in: &state, at: request.time, db)
            return row
        }
        try await manifests.releasePins(of: row.id)
        return .init(
            arn: arns.revision(row.id, of: row.dataSet, in: request.account),
            comment: row.comment, createdAt: row.createdAt, dataSetId: row.dataSet.rawValue,
            finalized: true, id: row.id.rawValue, updatedAt: row.updatedAt,
            revocationComment: row.revocationComment, revoked: true, revokedAt: row.revokedAt)
    }

    /// Ends a revision, and tells who received it. Its pins are to be let go then.
    static func revoke(
        _ row: inout RevisionRow, _ comment: String, in state: inout CloudState, at now: Date,
        _ db: Database
    ) throws {
        guard let dataSet = state.exchange.dataSets[row.dataSet] else {
            throw AWSError.exchangeNotFound(.dataSet, row.dataSet.rawValue)
        }
        row.revokedAt = now
        row.revocationComment = comment
        row.updatedAt = now
        try row.update(db)
        state.exchange.put(row)
        for grant in state.exchange.grants(of: dataSet.id, at: now) {
            try ExchangeEvent.revoked(row, of: dataSet, to: grant, at: now).post(in: db)
        }
    }

    // MARK: Views

    func visibleRevision(
        _ revision: String, of dataSet: String, _ request: Request
    ) throws(AWSError) -> (DataSetView, RevisionRow) {
        let exchange = state.current.exchange
        let (dataSetID, revisionID) = (
            try id(dataSet, "DataSetId"), try id(revision, "RevisionId")
        )
        let view = try exchange.visible(dataSetID, to: request.account, at: request.time)
        guard let row = exchange.revision(revisionID, of: view) else {
            throw .exchangeNotFound(.revision, revision)
        }
        return (view, row)
    }

    private func entry(
        _ row: RevisionRow, of view: DataSetView
    ) -> DataExchange.RevisionEntry {
        .init(
            arn: arns.revision(row.id, of: view.id, in: view.account), createdAt: row.createdAt,
            dataSetId: view.id.rawValue, id: row.id.rawValue, updatedAt: row.updatedAt,
            comment: row.comment, finalized: row.isFinalized,
            revocationComment: row.revocationComment, revoked: row.revokedAt != nil,
            revokedAt: row.revokedAt)
    }
}
