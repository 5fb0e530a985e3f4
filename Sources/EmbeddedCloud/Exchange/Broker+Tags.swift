import AWSAPI
import DataExchangeAPI
import GRDB
import HashTreeCollections
import Ledger

/// Tags of what the caller owns: data sets, revisions, data grants, event actions.
extension Broker {
    @Sendable func listTagsForResource(
        _ operation: DataExchange.ListTagsForResource, _ request: Request
    ) async throws -> DataExchange.ListTagsForResource.Response {
        let resource = try tagged(operation.resourceArn, request)
        let state = state.current
        return .init(
            tags: try await self.state.ledger.read { db in
                try self.tags(of: resource, state.exchange, db)
            })
    }

    @Sendable func tagResource(
        _ operation: DataExchange.TagResource, _ request: Request
    ) async throws -> DataExchange.TagResource.Response {
        let resource = try tagged(operation.resourceArn, request)
        try await change(resource, request) { tags in
            tags.merge(operation.tags) { _, new in new }
        }
        return .init()
    }

    @Sendable func untagResource(
        _ operation: DataExchange.UntagResource, _ request: Request
    ) async throws -> DataExchange.UntagResource.Response {
        let resource = try tagged(operation.resourceArn, request)
        try await change(resource, request) { tags in
            for key in operation.tagKeys { tags[key] = nil }
        }
        return .init()
    }

    private enum Tagged: Sendable {
        case dataSet(DataSetRow)
        case revision(RevisionRow)
        case dataGrant(DataGrantRow)
        case eventAction(ExchangeID, AccountID)
    }

    /// The caller's own thing of that ARN.
    private func tagged(_ text: String, _ request: Request) throws(AWSError) -> Tagged {
        let exchange = state.current.exchange
        guard let arn = ARN(text), arn.service == "dataexchange",
            arn.account == request.account.rawValue
        else { throw .validation("ResourceArn must be of Data Exchange, and of this account.") }
        let path = arn.resource.split(separator: "/", omittingEmptySubsequences: false)
        let ids = path.enumerated().filter { !$0.offset.isMultiple(of: 2) }
            .compactMap { ExchangeID(rawValue: String($0.element)) }
        switch (path.first, path.count, ids.count) {
        case ("data-sets", 2, 1):
            return .dataSet(try exchange.owned(ids[0], by: request.account))
        case ("data-sets", 4, 2) where path[2] == "revisions":
            return .revision(
                try exchange.ownedRevision(ids[1], of: ids[0], by: request.account))
        case ("data-grants", 2, 1):
            guard let row = exchange.grants[ids[0]], row.sender == request.account else {
                throw .exchangeNotFound(.dataGrant, ids[0].rawValue)
            }
            return .dataGrant(row)
        case ("event-actions", 2, 1): return .eventAction(ids[0], request.account)
        default:
            throw .validation(
                "ResourceArn must be of a data set, a revision, a data grant or an event action.")
        }
    }

    private func tags(
        of resource: Tagged, _ exchange: ExchangeState, _ db: Database
    ) throws -> [String: String] {
        switch resource {
        case .dataSet(let row): row.tags
        case .revision(let row): row.tags
        case .dataGrant(let row): row.tags
        case .eventAction(let id, let owner): try EventActionRow.owned(id, by: owner, db).tags
        }
    }

    private func change(
        _ resource: Tagged, _ request: Request,
        _ change: @escaping @Sendable (inout [String: String]) -> Void
    ) async throws {
        @Sendable func changed(_ tags: [String: String]) throws -> [String: String] {
            var tags = tags
            change(&tags)
            return try checked(tags)
        }
        try await state.change(recording: request.event) { db, state in
            switch resource {
            case .dataSet(let known):
                var row = try state.exchange.owned(known.id, by: request.account)
                let live = row.tags[DataSetRow.liveTag]
                row.tags = try changed(row.tags)
                guard row.tags[DataSetRow.liveTag] == live else {
                    throw AWSError.validation(
                        "The tag \(DataSetRow.liveTag) is given when a data set is made, and stays: its revisions "
                            + "are pinned, or they are not.")
                }
                try row.update(db)
                state.exchange.put(row)
            case .revision(let known):
                var row = try state.exchange.ownedRevision(
                    known.id, of: known.dataSet, by: request.account)
                row.tags = try changed(row.tags)
                try row.update(db)
                state.exchange.put(row)
            case .dataGrant(let known):
                guard var row = state.exchange.grants[known.id] else {
                    throw AWSError.exchangeNotFound(.dataGrant, known.id.rawValue)
                }
                row.tags = try changed(row.tags)
                try row.update(db)
                state.exchange.put(row)
            case .eventAction(let id, let owner):
                var row = try EventActionRow.owned(id, by: owner, db)
                row.tags = try changed(row.tags)
                try row.update(db)
            }
        }
    }
}
