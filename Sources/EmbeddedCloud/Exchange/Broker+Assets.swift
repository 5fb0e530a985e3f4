import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import Ledger

/// What a revision consists of. Assets come by jobs alone; as long as the revision is a draft, its owner
/// renames them and takes them out.
extension Broker {
    @Sendable func listRevisionAssets(
        _ operation: DataExchange.ListRevisionAssets, _ request: Request
    ) async throws -> DataExchange.ListRevisionAssets.Response {
        let (view, row) = try visibleRevision(
            operation.revisionId, of: operation.dataSetId, request)
        let assets = try await state.ledger.read { db in
            try AssetRow.filter(Column("revision") == row.id.rawValue).fetchAll(db)
        }
        let page = try ResultPage(
            of: assets, limit: operation.maxResults, after: operation.nextToken, downBy: \.name)
        return .init(
            assets: page.items.map { entry($0, of: row, view) }, nextToken: page.nextToken)
    }

    @Sendable func getAsset(
        _ operation: DataExchange.GetAsset, _ request: Request
    ) async throws -> DataExchange.GetAsset.Response {
        let (view, revision) = try visibleRevision(
            operation.revisionId, of: operation.dataSetId, request)
        let id = try id(operation.assetId, "AssetId")
        let asset = try await state.ledger.read { db in
            try AssetRow.named(id, in: revision.id, db)
        }
        let entry = entry(asset, of: revision, view)
        return .init(
            arn: entry.arn, assetDetails: entry.assetDetails, assetType: entry.assetType,
            createdAt: entry.createdAt, dataSetId: entry.dataSetId, id: entry.id, name: entry.name,
            revisionId: entry.revisionId, updatedAt: entry.updatedAt)
    }

    @Sendable func updateAsset(
        _ operation: DataExchange.UpdateAsset, _ request: Request
    ) async throws -> DataExchange.UpdateAsset.Response {
        // Of an object's key.
        try check(operation.name, "Name", 1...1_024)
        let (asset, revision, view) = try await change(
            operation.assetId, in: operation.revisionId, of: operation.dataSetId, request
        ) { asset, db in
            let taken =
                try AssetRow.filter(Column("revision") == asset.revision.rawValue)
                .filter(Column("name") == operation.name && Column("id") != asset.id.rawValue)
                .fetchCount(db) > 0
            guard !taken else {
                throw AWSError.exchangeConflict(
                    .asset, asset.id, "The revision has an asset \(operation.name) already.")
            }
            asset.name = operation.name
            asset.updatedAt = request.time
            try asset.update(db)
        }
        let entry = entry(asset, of: revision, view)
        return .init(
            arn: entry.arn, assetDetails: entry.assetDetails, assetType: entry.assetType,
            createdAt: entry.createdAt, dataSetId: entry.dataSetId, id: entry.id, name: entry.name,
            revisionId: entry.revisionId, updatedAt: entry.updatedAt)
    }

    @Sendable func deleteAsset(
        _ operation: DataExchange.DeleteAsset, _ request: Request
    ) async throws -> DataExchange.DeleteAsset.Response {
        _ = try await change(
            operation.assetId, in: operation.revisionId, of: operation.dataSetId, request
        ) { asset, db in try asset.delete(db) }
        return .init()
    }

    /// Changes an asset of a draft of the caller's own.
    private func change(
        _ asset: String, in revision: String, of dataSet: String, _ request: Request,
        _ body: @escaping @Sendable (inout AssetRow, Database) throws -> Void
    ) async throws -> (AssetRow, RevisionRow, DataSetView) {
        let (dataSet, revision) = (
            try id(dataSet, "DataSetId"), try id(revision, "RevisionId")
        )
        let id = try id(asset, "AssetId")
        return try await state.change(recording: request.event) { db, state in
            let row = try state.exchange.ownedRevision(revision, of: dataSet, by: request.account)
            var asset = try AssetRow.named(id, in: row.id, db)
            guard !row.isFinalized else {
                throw AWSError.exchangeConflict(
                    .revision, row.id, "The revision is finalized, so its assets stay as they are.")
            }
            try body(&asset, db)
            let view = try state.exchange.visible(dataSet, to: request.account, at: request.time)
            return (asset, row, view)
        }
    }

    /// Calls an API that is an asset. None is served yet: they are registered.
    @Sendable func sendAPIAsset(
        _ operation: DataExchange.SendApiAsset, _ request: Request
    ) async throws -> DataExchange.SendApiAsset.Response {
        let (_, revision) = try visibleRevision(
            operation.revisionId, of: operation.dataSetId, request)
        let id = try id(operation.assetId, "AssetId")
        let asset = try await state.ledger.read { db in
            try AssetRow.named(id, in: revision.id, db)
        }
        guard case .api(let api) = asset.content else {
            throw AWSError.validation("The asset \(asset.id) is no API.")
        }
        throw AWSError.validation(
            "The API \(api.name) is registered; the exchange does not serve it yet.")
    }

    func entry(
        _ asset: AssetRow, of revision: RevisionRow, _ view: DataSetView
    ) -> DataExchange.AssetEntry {
        .init(
            arn: arns.asset(asset.id, of: revision.id, view.id, in: view.account),
            assetDetails: details(of: asset, view),
            assetType: .init(rawValue: view.source.assetKind.rawValue),
            createdAt: asset.createdAt, dataSetId: view.id.rawValue, id: asset.id.rawValue,
            name: asset.name, revisionId: revision.id.rawValue, updatedAt: asset.updatedAt)
    }
}

extension Broker {
    /// A receiver reads through a name of its own.
    private func details(of asset: AssetRow, _ view: DataSetView) -> DataExchange.AssetDetails {
        var details = asset.content.details
        guard let grant = view.grant else { return details }
        // Which role of the owner's grants it is nobody else's business.
        details.lakeFormationDataPermissionAsset?.roleArn = nil
        if details.s3DataAccessAsset != nil {
            details.s3DataAccessAsset?.s3AccessPointAlias = AccessPointAlias.name(
                of: grant.entitledDataSet)
            details.s3DataAccessAsset?.s3AccessPointArn =
                AccessPointAlias.arn(
                    of: grant.entitledDataSet, in: provider, region: arns.region
                ).description
        }
        return details
    }
}

extension AssetContent {
    fileprivate var details: DataExchange.AssetDetails {
        switch self {
        case .snapshot(let object): .init(s3SnapshotAsset: .init(size: Double(object.size)))
        case .s3Access(let access):
            .init(
                s3DataAccessAsset: .init(
                    bucket: access.bucket,
                    keyPrefixes: access.keyPrefixes.isEmpty ? nil : access.keyPrefixes,
                    keys: access.keys.isEmpty ? nil : access.keys))
        case .redshiftDataShare(let arn): .init(redshiftDataShareAsset: .init(arn: arn))
        case .api(let api):
            .init(
                apiGatewayApiAsset: .init(
                    apiDescription: api.description, apiId: api.id, apiName: api.name,
                    protocolType: .rest, stage: api.stage))
        case .lakePermission(let permission):
            .init(lakeFormationDataPermissionAsset: permission.asset)
        }
    }
}

extension AssetRow {
    static func named(
        _ id: ExchangeID, in revision: ExchangeID, _ db: Database
    ) throws -> AssetRow {
        guard let row = try AssetRow.fetchOne(db, key: id.rawValue), row.revision == revision else {
            throw AWSError.exchangeNotFound(.asset, id.rawValue)
        }
        return row
    }
}
