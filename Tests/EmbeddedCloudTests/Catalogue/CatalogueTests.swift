import AWSAPI
import Foundation
import GlueAPI
import LakeFormationAPI
import Ledger
import Testing

@testable import EmbeddedCloud

@Suite struct `The data catalogue` {
    @Test func `keeps names in lower case and finds them in any`() async throws {
        let lake = try await LakeTestbed()
        try await lake.send(
            Glue.CreateTable(
                databaseName: "Nomura_Data_Products", tableInput: .example("ESG_Insights")),
            as: lake.provider)
        let found = try await lake.send(
            Glue.GetTable(databaseName: LakeTestbed.database, name: "Esg_Insights"),
            as: lake.provider)
        #expect(found.table?.name == "esg_insights")
        #expect(found.table?.versionId == "0")
        #expect(found.table?.catalogId == "111111111111")
        #expect(found.table?.isRegisteredWithLakeFormation == false)
        #expect(found.table?.createTime == LakeTestbed.now)
        let again = await lake.refusal(
            of: Glue.CreateTable(
                databaseName: LakeTestbed.database, tableInput: .example("esg_INSIGHTS")),
            as: lake.provider)
        #expect(again?.code == "AlreadyExistsException")
        try lake.remove()
    }

    @Test func `tells a stranger of a table what it tells of none`() async throws {
        let lake = try await LakeTestbed()
        for (database, table) in [(LakeTestbed.database, LakeTestbed.table), ("nowhere", "none")] {
            for caller in [lake.subscriber, lake.stranger] {
                let refusal = await lake.refusal(
                    of: Glue.GetTable(
                        databaseName: database, name: table, catalogId: "111111111111"), as: caller)
                #expect(refusal == .databaseNotFound(database))
            }
        }
        try await lake.grant([.describe], on: .nomura, to: "222222222222")
        for table in [LakeTestbed.table, "none"] {
            let refusal = await lake.refusal(
                of: Glue.GetTable(
                    databaseName: LakeTestbed.database, name: table, catalogId: "111111111111"),
                as: lake.subscriber)
            #expect(refusal == .tableNotFound(table))
        }
        try lake.remove()
    }

    @Test func `shows a subscriber the columns that it may read`() async throws {
        let lake = try await LakeTestbed()
        try await lake.link(as: "external_nomura_data")
        try await lake.grant([.select], on: .columns("fund_id", "as_of"), to: "222222222222")
        let shown = try await lake.send(
            Glue.GetTables(databaseName: "external_nomura_data"), as: lake.subscriber)
        let table = try #require(shown.tableList?.first)
        #expect(table.storageDescriptor?.columns?.map(\.name) == ["fund_id"])
        #expect(table.partitionKeys?.map(\.name) == ["as_of"])
        try lake.remove()
    }

    @Test func `is another account's to read and nobody's to write`() async throws {
        let lake = try await LakeTestbed()
        try await lake.grant([.all], on: .allTables, to: "222222222222")
        try await lake.grant([.all], on: .nomura, to: "222222222222")
        let provider = "111111111111"
        let refusals = [
            await lake.refusal(
                of: Glue.CreateTable(
                    databaseName: LakeTestbed.database, catalogId: provider,
                    tableInput: .example("x")), as: lake.subscriber),
            await lake.refusal(
                of: Glue.DeleteTable(
                    databaseName: LakeTestbed.database, name: LakeTestbed.table,
                    catalogId: provider), as: lake.subscriber),
            await lake.refusal(
                of: Glue.DeleteDatabase(name: LakeTestbed.database, catalogId: provider),
                as: lake.subscriber),
            await lake.refusal(
                of: Glue.CreateDatabase(databaseInput: .init(name: "x"), catalogId: provider),
                as: lake.subscriber),
        ]
        #expect(refusals.allSatisfy { $0?.code == "AccessDeniedException" })
        try lake.remove()
    }

    @Test func `resolves a name through one link`() async throws {
        let lake = try await LakeTestbed()
        try await lake.link(as: "External_Nomura_Data")
        try await lake.send(
            Glue.CreateDatabase(databaseInput: .init(name: "own")), as: lake.subscriber)
        for (name, target) in [("nav", LakeTestbed.table), ("broken", "none")] {
            try await lake.send(
                Glue.CreateTable(
                    databaseName: "own",
                    tableInput: .init(
                        name: name,
                        targetTable: .init(
                            catalogId: "111111111111", databaseName: LakeTestbed.database,
                            name: target))), as: lake.subscriber)
        }
        try await lake.send(
            Glue.CreateDatabase(
                databaseInput: .init(
                    name: "twice",
                    targetDatabase: .init(
                        catalogId: "222222222222", databaseName: "external_nomura_data"))),
            as: lake.subscriber)
        let catalogue = lake.cloud.state.current.catalogue
        func resolved(_ database: String, _ table: String) -> TableID? {
            catalogue.resolve(database: database, table: table, for: lake.subscriber.account)?.id
        }
        #expect(resolved("EXTERNAL_nomura_data", "NAV_HISTORY") == lake.tableID)
        #expect(resolved("own", "nav") == lake.tableID)
        #expect(resolved("own", "broken") == nil)
        #expect(resolved("twice", LakeTestbed.table) == nil)
        #expect(resolved(LakeTestbed.database, LakeTestbed.table) == nil)
        try lake.remove()
    }

