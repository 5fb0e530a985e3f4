import AWSAPI
import BourseAPI
import DataExchangeAPI
import FoundationEssentials
import GlueAPI
import LakeFormationAPI
import Marketplace
import S3API
import Synchronization
import Testing

/// A provider's account and its clients', as far as contracts reach: what is asked of it beyond that
/// fails the test.
final class ProviderInMemory: Sendable {
    /// What is there, in words that tests compare.
    struct World: Equatable, Sendable {
        /// By account: how many codes were made. Only the newest one works.
        var codes: [String: Int] = [:]
        /// `database.table filter: expression`
        var filters: Set<String> = []
        /// `account may SELECT database.table`
        var grants: Set<String> = []
        /// `name to account of data set until end`
        var dataGrants: [String] = []
        var accepted: Set<String> = []
        var links: [String: String] = [:]
        var buckets: Set<String> = []
    }

    enum Failure: Sendable {
        /// Nothing was done.
        case refused
        /// It was done, and nobody heard of it.
        case answerLost
    }

    struct Table: Sendable {
        var database = "nomura_data_products"
        var name: String
        var location: String
        var columns: [(name: String, type: String)]
        var partitionKeys: [String] = []
    }

    struct DataSet: Sendable {
        var id: String
        var name: String
        var type = DataExchange.AssetType.s3DataAccess
        /// Oldest first.
        var revisions: [Revision]
    }

    struct Revision: Sendable {
        var prefixes: [String]
        var isFinalized = true
        var isRevoked = false
    }

    static let account = AccountID(rawValue: "111111111111")!
    static let bucket = "nomura-data-lake"

    let tables: [Table]
    let dataSets: [DataSet]
    let products: [Bourse.Product]
    private let state: Mutex<(world: World, calls: Int, failAt: (call: Int, Failure)?)>

    init(
        tables: [Table] = Table.example, dataSets: [DataSet] = DataSet.example,
        products: [Bourse.Product] = [], world: World = World(),
        failing failure: (call: Int, Failure)? = nil
    ) {
        self.tables = tables
        self.dataSets = dataSets
        self.products = products
        state = Mutex((world, 0, failure))
    }

    var world: World { state.withLock { $0.world } }

    /// As if somebody had deleted it by hand.
    func forgetDataGrant(_ name: String) throws {
        let place = world.dataGrants.firstIndex { $0.hasPrefix(name + " to ") }
        _ = state.withLock { state in place.map { state.world.dataGrants.remove(at: $0) } }
        try #require(place != nil)
    }

    /// Operations sent so far.
    var calls: Int { state.withLock { $0.calls } }
}

extension ProviderInMemory.Table {
    static let example = [
        Self(
            name: "nav_history", location: "s3://nomura-data-lake/gold/nav/daily/",
            columns: [("fund_id", "string"), ("nav_date", "date"), ("nav", "decimal(18,4)")],
            partitionKeys: ["as_of"]),
        Self(
            name: "esg_insights", location: "s3://nomura-data-lake/gold/esg-insights",
            columns: [
                ("fund_id", "string"), ("esg_score", "double"), ("environmental_rating", "string"),
                ("updated_at", "timestamp"),
            ]),
        Self(
            name: "benchmark_indices", location: "s3://nomura-data-lake/gold/benchmarks/",
            columns: [("index_id", "string"), ("close", "double")], partitionKeys: ["as_of"]),
    ]
}

extension ProviderInMemory.DataSet {
    static let example = [
        Self(id: "d-nav", name: "NAV History", revisions: [.init(prefixes: ["gold/nav/daily/"])]),
        Self(
            id: "d-esg", name: "ESG Insights", revisions: [.init(prefixes: ["gold/esg-insights/"])]),
        Self(id: "d-bench", name: "Benchmarks", revisions: [.init(prefixes: ["gold/benchmarks/"])]),
    ]
}

// MARK: - Answering

extension ProviderInMemory: Clouds {
    func provider(for contract: Contract.ID) -> any Cloud { Account(self, Self.account) }

    func subscriber(_ account: AccountID, for contract: Contract.ID) -> (any Cloud)? {
        Account(self, account)
    }

    private struct Account: Cloud {
        let machine: ProviderInMemory
        let account: AccountID
        let region = "us-east-1"

