import AWSAPI
import BourseAPI
import Foundation
import Testing

@testable import Marketplace

@Suite struct `A contract over renewed products` {
    private static let id = "C-2027-001"

    /// Of both of the example's products, or of one.
    private static func testbed(
        months: [Int?] = [12, 12], failing failure: (call: Int, ProviderInMemory.Failure)? = nil
    ) throws -> MarketplaceTestbed {
        let names = [
            ("navs", "NAV History", "nav_history", "d-nav"),
            ("esg", "ESG Insights", "esg_insights", "d-esg"),
        ]
        let products = zip(names, months).map { name, months in
            Bourse.Product(
                productId: name.0, title: name.1, description: "", bucket: "nomura-data-lake",
                keyPrefixes: [], database: "nomura_data_products", tables: [name.2],
                renewalMonths: months, dataSetId: name.3)
        }
        return try MarketplaceTestbed(ProviderInMemory(products: products, failing: failure))
    }

    private static func active(
        _ testbed: MarketplaceTestbed, until day: String = "2027-06-30"
    ) async throws -> Marketplace {
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(.example(until: day))
        try await marketplace.work()
        return marketplace
    }

    private static func ends(_ testbed: MarketplaceTestbed) -> [String] {
        testbed.clouds.world.dataGrants.compactMap {
            $0.components(separatedBy: " until ").last.map { String($0.prefix(10)) }
        }
    }

    @Test func `goes on by itself, term after term`() async throws {
        let testbed = try Self.testbed()
        let marketplace = try await Self.active(testbed)
        let before = testbed.clouds.world
        #expect(testbed.mail[Self.id]?.contains("renewed by itself for 12 months") == true)
        try testbed.advance(to: "2027-06-29")
        try await marketplace.work()
        #expect(Self.ends(testbed) == ["2027-07-01", "2027-07-01"])

        try testbed.advance(to: "2027-06-30")
        try await marketplace.work()
        #expect(Self.ends(testbed) == ["2028-07-01", "2028-07-01"])
        let renewed = try await marketplace.contract(.init(contractId: Self.id))
        #expect(renewed.state == .active && renewed.lastDay == "2028-06-30")
        #expect(renewed.renewalMonths == 12)
        #expect(renewed.steps.last?.outcome == "until 2028-06-30")
        var after = testbed.clouds.world
        after.dataGrants = before.dataGrants
        #expect(after == before)
        // What was signed is still what was signed.
        #expect(try await marketplace.sign(.example(until: "2027-06-30")).state == .active)

        try testbed.advance(to: "2028-06-30")
        try await marketplace.work()
        #expect(Self.ends(testbed) == ["2029-07-01", "2029-07-01"])
    }

    @Test func `goes on also where the exchange was away when it was over`() async throws {
        let testbed = try Self.testbed()
        _ = try await Self.active(testbed)
        try testbed.advance(to: "2029-09-01")
        let marketplace = try testbed.reopened()
        try await marketplace.work()
        #expect(Self.ends(testbed) == ["2030-07-01", "2030-07-01"])
        #expect(try await marketplace.contract(.init(contractId: Self.id)).state == .active)
    }

    @Test(arguments: 0...3, [ProviderInMemory.Failure.answerLost, .refused])
    func `goes on after a failure or a crash`(
        call: Int, failure: ProviderInMemory.Failure
    ) async throws {
        let counting = try Self.testbed()
        _ = try await Self.active(counting)
        let testbed = try Self.testbed(failing: (counting.clouds.calls + 1 + call, failure))
        _ = try await Self.active(testbed)
        try testbed.advance(to: "2027-06-30")
        try await testbed.reopened().work()
        let marketplace = try testbed.reopened()
        try await marketplace.work()
        #expect(Self.ends(testbed) == ["2028-07-01", "2028-07-01"])
        let status = try await marketplace.contract(.init(contractId: Self.id))
        #expect(status.steps.count { $0.name == "ExtendDataGrant" } == 2)
        #expect(status.steps.allSatisfy { $0.finishedAt != nil && $0.failure == nil })
    }

