import AWSAPI
import BourseAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import HashTreeCollections

/// The owner's side: a data set is offered to one account, and taken back.
extension Broker {
    @Sendable func createDataGrant(
        _ operation: DataExchange.CreateDataGrant, _ request: Request
    ) async throws -> DataExchange.CreateDataGrant.Response {
        try requireProvider(request)
        let row = try newGrant(operation, request)
        try await state.change(recording: request.event) { db, state in
            _ = try state.exchange.owned(row.sourceDataSet, by: request.account)
            try row.insert(db)
            state.exchange.put(row)
        }
        return .init(
            name: row.name, senderPrincipal: row.sender.rawValue,
            receiverPrincipal: row.receiver.rawValue, acceptanceState: row.acceptanceState,
            grantDistributionScope: .none, dataSetId: row.entitledDataSet.rawValue,
            sourceDataSetId: row.sourceDataSet.rawValue, id: row.id.rawValue,
            arn: arns.dataGrant(row.id, from: row.sender), createdAt: row.createdAt,
            updatedAt: row.updatedAt, description: row.description, endsAt: row.endsAt,
            tags: row.tags.nonEmpty)
    }

    private func newGrant(
        _ operation: DataExchange.CreateDataGrant, _ request: Request
    ) throws(AWSError) -> DataGrantRow {
        try check(operation.name, "Name", 1...256)
        guard operation.grantDistributionScope == .none else {
            throw .validation(
                "GrantDistributionScope \(operation.grantDistributionScope) is not served; NONE is."
            )
        }
        guard let receiver = AccountID(rawValue: operation.receiverPrincipal) else {
            throw .validation("ReceiverPrincipal must be twelve digits.")
        }
        guard receiver != request.account else {
            throw .validation("ReceiverPrincipal must be another account.")
        }
        let dataSet = try id(operation.sourceDataSetId, "SourceDataSetId")
        if let endsAt = operation.endsAt, endsAt <= request.time {
            throw .validation("EndsAt must be in the future.")
        }
        if let text = operation.description { try check(text, "Description", 1...16_384) }
        return DataGrantRow(
            id: .make(), name: operation.name, description: operation.description,
            sender: request.account, receiver: receiver, sourceDataSet: dataSet,
            entitledDataSet: .make(), endsAt: operation.endsAt, tags: try checked(operation.tags),
            createdAt: request.time, updatedAt: request.time)
    }

    @Sendable func getDataGrant(
        _ operation: DataExchange.GetDataGrant, _ request: Request
    ) async throws -> DataExchange.GetDataGrant.Response {
        let row = try sentGrant(operation.dataGrantId, in: state.current.exchange, request)
        return .init(
            name: row.name, senderPrincipal: row.sender.rawValue,
            receiverPrincipal: row.receiver.rawValue, acceptanceState: row.acceptanceState,
            grantDistributionScope: .none, dataSetId: row.entitledDataSet.rawValue,
            sourceDataSetId: row.sourceDataSet.rawValue, id: row.id.rawValue,
            arn: arns.dataGrant(row.id, from: row.sender), createdAt: row.createdAt,
            updatedAt: row.updatedAt, description: row.description, acceptedAt: row.acceptedAt,
            endsAt: row.endsAt, tags: row.tags.nonEmpty)
    }

    @Sendable func listDataGrants(
        _ operation: DataExchange.ListDataGrants, _ request: Request
    ) async throws -> DataExchange.ListDataGrants.Response {
        let sent = state.current.exchange.grants.values.filter { $0.sender == request.account }
        let page = try ResultPage(
            of: sent, limit: operation.maxResults, after: operation.nextToken,
            downBy: { timeOrder($0.createdAt, $0.id) })
        return .init(
            dataGrantSummaries: page.items.map { row in
                .init(
                    name: row.name, senderPrincipal: row.sender.rawValue,
                    receiverPrincipal: row.receiver.rawValue,
                    acceptanceState: row.acceptanceState,
                    dataSetId: row.entitledDataSet.rawValue,
                    sourceDataSetId: row.sourceDataSet.rawValue, id: row.id.rawValue,
                    arn: arns.dataGrant(row.id, from: row.sender), createdAt: row.createdAt,
                    updatedAt: row.updatedAt, acceptedAt: row.acceptedAt, endsAt: row.endsAt)
            }, nextToken: page.nextToken)
    }

    @Sendable func extendDataGrant(
        _ operation: Bourse.ExtendDataGrant, _ request: Request
    ) async throws -> Bourse.ExtendDataGrant.Response {
        let row = try await state.change(recording: request.event) { db, state in
            var row = try sentGrant(operation.dataGrantId, in: state.exchange, request)
            let dataSet = try state.exchange.owned(row.sourceDataSet, by: request.account)
            guard let end = row.endsAt else {
                throw AWSError.validation("The data grant has no end.")
            }
            if operation.endsAt == end { return row }
            guard operation.endsAt > max(end, request.time) else {
                throw AWSError.validation(
                    "EndsAt must be in the future, and later than \(Timestamp.iso8601.text(end)).")
            }
            row.endsAt = operation.endsAt
            row.updatedAt = request.time
            try row.update(db)
            state.exchange.put(row)
            try ExchangeEvent.grantExtended(row, of: dataSet, arns, at: request.time).post(in: db)
            return row
        }
        return .init(dataGrantId: row.id.rawValue, endsAt: row.endsAt ?? operation.endsAt)
    }

    /// The receiver's data set is gone when this returns.
    @Sendable func deleteDataGrant(
        _ operation: DataExchange.DeleteDataGrant, _ request: Request
    ) async throws -> DataExchange.DeleteDataGrant.Response {
        try await state.change(recording: request.event) { db, state in
            let row = try sentGrant(operation.dataGrantId, in: state.exchange, request)
            let dataSet = try state.exchange.owned(row.sourceDataSet, by: request.account)
            try row.delete(db)
            state.exchange.remove(row)
            try ExchangeEvent.grantRevoked(row, of: dataSet, arns, at: request.time).post(in: db)
        }
        return .init()
    }

    /// - Parameter name: The grant's id or its ARN.
    private func sentGrant(
        _ name: String, in exchange: ExchangeState, _ request: Request
    ) throws(AWSError) -> DataGrantRow {
        let id =
            ARN(name) == nil
            ? try id(name, "DataGrantId") : try grantID(name, member: "DataGrantId")
        guard let row = exchange.grants[id], row.sender == request.account else {
            throw .exchangeNotFound(.dataGrant, id.rawValue)
        }
        return row
    }

    /// The id in a grant's ARN. Whose ARN it says is not checked: an id is enough to find it.
    func grantID(_ arn: String, member: String) throws(AWSError) -> ExchangeID {
        guard let resource = ARN(arn)?.resource, resource.hasPrefix("data-grants/"),
            let id = ExchangeID(rawValue: String(resource.dropFirst("data-grants/".count)))
        else { throw .validation("\(member) must be the ARN of a data grant.") }
        return id
    }
}

extension DataGrantRow {
    var acceptanceState: DataExchange.DataGrantAcceptanceState {
        acceptedAt == nil ? .pendingReceiverAcceptance : .accepted
    }
}
