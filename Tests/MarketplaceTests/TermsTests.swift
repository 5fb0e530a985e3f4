import AWSAPI
import BourseAPI
import Testing

@testable import Marketplace

@Suite struct `A product's terms` {
    static func product(
        _ terms: [Bourse.TableTerms], tables: [String] = ["nav_history"],
        title: String = "NAV History"
    ) -> Bourse.Product {
        .init(
            productId: "navs", title: title, description: "", bucket: "nomura-data-lake",
            keyPrefixes: ["gold/nav/daily/"], database: "nomura_data_products", tables: tables,
            tableTerms: terms, sampleQuery: "SELECT 'first' FROM nav_history",
            dashboardFields: ["nav", "fund_id"],
            price: .init(perRequest: "0.001", perTiBScanned: "5", currency: "USD"),
            contacts: [.init(name: "Data Desk", email: "desk@nomura.example")], dataSetId: "d-nav")
    }

    private func entitled(
        by terms: [Bourse.TableTerms], funds: [String] = ["F001", "F002"]
    ) async throws -> (testbed: MarketplaceTestbed, world: ProviderInMemory.World) {
        let testbed = try MarketplaceTestbed(
            ProviderInMemory(products: [Self.product(terms)]))
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example(products: "NAV History", funds: funds))
        try await marketplace.work()
        #expect(try await marketplace.contract(.init(contractId: "C-2027-001")).state == .active)
        let world = testbed.clouds.world
        _ = try await marketplace.end(.init(contractId: "C-2027-001"))
        try await marketplace.work()
        #expect(testbed.clouds.world.filters.isEmpty && testbed.clouds.world.grants.isEmpty)
        return (testbed, world)
    }

    private static let shown: [(String?, [String]?, String)] = [
        ("fund_id IN (entitled funds)", nil, "fund_id IN ('F001', 'F002')"),
        (
            "as_of > '2024' AND fund_id IN (entitled funds)", nil,
            "as_of > '2024' AND fund_id IN ('F001', 'F002')"
        ),
        ("nav > 0", ["fund_id", "nav"], "nav > 0 of fund_id,nav"),
        (nil, ["fund_id", "nav"], " of fund_id,nav"),
    ]

    @Test(arguments: shown)
    func `are what a client sees`(
        rows: String?, columns: [String]?, filter: String
    ) async throws {
        let (_, world) = try await entitled(
            by: [.init(table: "nav_history", rowFilter: rows, columns: columns)])
        #expect(
            world.filters == ["nomura_data_products.nav_history contract-C-2027-001: \(filter)"])
        #expect(
            world.grants.contains(
                "222222222222 may SELECT nomura_data_products.nav_history by contract-C-2027-001"))
    }

    @Test func `without a word about a table show all of it`() async throws {
        let (_, world) = try await entitled(by: [.init(table: "nav_history", columns: nil)])
        #expect(world.filters.isEmpty)
        #expect(
            world.grants.contains("222222222222 may SELECT nomura_data_products.nav_history"))
    }

    @Test func `of many funds take several filters`() async throws {
        let funds = (1...250).map { "FUND-WITH-A-LONG-NAME-\($0)" }
        let (_, world) = try await entitled(
            by: [.init(table: "nav_history", rowFilter: "fund_id IN (entitled funds)")],
            funds: funds)
        #expect(world.filters.count > 1)
        #expect(world.grants.count == world.filters.count + 1)
        var named: [Substring] = []
        for filter in world.filters {
            let expression = filter.split(separator: ": ", maxSplits: 1)[1]
            #expect(expression.utf8.count <= RowFilters.bytesMax)
            named += expression.matches(of: #/'([^']*)'/#).map(\.1)
        }
        #expect(named.count == 250 && Set(named.map(String.init)) == Set(funds))
    }

    @Test func `are told in the e-mail`() async throws {
        let (testbed, _) = try await entitled(
            by: [.init(table: "nav_history", columns: ["fund_id", "nav"])])
        let mail = try #require(testbed.mail["C-2027-001"]).replacing("=\r\n", with: "")
        for words in [
            "first", "nav, fund_id", "USD 0.001 per request, USD 5 per TiB scanned",
            "Data Desk <desk@nomura.example>", "Columns: fund_id string, nav decimal(18,4).",
        ] {
            #expect(mail.contains(words), "\(words)")
        }
    }

    @Test func `that ask for funds are not sold without`() async throws {
        for (filter, isSold) in [
            ("fund_id IN (entitled funds)", true),
            ("fund_id IN (entitled funds) AND nav > 0", false),
            ("nav > 0 AND fund_id IN (entitled funds)", false), ("nav > 0", true),
        ] {
            let testbed = try MarketplaceTestbed(
                ProviderInMemory(products: [
                    Self.product([.init(table: "nav_history", rowFilter: filter)])
                ]))
            let marketplace = try testbed.reopened()
            let signed = try? await marketplace.sign(
                .example(products: "NAV History", funds: []))
            #expect((signed != nil) == isSold, "\(filter)")
        }
    }

    @Test func `of two products must not differ about a table`() async throws {
        let terms = [Bourse.TableTerms(table: "nav_history", columns: ["nav"])]
        let clouds = ProviderInMemory(
            dataSets: ProviderInMemory.DataSet.example + [
                .init(id: "d-2", name: "Other", revisions: [.init(prefixes: ["gold/nav/daily/"])])
            ], products: [Self.product(terms)])
        let error = await #expect(throws: AWSError.self) {
            try await MarketplaceTestbed(clouds).reopened().sign(
                .example(products: "NAV History;Other"))
        }
        #expect(error?.message.contains("nav_history") == true)
    }

    @Test func `leave out tables that merely lie there`() async throws {
        let clouds = ProviderInMemory(
            dataSets: [.init(id: "d-nav", name: "All", revisions: [.init(prefixes: ["gold/"])])],
            products: [Self.product([], title: "All")])
        #expect(
            try await `A product is a data set of the provider's`.offer(["All"], clouds).tables.map(
                \.name.table) == ["nav_history"])
    }
}