        init(_ machine: ProviderInMemory, _ account: AccountID) {
            self.machine = machine
            self.account = account
        }

        func send<Operation: AWSOperation>(
            _ operation: Operation
        ) async throws(AWSError) -> Operation.Response {
            let answer = try machine.answer(operation, account)
            guard let answer = answer as? Operation.Response else {
                preconditionFailure("\(Operation.name) is answered with \(type(of: answer)).")
            }
            return answer
        }
    }

    private func answer(
        _ operation: any AWSOperation, _ account: AccountID
    ) throws(AWSError) -> any AWSShape {
        let lost = AWSError("ServiceUnavailable", status: 503, "The line went dead.")
        return try state.withLock { state throws(AWSError) in
            state.calls += 1
            let failure = state.failAt.flatMap { $0.call == state.calls ? $0.1 : nil }
            if case .refused = failure { throw lost }
            let answer =
                account == Self.account
                ? try ask(operation, &state.world) : try ask(operation, of: account, &state.world)
            if case .answerLost = failure { throw lost }
            return answer
        }
    }

    private func unasked(_ operation: any AWSOperation) -> AWSError {
        Issue.record("\(type(of: operation).name) was not to be sent.")
        return .unknownOperation(type(of: operation).name, of: type(of: operation).service)
    }

    /// The provider's account.
    private func ask(
        _ operation: any AWSOperation, _ world: inout World
    ) throws(AWSError) -> any AWSShape {
        switch operation {
        case is DataExchange.ListDataSets: return dataSetList
        case let operation as DataExchange.ListDataSetRevisions: return revisions(operation)
        case let operation as DataExchange.ListRevisionAssets: return assets(operation)
        case is Glue.GetDatabases:
            return Glue.GetDatabases.Response(
                databaseList: Set(tables.map(\.database)).sorted().map { .init(name: $0) } + [
                    .init(
                        name: "someone_elses",
                        targetDatabase: .init(catalogId: "999999999999", databaseName: "x"))
                ])
        case let operation as Glue.GetTables: return tables(operation)
        case let operation as Bourse.AddAccount:
            let count = world.codes[operation.accountId, default: 0] + 1
            world.codes[operation.accountId] = count
            return Bourse.AddAccount.Response(
                accountId: operation.accountId, enrolmentCode: "CODE\(count)",
                expiresAt: Date(timeIntervalSince1970: 1_800_259_200))
        case let operation as LakeFormation.CreateDataCellsFilter:
            let filter = operation.tableData
            let name = "\(filter.databaseName).\(filter.tableName) \(filter.name): "
            guard !world.filters.contains(where: { $0.hasPrefix(name) }) else {
                throw AWSError("AlreadyExistsException", "Data cells filter already exists.")
            }
            let columns = filter.columnNames.map { " of \($0.joined(separator: ","))" } ?? ""
            world.filters.insert(name + (filter.rowFilter?.filterExpression ?? "") + columns)
            return EmptyResponse()
        case let operation as LakeFormation.GetDataCellsFilter:
            let name = "\(operation.databaseName).\(operation.tableName) \(operation.name): "
            guard let line = world.filters.first(where: { $0.hasPrefix(name) }) else {
                throw AWSError("EntityNotFoundException", "Data cells filter not found.")
            }
            let sides = line.dropFirst(name.count).components(separatedBy: " of ")
            let columns = sides.count > 1 ? sides[1].components(separatedBy: ",") : nil
            return LakeFormation.GetDataCellsFilter.Response(
                dataCellsFilter: .init(
                    tableCatalogId: operation.tableCatalogId, databaseName: operation.databaseName,
                    tableName: operation.tableName, name: operation.name,
                    rowFilter: sides[0].isEmpty
                        ? .init(allRowsWildcard: .init()) : .init(filterExpression: sides[0]),
                    columnNames: columns, columnWildcard: columns == nil ? .init() : nil))
        case let operation as LakeFormation.DeleteDataCellsFilter:
            let name =
                "\(operation.databaseName ?? "").\(operation.tableName ?? "") "
                + "\(operation.name ?? ""): "
            guard let line = world.filters.first(where: { $0.hasPrefix(name) }) else {
                throw AWSError("EntityNotFoundException", "Data cells filter not found.")
            }
            world.filters.remove(line)
            return EmptyResponse()
        case let operation as LakeFormation.GrantPermissions:
            world.grants.insert(
                grant(operation.principal, operation.permissions, operation.resource))
            #expect(operation.permissionsWithGrantOption?.isEmpty ?? true)
            return EmptyResponse()
        case let operation as LakeFormation.RevokePermissions:
            let grant = grant(operation.principal, operation.permissions, operation.resource)
            guard world.grants.remove(grant) != nil else {
                throw AWSError(
                    "InvalidInputException", "No permissions revoked. Grantee has no permissions.")
            }
            return EmptyResponse()
        case let operation as DataExchange.CreateDataGrant:
            world.dataGrants.append(
                "\(operation.name) to \(operation.receiverPrincipal) of "
                    + "\(operation.sourceDataSetId) until "
                    + (operation.endsAt.map(Timestamp.iso8601.text) ?? "ever"))
            return DataExchange.CreateDataGrant.Response(
                name: operation.name, senderPrincipal: Self.account.rawValue,
                receiverPrincipal: operation.receiverPrincipal,
                acceptanceState: .pendingReceiverAcceptance, grantDistributionScope: .none,
                dataSetId: "entitled", sourceDataSetId: operation.sourceDataSetId,
                id: operation.name, arn: "arn:grant:\(operation.name)", createdAt: .distantPast,
                updatedAt: .distantPast)
        case let operation as Bourse.ExtendDataGrant:
            guard
                let place = world.dataGrants.firstIndex(where: {
                    $0.hasPrefix(operation.dataGrantId + " to ")
                })
            else { throw AWSError("ResourceNotFoundException", status: 404, "No data grant.") }
            let words = world.dataGrants[place].components(separatedBy: " until ")
            world.dataGrants[place] =
                "\(words[0]) until \(Timestamp.iso8601.text(operation.endsAt))"
            return Bourse.ExtendDataGrant.Response(
                dataGrantId: operation.dataGrantId, endsAt: operation.endsAt)
        case is Bourse.ListProducts: return Bourse.ListProducts.Response(products: products)
        case is DataExchange.ListDataGrants: return dataGrants(in: world)
        case let operation as DataExchange.DeleteDataGrant:
            guard
                let place = world.dataGrants.firstIndex(where: {
                    $0.hasPrefix(operation.dataGrantId + " to ")
                })
            else { throw AWSError("ResourceNotFoundException", status: 404, "No data grant.") }
            world.dataGrants.remove(at: place)
            world.accepted.remove(operation.dataGrantId)
            return EmptyResponse()
        default: throw unasked(operation)
        }
    }

