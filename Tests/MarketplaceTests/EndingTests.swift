import AWSAPI
import BourseAPI
import Testing

@testable import Marketplace

@Suite struct `A contract that ends` {
    /// What stays: the client's own.
    static let left = ProviderInMemory.World(
        codes: ["222222222222": 2],
        links: ["external_nomura_data": "111111111111.nomura_data_products"],
        buckets: ["athena-results-222222222222"])

    static func signed(
        _ testbed: MarketplaceTestbed, _ records: Bourse.ContractRecord...
    ) async throws -> Marketplace {
        let marketplace = try testbed.reopened()
        for record in records { _ = try await marketplace.sign(record) }
        try await marketplace.work()
        return marketplace
    }

    @Test func `takes back what it gave`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try await Self.signed(testbed, .example())
        let ending = try await marketplace.end(.init(contractId: "C-2027-001"))
        #expect(ending.state == .ending)
        try await marketplace.work()
        #expect(testbed.clouds.world == Self.left)
        #expect(try await marketplace.end(.init(contractId: "C-2027-001")).state == .ended)
        #expect(try await marketplace.sign(.example()).state == .ended)
    }

    @Test func `does so by itself after its last day`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try await Self.signed(testbed, .example(until: "2027-06-30"))
        try testbed.advance(to: "2027-06-30")
        try await marketplace.work()
        #expect(testbed.clouds.world.grants.count == 3)
        try testbed.advance(to: "2027-07-01")
        try await marketplace.work()
        #expect(testbed.clouds.world == Self.left)
    }

    @Test(arguments: 0...9)
    func `goes on after a crash`(taken: Int) async throws {
        let testbed = try MarketplaceTestbed()
        let first = try await Self.signed(testbed, .example())
        _ = try await first.end(.init(contractId: "C-2027-001"))
        let id = try #require(Contract.ID(rawValue: "C-2027-001"))
        for _ in 0..<taken {
            guard try await first.takeNextStep(of: id, testbed.onboarding) else { break }
        }
        let second = try testbed.reopened()
        try await second.work()
        #expect(testbed.clouds.world == Self.left)
        #expect(try await second.contract(.init(contractId: "C-2027-001")).state == .ended)
    }

    @Test(arguments: 28...37, [ProviderInMemory.Failure.answerLost, .refused])
    func `goes on where a call failed`(
        call: Int, failure: ProviderInMemory.Failure
    ) async throws {
        let testbed = try MarketplaceTestbed(ProviderInMemory(failing: (call, failure)))
        let marketplace = try await Self.signed(testbed, .example())
        _ = try await marketplace.end(.init(contractId: "C-2027-001"))
        try await marketplace.work()
        try await marketplace.work()
        #expect(testbed.clouds.world == Self.left)
    }

    /// Wherever onboarding stands when it is cut short.
    @Test(arguments: 0...14)
    func `half way takes back whatever it gave`(taken: Int) async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example())
        let id = try #require(Contract.ID(rawValue: "C-2027-001"))
        for _ in 0..<taken {
            guard try await marketplace.takeNextStep(of: id, testbed.onboarding) else { break }
        }
        _ = try await marketplace.end(.init(contractId: "C-2027-001"))
        try await marketplace.work()
        #expect(testbed.clouds.world.grants.isEmpty)
        #expect(testbed.clouds.world.filters.isEmpty)
        #expect(testbed.clouds.world.dataGrants.isEmpty)
        #expect(try await marketplace.contract(.init(contractId: "C-2027-001")).state == .ended)
    }

    @Test func `leaves what another contract of the client's gives as well`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try await Self.signed(
            testbed, .example(id: "C-1", products: "NAV History", funds: []),
            .example(id: "C-2", products: "NAV History;ESG Insights", funds: []))
        _ = try await marketplace.end(.init(contractId: "C-1"))
        try await marketplace.work()
        #expect(
            testbed.clouds.world.grants == [
                "222222222222 may DESCRIBE nomura_data_products",
                "222222222222 may SELECT nomura_data_products.nav_history",
                "222222222222 may SELECT nomura_data_products.esg_insights",
            ])
        #expect(testbed.clouds.world.dataGrants.count == 2)

        _ = try await marketplace.end(.init(contractId: "C-2"))
        try await marketplace.work()
        #expect(testbed.clouds.world.grants.isEmpty)
    }

    @Test func `does not widen another one that names funds`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try await Self.signed(
            testbed, .example(id: "C-1", products: "NAV History", funds: []),
            .example(id: "C-2", products: "NAV History", funds: ["F001"]))
        _ = try await marketplace.end(.init(contractId: "C-1"))
        try await marketplace.work()
        #expect(
            testbed.clouds.world.grants == [
                "222222222222 may DESCRIBE nomura_data_products",
                "222222222222 may SELECT nomura_data_products.nav_history by contract-C-2",
            ])
    }

    @Test func `must be known`() async throws {
        let marketplace = try MarketplaceTestbed().reopened()
        let error = await #expect(throws: AWSError.self) {
            try await marketplace.end(.init(contractId: "C-9"))
        }
        #expect(error?.code == "ResourceNotFoundException")
    }
}
