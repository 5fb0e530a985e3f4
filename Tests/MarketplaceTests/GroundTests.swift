import AWSAPI
import BourseAPI
import DataExchangeAPI
import Foundation
import Testing

@testable import Marketplace

/// The marketplace over each cloud that it can act in: the exchange's own, the same through its doors, and
/// another AWS.
@Suite(.enabled(if: MotoServer.isWanted, "moto is missing: make setup"))
struct `On any cloud, a contract` {
    private static let id = "C-1"

    /// What it comes to.
    private static func entitled(_ ground: Ground) -> Ground.World {
        Ground.World(
            filters: [
                "nav_history contract-C-1: fund_id IN ('F001', 'F002')",
                "esg_insights contract-C-1: fund_id IN ('F001', 'F002')",
            ],
            grants: [
                "DESCRIBE on nomura_data_products", "SELECT on nav_history by contract-C-1",
                "SELECT on esg_insights by contract-C-1",
            ],
            dataGrants: [
                "C-1: ESG Insights of ESG Insights to \(ground.subscriber): ACCEPTED",
                "C-1: NAV History of NAV History to \(ground.subscriber): ACCEPTED",
            ],
            links: ["external_nomura_data": "\(ground.provider.account).nomura_data_products"],
            buckets: ["athena-results-\(ground.subscriber)"])
    }

    /// What stays: the client's own.
    private static func left(_ ground: Ground) -> Ground.World {
        let entitled = entitled(ground)
        return Ground.World(links: entitled.links, buckets: entitled.buckets)
    }

    private static func record(
        _ ground: Ground, id: String = id, funds: [String] = ["F001", "F002"], days: Double = 300
    ) -> Bourse.ContractRecord {
        func day(_ days: Double) -> String {
            String(Timestamp.iso8601.text(Date() + days * 86_400).prefix(10))
        }
        return .example(
            id: id, account: ground.subscriber.rawValue, from: day(-1), until: day(days),
            funds: funds)
    }

    private static func testbed(
        _ ground: Ground, acting clouds: (any Clouds)? = nil
    ) throws -> MarketplaceTestbed {
        try MarketplaceTestbed(
            acting: clouds ?? ground.clouds, for: ground.provider, at: Date())
    }

    @Test(arguments: Ground.Kind.allCases)
    func `entitles, and takes it back`(kind: Ground.Kind) async throws {
        let ground = try await Ground.make(kind)
        let testbed = try Self.testbed(ground)
        let marketplace = try testbed.reopened()
        _ = try await marketplace.sign(Self.record(ground))
        try await marketplace.work()
        let status = try await marketplace.contract(.init(contractId: Self.id))
        #expect(status.state == .active)
        #expect(status.steps.compactMap(\.failure) == [])
        #expect(try await ground.world(of: Self.id) == Self.entitled(ground))
        // Another one of the same client, which sees all rows: what both gave stays until both end.
        _ = try await marketplace.sign(Self.record(ground, id: "C-2", funds: []))
        try await marketplace.work()
        #expect(try await marketplace.contract(.init(contractId: "C-2")).state == .active)
        let both = try await ground.world(of: Self.id, "C-2")
        #expect(both.grants.isSuperset(of: ["SELECT on nav_history", "SELECT on esg_insights"]))
        _ = try await marketplace.end(.init(contractId: "C-2"))
        try await marketplace.work()
        #expect(try await ground.world(of: Self.id, "C-2") == Self.entitled(ground))
        _ = try await marketplace.end(.init(contractId: Self.id))
        try await marketplace.work()
        #expect(try await marketplace.contract(.init(contractId: Self.id)).state == .ended)
        #expect(try await ground.world(of: Self.id) == Self.left(ground))
        try await ground.end()
    }