    @Test func `ends when its term is over, if that was said before`() async throws {
        let testbed = try Self.testbed()
        let marketplace = try await Self.active(testbed)
        let said = try await marketplace.setRenewal(.init(contractId: Self.id, isRenewed: false))
        #expect(said.state == .active && said.renewalMonths == nil)
        try testbed.advance(to: "2027-06-30")
        try await marketplace.work()
        #expect(Self.ends(testbed) == ["2027-07-01", "2027-07-01"])
        // And back: it is not over yet.
        _ = try await marketplace.setRenewal(.init(contractId: Self.id, isRenewed: true))
        try await marketplace.work()
        #expect(Self.ends(testbed) == ["2028-07-01", "2028-07-01"])

        _ = try await marketplace.setRenewal(.init(contractId: Self.id, isRenewed: false))
        try testbed.advance(to: "2028-07-01")
        try await marketplace.work()
        #expect(testbed.clouds.world.dataGrants.isEmpty && testbed.clouds.world.grants.isEmpty)
        await #expect {
            try await marketplace.setRenewal(.init(contractId: Self.id, isRenewed: true))
        } throws: { ($0 as? AWSError)?.code == "ConflictException" }
    }

    @Test func `ends where one of the products is not renewed`() async throws {
        let testbed = try Self.testbed(months: [12, nil])
        let marketplace = try await Self.active(testbed)
        await #expect {
            try await marketplace.setRenewal(.init(contractId: Self.id, isRenewed: true))
        } throws: { ($0 as? AWSError)?.code == "ConflictException" }
        try testbed.advance(to: "2027-07-01")
        try await marketplace.work()
        #expect(testbed.clouds.world.dataGrants.isEmpty)
    }

    @Test func `is renewed by the shortest of its products' terms`() async throws {
        let testbed = try Self.testbed(months: [12, 3])
        let marketplace = try await Self.active(testbed)
        try testbed.advance(to: "2027-06-30")
        try await marketplace.work()
        #expect(Self.ends(testbed) == ["2027-10-01", "2027-10-01"])
    }

    @Test func `leaves alone what was taken back by hand`() async throws {
        let testbed = try Self.testbed()
        let marketplace = try await Self.active(testbed)
        try testbed.clouds.forgetDataGrant("C-2027-001: NAV History")
        try testbed.advance(to: "2027-06-30")
        try await marketplace.work()
        #expect(Self.ends(testbed) == ["2028-07-01"])
        let status = try await marketplace.contract(.init(contractId: Self.id))
        #expect(status.steps.suffix(2).map(\.outcome) == ["until 2028-06-30", "was gone"])
    }

    @Test func `ends when its term is over, if it never became active`() async throws {
        let testbed = try Self.testbed()
        _ = try await testbed.reopened().sign(.example(until: "2027-06-30"))
        try testbed.advance(to: "2027-07-01")
        let marketplace = try testbed.reopened()
        try await marketplace.work()
        #expect(testbed.clouds.world.dataGrants.isEmpty)
        #expect(try await marketplace.contract(.init(contractId: Self.id)).state == .ended)
    }

    /// A last day, a period, a moment, and the last day from then on.
    @Test(arguments: [
        ("2027-12-31", 12, "2027-12-30", "2027-12-31"),
        ("2027-12-31", 12, "2027-12-31", "2028-12-31"),
        // A month's last day stays one.
        ("2027-01-31", 1, "2027-01-31", "2027-02-28"),
        ("2027-02-28", 1, "2027-02-28", "2027-03-31"),
        ("2027-02-28", 12, "2027-03-15", "2028-02-29"),
        ("2028-02-28", 12, "2028-02-28", "2029-02-28"),
        ("2027-08-30", 1, "2027-08-30", "2027-09-30"),
        // And the thirtieth is one again after a short month.
        ("2027-01-30", 1, "2027-01-30", "2027-02-28"),
        ("2027-01-30", 1, "2027-02-28", "2027-03-30"),
    ])
    func `ends on the same day of another month`(
        lastDay: String, months: Int, now: String, next: String
    ) throws {
        let day = try #require(CalendarDay(rawValue: lastDay))
        let time = try #require(CalendarDay(rawValue: now)).begin
        #expect(Renewal.lastDay(after: day, every: months, at: time).rawValue == next)
    }
}