    /// A client's account.
    private func ask(
        _ operation: any AWSOperation, of account: AccountID, _ world: inout World
    ) throws(AWSError) -> any AWSShape {
        switch operation {
        case let operation as DataExchange.AcceptDataGrant:
            let name = String(operation.dataGrantArn.dropFirst("arn:grant:".count))
            guard world.accepted.insert(name).inserted else {
                throw AWSError("ConflictException", status: 409, "Accepted already.")
            }
            return DataExchange.AcceptDataGrant.Response(
                name: name, receiverPrincipal: account.rawValue, acceptanceState: .accepted,
                grantDistributionScope: .none, dataSetId: "entitled", id: name,
                arn: operation.dataGrantArn, createdAt: .distantPast, updatedAt: .distantPast)
        case let operation as Glue.CreateDatabase:
            let input = operation.databaseInput
            let target = input.targetDatabase
            guard world.links[input.name] == nil else {
                throw AWSError("AlreadyExistsException", "Database already exists.")
            }
            world.links[input.name] = "\(target?.catalogId ?? "").\(target?.databaseName ?? "")"
            return EmptyResponse()
        case let operation as Glue.GetDatabase:
            let target = world.links[operation.name]?.split(separator: ".").map(String.init) ?? []
            return Glue.GetDatabase.Response(
                database: .init(
                    name: operation.name,
                    targetDatabase: .init(catalogId: target.first, databaseName: target.last)))
        case let operation as S3.CreateBucket:
            guard world.buckets.insert(operation.bucket).inserted else {
                throw AWSError("BucketAlreadyOwnedByYou", status: 409, "It is yours.")
            }
            return S3.CreateBucket.Response(location: "/" + operation.bucket)
        default: throw unasked(operation)
        }
    }

