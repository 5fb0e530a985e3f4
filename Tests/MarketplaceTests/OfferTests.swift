import AWSAPI
import DataExchangeAPI
import Testing

@testable import Marketplace

@Suite struct `A product is a data set of the provider's` {
    typealias DataSet = ProviderInMemory.DataSet
    typealias Table = ProviderInMemory.Table

    static func offer(
        _ products: [String], _ clouds: ProviderInMemory = ProviderInMemory()
    ) async throws -> Offer {
        guard let id = Contract.ID(rawValue: "C1") else { throw AWSError("NoID", "") }
        return try await Offer.resolve(products, through: clouds.provider(for: id))
    }

    @Test func `whose tables lie under its newest revision's prefixes`() async throws {
        let offer = try await Self.offer(["ESG Insights", "NAV History"])
        #expect(
            offer.tables.map(\.name.description) == [
                "nomura_data_products.esg_insights", "nomura_data_products.nav_history",
            ])
        #expect(offer.products.map(\.dataSet) == ["d-esg", "d-nav"])
        let history = offer.tables.last
        #expect(history?.columns.map(\.name) == ["fund_id", "nav_date", "nav", "as_of"])
        #expect(history?.partitionKeys == ["as_of"])
    }

    @Test func `read from the newest published revision alone`() async throws {
        let clouds = ProviderInMemory(dataSets: [
            DataSet(
                id: "d", name: "P",
                revisions: [
                    .init(prefixes: ["gold/nav/daily/"]), .init(prefixes: ["gold/esg-insights/"]),
                    .init(prefixes: ["gold/benchmarks/"], isRevoked: true),
                    .init(prefixes: ["gold/"], isFinalized: false),
                ])
        ])
        let offer = try await Self.offer(["P"], clouds)
        #expect(offer.tables.map(\.name.table) == ["esg_insights"])
    }

    @Test(arguments: [
        ("gold/esg", []), ("gold/esg-insights", ["esg_insights"]),
        ("gold/nav/", ["nav_history"]),
        ("gold/", ["nav_history", "esg_insights", "benchmark_indices"]),
        ("gold/esg-insights/part/", []),
    ])
    func `and a prefix ends at a folder's name`(prefix: String, tables: [String]) async throws {
        let clouds = ProviderInMemory(dataSets: [
            DataSet(id: "d", name: "P", revisions: [.init(prefixes: [prefix])])
        ])
        let offer = try? await Self.offer(["P"], clouds)
        #expect((offer?.tables.map(\.name.table) ?? []) == tables)
    }

    @Test(arguments: [
        ("Nothing Such", "no S3 data access data set of the provider's is called Nothing Such."),
        ("Files", "no S3 data access data set of the provider's is called Files."),
        ("Twice", "more than one data set is called Twice; rename one."),
        ("Draft", "Draft has no finalized revision that opens a prefix."),
        ("Raw", "no table of the catalogue lies under the prefixes of Raw."),
    ])
    func `or there is none`(product: String, expected: String) async throws {
        let draft = ProviderInMemory.Revision(prefixes: ["gold/nav/daily/"], isFinalized: false)
        let clouds = ProviderInMemory(dataSets: [
            DataSet(id: "d1", name: "Files", type: .s3Snapshot, revisions: []),
            DataSet(id: "d2", name: "Twice", revisions: []),
            DataSet(id: "d3", name: "Twice", revisions: []),
            DataSet(id: "d4", name: "Draft", revisions: [draft]),
            DataSet(id: "d5", name: "Raw", revisions: [.init(prefixes: ["bronze/"])]),
        ])
        let error = await #expect(throws: AWSError.self) {
            _ = try await Self.offer([product], clouds)
        }
        #expect(error?.code == "ValidationException")
        #expect(error?.message == "ADX_Data_Products__c: " + expected)
    }
}
