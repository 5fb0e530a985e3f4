import AWSAPI
import BourseAPI
import Foundation
import Testing

@testable import Marketplace

@Suite struct `A signed contract` {
    /// What a contract over two products and two funds comes to.
    static let entitled = ProviderInMemory.World(
        codes: ["222222222222": 2],
        filters: [
            "nomura_data_products.nav_history contract-C-2027-001: fund_id IN ('F001', 'F002')",
            "nomura_data_products.esg_insights contract-C-2027-001: fund_id IN ('F001', 'F002')",
        ],
        grants: [
            "222222222222 may DESCRIBE nomura_data_products",
            "222222222222 may SELECT nomura_data_products.nav_history by contract-C-2027-001",
            "222222222222 may SELECT nomura_data_products.esg_insights by contract-C-2027-001",
        ],
        dataGrants: [
            "C-2027-001: ESG Insights to 222222222222 of d-esg until 2028-01-01T00:00:00Z",
            "C-2027-001: NAV History to 222222222222 of d-nav until 2028-01-01T00:00:00Z",
        ],
        accepted: ["C-2027-001: ESG Insights", "C-2027-001: NAV History"],
        links: ["external_nomura_data": "111111111111.nomura_data_products"],
        buckets: ["athena-results-222222222222"])

    @Test func `entitles to what it says, and the client is told`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try testbed.reopened()
        let signed = try await marketplace.sign(.example())
        #expect(signed.state == .signed)
        #expect(signed.steps.count { $0.finishedAt != nil } == 1)