    @Test func `gives its lists in pages and by pattern`() async throws {
        let lake = try await LakeTestbed()
        let names = (1...7).map { "t\($0)" }
        for name in names.shuffled() {
            try await lake.send(
                Glue.CreateTable(databaseName: LakeTestbed.database, tableInput: .example(name)),
                as: lake.provider)
        }
        var listed: [String] = []
        var token: String?
        repeat {
            let page = try await lake.send(
                Glue.GetTables(
                    databaseName: LakeTestbed.database, nextToken: token, maxResults: 3),
                as: lake.provider)
            listed += (page.tableList ?? []).map(\.name)
            token = page.nextToken
        } while token != nil
        #expect(listed == [LakeTestbed.table] + names)

        let matching = try await lake.send(
            Glue.GetTables(databaseName: LakeTestbed.database, expression: "T[2-4]"),
            as: lake.provider)
        #expect(matching.tableList?.map(\.name) == ["t2", "t3", "t4"])
        for operation in [
            Glue.GetTables(databaseName: LakeTestbed.database, expression: "(("),
            Glue.GetTables(databaseName: LakeTestbed.database, nextToken: "?"),
            Glue.GetTables(databaseName: LakeTestbed.database, maxResults: 101),
        ] {
            let refusal = await lake.refusal(of: operation, as: lake.provider)
            #expect(refusal?.code == "InvalidInputException")
        }
        try lake.remove()
    }

    @Test func `gives a table's partitions to who may read all of its rows`() async throws {
        let lake = try await LakeTestbed()
        let days = ["2024-02-16", "2024-02-17", "2024-02-18"]
        for day in days {
            try await lake.send(
                Glue.CreatePartition(
                    databaseName: LakeTestbed.database, tableName: LakeTestbed.table,
                    partitionInput: .init(values: [day])), as: lake.provider)
        }
        func partitions(_ expression: String?, as caller: Caller) async throws -> [String] {
            try await lake.send(
                Glue.GetPartitions(
                    databaseName: LakeTestbed.database, tableName: LakeTestbed.table,
                    catalogId: "111111111111", expression: expression, maxResults: 10), as: caller
            ).partitions?.compactMap { $0.values?.first } ?? []
        }
        #expect(try await partitions(nil, as: lake.provider) == days)
        #expect(
            try await partitions("as_of > '2024-02-16' AND as_of <> 'x'", as: lake.provider)
                == ["2024-02-17", "2024-02-18"])
        let twice = await lake.refusal(
            of: Glue.CreatePartition(
                databaseName: LakeTestbed.database, tableName: LakeTestbed.table,
                partitionInput: .init(values: [days[0]])), as: lake.provider)
        #expect(twice?.code == "AlreadyExistsException")

        try await lake.make(filter: "f001", "fund_id = 'F001'")
        try await lake.grant([.select], on: .filter("f001"), to: "222222222222")
        let filtered = await lake.refusal(
            of: Glue.GetPartitions(
                databaseName: LakeTestbed.database, tableName: LakeTestbed.table,
                catalogId: "111111111111"), as: lake.subscriber)
        #expect(filtered?.code == "AccessDeniedException")
        try await lake.grant([.select], on: .navHistory, to: "222222222222")
        #expect(try await partitions(nil, as: lake.subscriber) == days)
        try lake.remove()
    }

    @Test func `finds a table by where its files are, as long as they are there`() async throws {
        let lake = try await LakeTestbed()
        func tables(at uri: String) throws -> [String] {
            let location = try #require(LakeLocation(uri: uri))
            return lake.cloud.state.current.catalogue.tables(at: location).map(\.name).sorted()
        }
        func update(_ name: String, location: String?) async throws {
            var input = Glue.TableInput.example(name)
            input.storageDescriptor?.location = location
            try await lake.send(
                Glue.UpdateTable(databaseName: LakeTestbed.database, tableInput: input),
                as: lake.provider)
        }
        for name in ["esg", "risk"] {
            try await lake.send(
                Glue.CreateTable(databaseName: LakeTestbed.database, tableInput: .example(name)),
                as: lake.provider)
        }
        try await update("esg", location: "s3://lake/gold/esg/")
        try await update("risk", location: "s3a://lake/gold/esg")
        #expect(try tables(at: "s3://lake/gold/esg") == ["esg", "risk"])
        #expect(try tables(at: "s3://lake/gold") == [])
        try await update("risk", location: "s3://lake/gold/risk/")
        #expect(try tables(at: "s3://lake/gold/esg") == ["esg"])
        try await update("risk", location: nil)
        #expect(try tables(at: "s3://lake/gold/risk") == [])
        try await update("risk", location: "s3://lake/gold/risk/")
        try await lake.send(
            Glue.DeleteTable(databaseName: LakeTestbed.database, name: "esg"), as: lake.provider)
        #expect(try tables(at: "s3://lake/gold/esg") == [])
        let risk = try #require(LakeLocation(uri: "s3://lake/gold/risk"))
        let reloaded = try await lake.cloud.state.ledger.read { db in
            try CatalogueState(loading: db)
        }
        #expect(reloaded.tables(at: risk).map(\.name) == ["risk"])
        try await lake.send(Glue.DeleteDatabase(name: LakeTestbed.database), as: lake.provider)
        #expect(try tables(at: "s3://lake/gold/risk") == [])
        try lake.remove()
    }
}
