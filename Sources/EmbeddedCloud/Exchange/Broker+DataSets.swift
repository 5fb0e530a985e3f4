import AWSAPI
import BourseAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import HashTreeCollections

extension Broker {
    /// Source: AWS Data Exchange API Reference, `Description`.
    static let descriptionLengths = 0...16_348

    @Sendable func createDataSet(
        _ operation: DataExchange.CreateDataSet, _ request: Request
    ) async throws -> DataExchange.CreateDataSet.Response {
        try requireProvider(request)
        guard let kind = AssetKind(rawValue: operation.assetType.rawValue) else {
            throw AWSError.validation(
                "AssetType must be one of: "
                    + "\(AssetKind.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        try check(operation.name, "Name", 1...256)
        try check(operation.description, "Description", Self.descriptionLengths)
        let row = DataSetRow(
            id: .make(), owner: request.account, name: operation.name,
            description: operation.description, assetKind: kind,
            tags: try checked(operation.tags), createdAt: request.time, updatedAt: request.time)
        if let live = row.tags[DataSetRow.liveTag] {
            guard ["true", "false"].contains(live), kind == .s3DataAccess || !row.isLive else {
                throw AWSError.validation(
                    "The tag \(DataSetRow.liveTag) is true or false, and true for S3_DATA_ACCESS alone."
                )
            }
        }
        try await state.change(recording: request.event) { db, state in
            try row.insert(db)
            state.exchange.put(row)
        }
        return .init(
            arn: arns.dataSet(row.id, in: row.owner), assetType: operation.assetType,
            createdAt: row.createdAt, description: row.description, id: row.id.rawValue,
            name: row.name, origin: .owned, tags: row.tags.nonEmpty, updatedAt: row.updatedAt)
    }

    @Sendable func getDataSet(
        _ operation: DataExchange.GetDataSet, _ request: Request
    ) async throws -> DataExchange.GetDataSet.Response {
        let view = try state.current.exchange.visible(
            id(operation.dataSetId, "DataSetId"), to: request.account, at: request.time)
        let entry = entry(view)
        return .init(
            arn: entry.arn, assetType: entry.assetType, createdAt: entry.createdAt,
            description: entry.description, id: entry.id, name: entry.name, origin: entry.origin,
            originDetails: entry.originDetails,
            tags: view.grant == nil ? view.source.tags.nonEmpty : nil, updatedAt: entry.updatedAt)
    }

    @Sendable func updateDataSet(
        _ operation: DataExchange.UpdateDataSet, _ request: Request
    ) async throws -> DataExchange.UpdateDataSet.Response {
        let id = try id(operation.dataSetId, "DataSetId")
        if let name = operation.name { try check(name, "Name", 1...256) }
        if let text = operation.description {
            try check(text, "Description", Self.descriptionLengths)
        }
        let view = try await state.change(recording: request.event) { db, state in
            var row = try state.exchange.owned(id, by: request.account)
            row.name = operation.name ?? row.name
            row.description = operation.description ?? row.description
            row.updatedAt = request.time
            try row.update(db)
            state.exchange.put(row)
            return try state.exchange.visible(id, to: request.account, at: request.time)
        }
        let entry = entry(view)
        return .init(
            arn: entry.arn, assetType: entry.assetType, createdAt: entry.createdAt,
            description: entry.description, id: entry.id, name: entry.name, origin: entry.origin,
            updatedAt: entry.updatedAt)
    }

    /// Only of one that has no revisions left, and that nobody is granted.
    @Sendable func deleteDataSet(
        _ operation: DataExchange.DeleteDataSet, _ request: Request
    ) async throws -> DataExchange.DeleteDataSet.Response {
        let id = try id(operation.dataSetId, "DataSetId")
        try await state.change(recording: request.event) { db, state in
            let row = try state.exchange.owned(id, by: request.account)
            guard state.exchange.revisions[id]?.isEmpty ?? true else {
                throw AWSError.exchangeConflict(
                    .dataSet, id, "The data set has revisions: delete them first.")
            }
            guard !state.exchange.grants.values.contains(where: { $0.sourceDataSet == id }) else {
                throw AWSError.exchangeConflict(
                    .dataSet, id, "The data set is granted: delete its data grants first.")
            }
            if let product = state.exchange.products[id] {
                throw AWSError.exchangeConflict(
                    .dataSet, id,
                    "The data set carries the product \(product.productId): delete that first.")
            }
            try row.delete(db)
            try state.exchange.remove(row, db)
        }
        return .init()
    }

    @Sendable func listDataSets(
        _ operation: DataExchange.ListDataSets, _ request: Request
    ) async throws -> DataExchange.ListDataSets.Response {
        let exchange = state.current.exchange
        let views =
            switch DataExchange.Origin(rawValue: operation.origin ?? "OWNED") {
            case .owned: exchange.dataSets(ownedBy: request.account)
            case .entitled: exchange.dataSets(entitledTo: request.account, at: request.time)
            default: throw AWSError.validation("origin must be OWNED or ENTITLED.")
            }
        let page = try ResultPage(
            of: views, limit: operation.maxResults, after: operation.nextToken,
            downBy: { timeOrder($0.createdAt, $0.id) })
        return .init(dataSets: page.items.map(entry), nextToken: page.nextToken)
    }

    private func entry(_ view: DataSetView) -> DataExchange.DataSetEntry {
        .init(
            arn: arns.dataSet(view.id, in: view.account),
            assetType: .init(rawValue: view.source.assetKind.rawValue), createdAt: view.createdAt,
            description: view.source.description, id: view.id.rawValue, name: view.source.name,
            origin: view.grant == nil ? .owned : .entitled, updatedAt: view.updatedAt,
            originDetails: view.grant.map { .init(dataGrantId: $0.id.rawValue) })
    }
}

extension Dictionary {
    /// Nil where there is nothing in it, as answers leave it out.
    var nonEmpty: Self? { isEmpty ? nil : self }
}