    /// Another AWS has no operation for it.
    @Test(arguments: [Ground.Kind.embedded, .doors])
    func `over renewed products gets its next term`(kind: Ground.Kind) async throws {
        let ground = try await Ground.make(kind)
        let (cloud, _) = ground.watchers(try #require(Contract.ID(rawValue: Self.id)))
        let tables = ["NAV History": "nav_history", "ESG Insights": "esg_insights"]
        for dataSet in try await cloud.send(DataExchange.ListDataSets()).dataSets ?? [] {
            let product = Bourse.Product(
                productId: tables[dataSet.name]?.replacing("_", with: "-") ?? "",
                title: dataSet.name, description: "", bucket: Ground.bucket,
                keyPrefixes: [Ground.products[dataSet.name] ?? ""], database: Ground.database,
                tables: [tables[dataSet.name] ?? ""], renewalMonths: 3, dataSetId: dataSet.id)
            _ = try await cloud.send(Bourse.PutProduct(product))
        }
        let marketplace = try Self.testbed(ground).reopened()
        // Its last day is today's.
        let record = Self.record(ground, days: 0)
        _ = try await marketplace.sign(record)
        try await marketplace.work()
        func ends() async throws -> Set<String> {
            let grants = try await cloud.send(DataExchange.ListDataGrants()).dataGrantSummaries
            return Set(grants?.compactMap { $0.endsAt.map(Timestamp.iso8601.text) } ?? [])
        }
        let first = try #require(CalendarDay(rawValue: record.endDate))
        #expect(try await ends() == [Timestamp.iso8601.text(first.end)])
        try await marketplace.work()
        let renewed = try await marketplace.contract(.init(contractId: Self.id))
        let next = try #require(CalendarDay(rawValue: renewed.lastDay))
        #expect(next == Renewal.lastDay(after: first, every: 3, at: Date()))
        #expect(renewed.state == .active && renewed.steps.compactMap(\.failure) == [])
        #expect(try await ends() == [Timestamp.iso8601.text(next.end)])
        #expect(try await ground.world(of: Self.id) == Self.entitled(ground))
        try await ground.end()
    }

    /// The process ends after each of its steps, and another one goes on.
    @Test(arguments: Ground.Kind.allCases)
    func `survives a crash after each step`(kind: Ground.Kind) async throws {
        let ground = try await Ground.make(kind)
        let testbed = try Self.testbed(ground)
        let id = try #require(Contract.ID(rawValue: Self.id))
        _ = try await testbed.reopened().sign(Self.record(ground))
        func takeAll() async throws -> Int {
            var taken = 0
            repeat {
                taken += 1
            } while try await testbed.reopened().takeNextStep(
                of: id, testbed.onboarding(in: ground))
            return taken
        }
        #expect(try await takeAll() == 13)
        #expect(try await ground.world(of: Self.id) == Self.entitled(ground))
        _ = try await testbed.reopened().end(.init(contractId: Self.id))
        #expect(try await takeAll() == 7)
        #expect(try await ground.world(of: Self.id) == Self.left(ground))
        try await ground.end()
    }

    /// Of each call: nothing was done, or it was and nobody heard of it.
    @Test(
        arguments: Ground.Kind.allCases, [ProviderInMemory.Failure.answerLost, .refused])
    func `survives the failure of each call`(
        kind: Ground.Kind, failure: ProviderInMemory.Failure
    ) async throws {
        let ground = try await Ground.make(kind)
        for call in 1...40 {
            let clouds = FailingClouds(ground.clouds, at: call, failure)
            let testbed = try Self.testbed(ground, acting: clouds)
            let first = try testbed.reopened()
            if (try? await first.sign(Self.record(ground))) != nil { try await first.work() }
            let second = try testbed.reopened()
            _ = try await second.sign(Self.record(ground))
            try await second.work()
            #expect(try await ground.world(of: Self.id) == Self.entitled(ground), "call \(call)")
            _ = try await second.end(.init(contractId: Self.id))
            // What fails now is taken up by the next round.
            try await second.work()
            _ = try await second.end(.init(contractId: Self.id))
            try await second.work()
            #expect(try await ground.world(of: Self.id) == Self.left(ground), "call \(call)")
        }
        try await ground.end()
    }
}

extension MarketplaceTestbed {
    fileprivate func onboarding(in ground: Ground) -> Onboarding {
        Onboarding(
            provider: ground.provider, clouds: ground.clouds, mailbox: Mailbox { _, _ in },
            place: Self.place, clock: { Date() })
    }
}