        try await marketplace.work()
        let status = try await marketplace.contract(.init(contractId: "C-2027-001"))
        #expect(status.state == .active)
        #expect(status.steps.allSatisfy { $0.finishedAt != nil && $0.failure == nil })
        #expect(status.mailFile == "mail/C-2027-001.eml")
        #expect(testbed.clouds.world == Self.entitled)
        #expect(testbed.mail["C-2027-001"]?.contains("--code CODE2 ") == true)
    }

    @Test func `of no funds shows its tables whole`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example(products: "NAV History", funds: []))
        try await marketplace.work()
        #expect(testbed.clouds.world.filters.isEmpty)
        #expect(
            testbed.clouds.world.grants.contains(
                "222222222222 may SELECT nomura_data_products.nav_history"))
    }

    @Test func `shows a table whole that is of no fund`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example(products: "Benchmarks"))
        try await marketplace.work()
        #expect(testbed.clouds.world.filters.isEmpty)
        #expect(
            testbed.clouds.world.grants.contains(
                "222222222222 may SELECT nomura_data_products.benchmark_indices"))
    }

    /// The process ends after `taken` steps, and another one goes on.
    @Test(arguments: 0...15)
    func `goes on after a crash`(taken: Int) async throws {
        let testbed = try MarketplaceTestbed()
        let first = try testbed.reopened()
        let id = try #require(Contract.ID(rawValue: "C-2027-001"))
        let steps = try await first.sign(.example()).steps.count
        #expect(steps == 14)
        for _ in 0..<taken {
            guard try await first.takeNextStep(of: id, testbed.onboarding) else { break }
        }
        let second = try testbed.reopened()
        try await second.work()
        #expect(try await second.contract(.init(contractId: id.rawValue)).state == .active)
        #expect(testbed.clouds.world == Self.entitled)
    }

    /// The process ends in the middle of a step: done, and nothing written down of it. Or not done.
    @Test(arguments: 1...27, [ProviderInMemory.Failure.answerLost, .refused])
    func `goes on where a call failed`(
        call: Int, failure: ProviderInMemory.Failure
    ) async throws {
        let testbed = try MarketplaceTestbed(ProviderInMemory(failing: (call, failure)))
        let first = try testbed.reopened()
        if (try? await first.sign(.example())) != nil { try await first.work() }

        let second = try testbed.reopened()
        _ = try await second.sign(.example())
        try await second.work()
        let status = try await second.contract(.init(contractId: "C-2027-001"))
        #expect(status.state == .active)
        var expected = Self.entitled
        // A lost answer to AddAccount lost its code as well.
        let codes = testbed.clouds.world.codes["222222222222"] ?? 0
        #expect((2...3).contains(codes))
        expected.codes["222222222222"] = codes
        #expect(testbed.clouds.world == expected)
        #expect(testbed.mail["C-2027-001"]?.contains("--code CODE\(codes) ") == true)
    }

    @Test func `says what failed`() async throws {
        // Ten calls make the offer; the eleventh lets the account in.
        let testbed = try MarketplaceTestbed(ProviderInMemory(failing: (11, .refused)))
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example())
        try await marketplace.work()
        let status = try await marketplace.contract(.init(contractId: "C-2027-001"))
        #expect(status.state == .signed)
        let failures = status.steps.compactMap(\.failure)
        #expect(failures == ["ServiceUnavailable: The line went dead."])
        #expect(status.steps.first { $0.failure != nil }?.name == "AddAccount")
        #expect(try await marketplace.sign(.example()).steps.allSatisfy { $0.failure == nil })
    }

    @Test func `is not given a filter of someone else's making`() async throws {
        let clouds = ProviderInMemory(
            world: .init(filters: [
                "nomura_data_products.nav_history contract-C-2027-001: fund_id <> ''"
            ]))
        let testbed = try MarketplaceTestbed(clouds)
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example(products: "NAV History"))
        try await marketplace.work()
        let status = try await marketplace.contract(.init(contractId: "C-2027-001"))
        #expect(status.steps.compactMap(\.failure).first?.hasPrefix("ConflictException") == true)
        #expect(clouds.world.grants == ["222222222222 may DESCRIBE nomura_data_products"])
    }

    @Test func `may be signed again`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example())
        try await marketplace.work()
        let calls = testbed.clouds.calls
        let again = try await marketplace.sign(.example(funds: ["F002", "F001"]))
        try await marketplace.work()
        #expect(again.state == .active)
        #expect(testbed.clouds.calls == calls)
    }

    @Test func `is not changed by signing other terms`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example())
        let error = await #expect(throws: AWSError.self) {
            try await marketplace.sign(.example(funds: []))
        }
        #expect(error?.code == "ConflictException")
    }

    @Test func `waits for its first day`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example(from: "2027-02-01"))
        try await marketplace.work()
        #expect(testbed.clouds.world == ProviderInMemory.World())
        try testbed.advance(to: "2027-02-01")
        try await marketplace.work()
        #expect(testbed.clouds.world == Self.entitled)
    }

    @Test func `is refused when it is over`() async throws {
        let marketplace = try MarketplaceTestbed().reopened()
        let error = await #expect(throws: AWSError.self) {
            try await marketplace.sign(.example(until: "2027-01-14"))
        }
        #expect(error?.code == "ValidationException")
    }

    @Test func `keeps its code out of the ledger`() async throws {
        let testbed = try MarketplaceTestbed()
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example())
        try await marketplace.work()
        let bytes = try testbed.ledgerBytes
        #expect(bytes.range(of: Data("C-2027-001".utf8)) != nil)
        #expect(bytes.range(of: Data("CODE".utf8)) == nil)
    }

    @Test func `stands in the list, in the order of signing`() async throws {
        let marketplace = try MarketplaceTestbed().reopened()
        for id in ["C-3", "C-1", "C-2"] { _ = try await marketplace.sign(.example(id: id)) }
        let first = try await marketplace.contracts(.init(maxResults: 2))
        #expect(first.contracts.map(\.contractId) == ["C-3", "C-1"])
        let second = try await marketplace.contracts(
            .init(maxResults: 2, nextToken: first.nextToken))
        #expect(second.contracts.map(\.contractId) == ["C-2"])
        #expect(second.nextToken == nil)
    }
}

extension MarketplaceTestbed {
    var onboarding: Onboarding {
        Onboarding(
            provider: Self.provider, clouds: clouds, mailbox: Mailbox { _, _ in },
            place: Self.place, clock: { Self.start })
    }
}
