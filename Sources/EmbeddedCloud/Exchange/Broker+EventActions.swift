import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// What a receiver has done with each revision that is published to it: an export into a bucket of its own.
extension Broker {
    /// Source: AWS Data Exchange User Guide, "Service quotas".
    static let eventActionsMax = 50

    @Sendable func createEventAction(
        _ operation: DataExchange.CreateEventAction, _ request: Request
    ) async throws -> DataExchange.CreateEventAction.Response {
        guard let event = operation.event.revisionPublished else {
            throw AWSError.validation("Event must have RevisionPublished.")
        }
        let dataSet = try id(event.dataSetId, "DataSetId")
        let row = EventActionRow(
            id: .make(), owner: request.account, dataSet: dataSet,
            export: try await export(operation.action, request), tags: try checked(operation.tags),
            createdAt: request.time, updatedAt: request.time)
        try await state.change(recording: request.event) { db, state in
            let view = try state.exchange.visible(dataSet, to: request.account, at: request.time)
            guard view.source.assetKind == .s3Snapshot else {
                throw AWSError.validation("Only revisions of S3_SNAPSHOT data sets are exported.")
            }
            let count = try EventActionRow.filter(Column("owner") == request.account.rawValue)
                .fetchCount(db)
            guard count < Self.eventActionsMax else {
                throw AWSError.exchangeLimit("Event actions per account", Self.eventActionsMax)
            }
            try row.insert(db)
        }
        let entry = entry(row)
        return .init(
            action: entry.action, arn: entry.arn, createdAt: entry.createdAt, event: entry.event,
            id: entry.id, tags: row.tags.nonEmpty, updatedAt: entry.updatedAt)
    }

    @Sendable func getEventAction(
        _ operation: DataExchange.GetEventAction, _ request: Request
    ) async throws -> DataExchange.GetEventAction.Response {
        let id = try id(operation.eventActionId, "EventActionId")
        let row = try await state.ledger.read { db in
            try EventActionRow.owned(id, by: request.account, db)
        }
        let entry = entry(row)
        return .init(
            action: entry.action, arn: entry.arn, createdAt: entry.createdAt, event: entry.event,
            id: entry.id, tags: row.tags.nonEmpty, updatedAt: entry.updatedAt)
    }

    @Sendable func updateEventAction(
        _ operation: DataExchange.UpdateEventAction, _ request: Request
    ) async throws -> DataExchange.UpdateEventAction.Response {
        let id = try id(operation.eventActionId, "EventActionId")
        var export: RevisionExport?
        if let action = operation.action { export = try await self.export(action, request) }
        let row = try await state.change(recording: request.event) { [export] db, _ in
            var row = try EventActionRow.owned(id, by: request.account, db)
            row.export = export ?? row.export
            row.updatedAt = request.time
            try row.update(db)
            return row
        }
        let entry = entry(row)
        return .init(
            action: entry.action, arn: entry.arn, createdAt: entry.createdAt, event: entry.event,
            id: entry.id, updatedAt: entry.updatedAt)
    }

    @Sendable func deleteEventAction(
        _ operation: DataExchange.DeleteEventAction, _ request: Request
    ) async throws -> DataExchange.DeleteEventAction.Response {
        let id = try id(operation.eventActionId, "EventActionId")
        try await state.change(recording: request.event) { db, _ in
            _ = try EventActionRow.owned(id, by: request.account, db).delete(db)
        }
        return .init()
    }

    @Sendable func listEventActions(
        _ operation: DataExchange.ListEventActions, _ request: Request
    ) async throws -> DataExchange.ListEventActions.Response {
        let source = try operation.eventSourceId.map { text throws(AWSError) in
            try id(text, "eventSourceId")
        }
        let rows = try await state.ledger.read { db in
            var rows = EventActionRow.filter(Column("owner") == request.account.rawValue)
            if let source { rows = rows.filter(Column("dataSet") == source.rawValue) }
            return try rows.fetchAll(db)
        }
        let page = try ResultPage(
            of: rows, limit: operation.maxResults, after: operation.nextToken,
            downBy: { timeOrder($0.createdAt, $0.id) })
        return .init(eventActions: page.items.map(entry), nextToken: page.nextToken)
    }

    private func export(
        _ action: DataExchange.Action, _ request: Request
    ) async throws -> RevisionExport {
        guard let export = action.exportRevisionToS3 else {
            throw AWSError.validation("Action must have ExportRevisionToS3.")
        }
        try checkEncryption(export.encryption)
        let bucket = export.revisionDestination.bucket
        guard try await lake.owner(of: bucket) == request.account else {
            throw AWSError.validation("\(bucket) is not a bucket of this account.")
        }
        let pattern = export.revisionDestination.keyPattern
        if let pattern { _ = try KeyPattern(pattern) }
        return RevisionExport(
            bucket: bucket, keyPattern: pattern, isEncrypted: export.encryption != nil)
    }

    private func entry(_ row: EventActionRow) -> DataExchange.EventActionEntry {
        .init(
            action: .init(
                exportRevisionToS3: .init(
                    revisionDestination: .init(
                        bucket: row.export.bucket, keyPattern: row.export.keyPattern),
                    encryption: row.export.isEncrypted ? .init(type: .aes256) : nil)),
            arn: arns.eventAction(row.id, in: row.owner), createdAt: row.createdAt,
            event: .init(revisionPublished: .init(dataSetId: row.dataSet.rawValue)),
            id: row.id.rawValue, updatedAt: row.updatedAt)
    }
}

/// Where a revision's assets are exported to.
struct RevisionExport: Codable, Equatable, Sendable {
    var bucket: String
    /// See ``KeyPattern``. Nil: the usual one.
    var keyPattern: String?
    /// Whether S3's own encryption was asked for by name. Nothing depends on it.
    var isEncrypted = false
}

struct EventActionRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "eventAction"

    var id: ExchangeID
    var owner: AccountID
    /// As the owner knows it.
    var dataSet: ExchangeID
    var export: RevisionExport
    var tags: [String: String]
    var createdAt: Date
    var updatedAt: Date

    static func owned(
        _ id: ExchangeID, by account: AccountID, _ db: Database
    ) throws -> EventActionRow {
        guard let row = try fetchOne(db, key: id.rawValue), row.owner == account else {
            throw AWSError.exchangeNotFound(.eventAction, id.rawValue)
        }
        return row
    }
}