    private func grant(
        _ principal: LakeFormation.DataLakePrincipal, _ permissions: [LakeFormation.Permission],
        _ resource: LakeFormation.Resource
    ) -> String {
        let subject =
            if let filter = resource.dataCellsFilter {
                "\(filter.databaseName ?? "").\(filter.tableName ?? "") by \(filter.name ?? "")"
            } else if let table = resource.table {
                "\(table.databaseName).\(table.name ?? "")"
            } else {
                resource.database?.name ?? "?"
            }
        return "\(principal.dataLakePrincipalIdentifier ?? "") may "
            + "\(permissions.map(\.rawValue).joined(separator: ",")) \(subject)"
    }
}

// MARK: - Lists, in pages of one

extension ProviderInMemory {
    private var dataSetList: DataExchange.ListDataSets.Response {
        .init(
            dataSets: dataSets.map {
                .init(
                    arn: "arn:\($0.id)", assetType: $0.type, createdAt: .distantPast,
                    description: "", id: $0.id, name: $0.name, origin: .owned,
                    updatedAt: .distantPast)
            })
    }

    private func revisions(
        _ operation: DataExchange.ListDataSetRevisions
    ) -> DataExchange.ListDataSetRevisions.Response {
        let all = dataSets.first { $0.id == operation.dataSetId }?.revisions ?? []
        let place = Int(operation.nextToken ?? "0") ?? 0
        return .init(
            nextToken: place + 1 < all.count ? String(place + 1) : nil,
            revisions: all.dropFirst(place).prefix(1).map { revision in
                .init(
                    arn: "", createdAt: Date(timeIntervalSince1970: Double(place)),
                    dataSetId: operation.dataSetId, id: String(place), updatedAt: .distantPast,
                    finalized: revision.isFinalized, revoked: revision.isRevoked)
            })
    }

    private func assets(
        _ operation: DataExchange.ListRevisionAssets
    ) -> DataExchange.ListRevisionAssets.Response {
        let all = dataSets.first { $0.id == operation.dataSetId }?.revisions ?? []
        guard let place = Int(operation.revisionId), all.indices.contains(place) else {
            return .init(assets: [])
        }
        return .init(assets: [
            .init(
                arn: "",
                assetDetails: .init(
                    s3DataAccessAsset: .init(bucket: Self.bucket, keyPrefixes: all[place].prefixes)),
                assetType: .s3DataAccess, createdAt: .distantPast,
                dataSetId: operation.dataSetId, id: "", name: "", revisionId: operation.revisionId,
                updatedAt: .distantPast)
        ])
    }

    private func tables(_ operation: Glue.GetTables) -> Glue.GetTables.Response {
        let all = tables.filter { $0.database == operation.databaseName }
        let place = Int(operation.nextToken ?? "0") ?? 0
        return .init(
            tableList: all.dropFirst(place).prefix(1).map { table in
                .init(
                    name: table.name,
                    storageDescriptor: .init(
                        columns: table.columns.map { .init(name: $0.name, type: $0.type) },
                        location: table.location),
                    partitionKeys: table.partitionKeys.map { .init(name: $0, type: "string") })
            }, nextToken: place + 1 < all.count ? String(place + 1) : nil)
    }

    private func dataGrants(in world: World) -> DataExchange.ListDataGrants.Response {
        .init(
            dataGrantSummaries: world.dataGrants.map { line in
                let name = line.split(separator: " to ").first.map(String.init) ?? ""
                let receiver = line.split(separator: " to ").last?.prefix(12) ?? ""
                let end = line.components(separatedBy: " until ").last ?? ""
                return .init(
                    name: name, senderPrincipal: Self.account.rawValue,
                    receiverPrincipal: String(receiver),
                    acceptanceState: world.accepted.contains(name)
                        ? .accepted : .pendingReceiverAcceptance,
                    dataSetId: "entitled", sourceDataSetId: "", id: name,
                    arn: "arn:grant:\(name)", createdAt: .distantPast, updatedAt: .distantPast,
                    endsAt: Timestamp.parse(end))
            })
    }
}
