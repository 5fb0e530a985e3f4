import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import HashTreeCollections

/// The receiver's side: what it was offered, and taking it.
extension Broker {
    @Sendable func acceptDataGrant(
        _ operation: DataExchange.AcceptDataGrant, _ request: Request
    ) async throws -> DataExchange.AcceptDataGrant.Response {
        let row = try await state.change(recording: request.event) { db, state in
            var row = try receivedGrant(operation.dataGrantArn, in: state.exchange, request)
            guard row.acceptedAt == nil else {
                throw AWSError.exchangeConflict(
                    .dataGrant, row.id, "The data grant is accepted already.")
            }
            if let endsAt = row.endsAt, endsAt <= request.time {
                throw AWSError.exchangeConflict(.dataGrant, row.id, "The data grant has ended.")
            }
            row.acceptedAt = request.time
            row.updatedAt = request.time
            try row.update(db)
            state.exchange.put(row)
            let dataSet = try state.exchange.owned(row.sourceDataSet, by: row.sender)
            try ExchangeEvent.accepted(row, of: dataSet, arns, at: request.time).post(in: db)
            return row
        }
        return .init(
            name: row.name, receiverPrincipal: row.receiver.rawValue,
            acceptanceState: row.acceptanceState, grantDistributionScope: .none,
            dataSetId: row.entitledDataSet.rawValue, id: row.id.rawValue,
            arn: arns.dataGrant(row.id, from: row.sender), createdAt: row.createdAt,
            updatedAt: row.updatedAt, senderPrincipal: row.sender.rawValue,
            description: row.description, acceptedAt: row.acceptedAt, endsAt: row.endsAt)
    }

    @Sendable func getReceivedDataGrant(
        _ operation: DataExchange.GetReceivedDataGrant, _ request: Request
    ) async throws -> DataExchange.GetReceivedDataGrant.Response {
        let row = try receivedGrant(operation.dataGrantArn, in: state.current.exchange, request)
        return .init(
            name: row.name, receiverPrincipal: row.receiver.rawValue,
            acceptanceState: row.acceptanceState, grantDistributionScope: .none,
            dataSetId: row.entitledDataSet.rawValue, id: row.id.rawValue,
            arn: arns.dataGrant(row.id, from: row.sender), createdAt: row.createdAt,
            updatedAt: row.updatedAt, senderPrincipal: row.sender.rawValue,
            description: row.description, acceptedAt: row.acceptedAt, endsAt: row.endsAt)
    }

    @Sendable func listReceivedDataGrants(
        _ operation: DataExchange.ListReceivedDataGrants, _ request: Request
    ) async throws -> DataExchange.ListReceivedDataGrants.Response {
        let states = operation.acceptanceState ?? []
        if let unknown = states.first(where: { !$0.isKnown }) {
            throw AWSError.validation("acceptanceState cannot be \(unknown).")
        }
        let received = state.current.exchange.grants.values.filter { row in
            row.receiver == request.account
                && (states.isEmpty
                    || states.contains { $0.rawValue == row.acceptanceState.rawValue })
        }
        let page = try ResultPage(
            of: received, limit: operation.maxResults, after: operation.nextToken,
            downBy: { timeOrder($0.createdAt, $0.id) })
        return .init(
            dataGrantSummaries: page.items.map { row in
                .init(
                    name: row.name, senderPrincipal: row.sender.rawValue,
                    receiverPrincipal: row.receiver.rawValue,
                    acceptanceState: row.acceptanceState,
                    dataSetId: row.entitledDataSet.rawValue, id: row.id.rawValue,
                    arn: arns.dataGrant(row.id, from: row.sender), createdAt: row.createdAt,
                    updatedAt: row.updatedAt, acceptedAt: row.acceptedAt, endsAt: row.endsAt)
            }, nextToken: page.nextToken)
    }

    private func receivedGrant(
        _ arn: String, in exchange: ExchangeState, _ request: Request
    ) throws(AWSError) -> DataGrantRow {
        let id = try grantID(arn, member: "DataGrantArn")
        guard let row = exchange.grants[id], row.receiver == request.account else {
            throw .exchangeNotFound(.dataGrant, id.rawValue)
        }
        return row
    }
}
