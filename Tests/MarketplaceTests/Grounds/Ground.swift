import AWSAPI
import DataExchangeAPI
import Foundation
import GlueAPI
import LakeFormationAPI
import S3API
import Synchronization

@testable import Marketplace

/// A cloud that the marketplace acts in, with a provider's products in it, and what can be asked of it.
///
/// The same contracts are carried out on each: what they come to must not depend on who answers.
struct Ground: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// The exchange's own cloud, in this process.
        case embedded
        /// The same, through its doors.
        case doors
        /// Another AWS, for the services that it has.
        case moto
    }

    static let database = "nomura_data_products"
    static let bucket = "nomura-data-lake"
    static let products = ["ESG Insights": "gold/esg-insights/", "NAV History": "gold/nav/daily/"]

    let provider: Provider
    let subscriber: AccountID
    let clouds: any Clouds
    /// Those who may look at what is there, in the provider's account and the client's.
    let watchers: @Sendable (Contract.ID) -> (any Cloud, (any Cloud)?)
    /// Lets go of what it took.
    let end: @Sendable () async throws -> Void

    static func make(_ kind: Kind) async throws -> Ground {
        switch kind {
        case .embedded: try await .embedded()
        case .doors: try await .doors()
        case .moto: try await .moto()
        }
    }

    /// The provider's catalogue.
    static func describe(through cloud: any Cloud) async throws {
        _ = try await cloud.send(Glue.CreateDatabase(databaseInput: .init(name: database)))
        for table in ProviderInMemory.Table.example {
            _ = try await cloud.send(
                Glue.CreateTable(
                    databaseName: database,
                    tableInput: .init(
                        name: table.name,
                        storageDescriptor: .init(
                            columns: table.columns.map { .init(name: $0.name, type: $0.type) },
                            location: table.location),
                        partitionKeys: table.partitionKeys.map {
                            .init(name: $0, type: "string")
                        })))
        }
    }

    /// What is there, in words that tests compare.
    struct World: Equatable, Sendable {
        /// `table filter: expression`
        var filters: Set<String> = []
        /// `SELECT on table by filter`
        var grants: Set<String> = []
        /// `name of data set until end: accepted`
        var dataGrants: Set<String> = []
        /// Names in the client's catalogue, and what they lead to.
        var links: [String: String] = [:]
        /// The client's.
        var buckets: Set<String> = []
    }

    /// By operations, as anybody would look.
    ///
    /// - Parameter contracts: Whose filters are looked for.
    func world(of contracts: String...) async throws -> World {
        guard let id = Contract.ID(rawValue: contracts.first ?? "C"),
            case (let cloud, let client?) = watchers(id)
        else { throw CancellationError() }
        var world = World()
        for table in ProviderInMemory.Table.example {
            for contract in contracts {
                let name = "contract-\(contract)"
                if let rows = try await filter(name, on: table.name, cloud) {
                    world.filters.insert("\(table.name) \(name): \(rows)")
                }
            }
        }
        let grants = try await cloud.send(LakeFormation.ListPermissions())
        for grant in grants.principalResourcePermissions ?? []
        where grant.principal?.dataLakePrincipalIdentifier == subscriber.rawValue {
            let what = (grant.permissions ?? []).map(\.rawValue).sorted().joined(separator: ",")
            world.grants.insert("\(what) on \(grant.resource?.words ?? "?")")
        }
        let dataSets = try await cloud.send(DataExchange.ListDataSets(origin: "OWNED"))
        let names = Dictionary(
            (dataSets.dataSets ?? []).map { ($0.id, $0.name) }, uniquingKeysWith: { $1 })
        for grant in try await cloud.send(DataExchange.ListDataGrants()).dataGrantSummaries ?? [] {
            let source =
                names[grant.sourceDataSetId] ?? grant.name.split(separator: ": ").last
                .map(String.init) ?? "?"
            world.dataGrants.insert(
                "\(grant.name) of \(source) to \(grant.receiverPrincipal): "
                    + grant.acceptanceState.rawValue)
        }
        for database in try await client.send(Glue.GetDatabases()).databaseList {
            let target = database.targetDatabase
            world.links[database.name] =
                "\(target?.catalogId ?? "?").\(target?.databaseName ?? "?")"
        }
        let buckets = try await client.send(S3.ListBuckets()).buckets
        world.buckets = Set((buckets ?? []).compactMap(\.name))
        return world
    }

    private func filter(
        _ name: String, on table: String, _ cloud: any Cloud
    ) async throws -> String? {
        do throws(AWSError) {
            return try await cloud.send(
                LakeFormation.GetDataCellsFilter(
                    tableCatalogId: provider.account.rawValue, databaseName: Self.database,
                    tableName: table, name: name)
            ).dataCellsFilter?.rowFilter?.filterExpression
        } catch {
            guard error.code == "EntityNotFoundException" else { throw error }
            return nil
        }
    }
}

extension LakeFormation.Resource {
    fileprivate var words: String {
        if let filter = dataCellsFilter {
            return "\(filter.tableName ?? "") by \(filter.name ?? "")"
        }
        // All columns of a table are the table.
        return table?.name ?? tableWithColumns?.name ?? database?.name ?? "?"
    }
}

/// Accounts of which one call fails.
final class FailingClouds: Clouds {
    private let clouds: any Clouds
    private let failure: ProviderInMemory.Failure
    /// Calls until then.
    private let left: Mutex<Int>

    init(_ clouds: any Clouds, at call: Int, _ failure: ProviderInMemory.Failure) {
        self.clouds = clouds
        self.failure = failure
        left = Mutex(call)
    }

    func provider(for contract: Contract.ID) -> any Cloud {
        Account(clouds: self, cloud: clouds.provider(for: contract))
    }

    func subscriber(_ account: AccountID, for contract: Contract.ID) -> (any Cloud)? {
        clouds.subscriber(account, for: contract).map { Account(clouds: self, cloud: $0) }
    }

    private struct Account: Cloud {
        let clouds: FailingClouds
        let cloud: any Cloud

        var account: AccountID { cloud.account }
        var region: String { cloud.region }

        func send<Operation: AWSOperation>(
            _ operation: Operation
        ) async throws(AWSError) -> Operation.Response {
            let isNow = clouds.left.withLock { left in
                left -= 1
                return left == 0
            }
            let lost = AWSError("ServiceUnavailable", status: 503, "The line went dead.")
            if isNow, case .refused = clouds.failure { throw lost }
            let answer = try await cloud.send(operation)
            if isNow { throw lost }
            return answer
        }
    }
}
