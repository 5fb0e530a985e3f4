import AWSAPI
import Foundation
import GlueAPI
import LakeFormationAPI
import Testing

@testable import EmbeddedCloud

@Suite struct `LF-Tags` {
    static let subscriber = "222222222222"
    static let columns = ["fund_id", "nav_date", "nav", "as_of"]

    @Test func `come from the database, the table and the column, the nearest one in force`()
        async throws
    {
        let lake = try await LakeTestbed()
        try await lake.make(tag: "Product", ["ESG", "Core", "internal"])
        try await lake.grant(
            [.select, .describe], on: .tagged(.table, ["product": ["esg"]]), to: Self.subscriber)
        #expect(lake.access(of: lake.subscriber) == nil)
        #expect(await lake.refusal(of: lake.getTable, as: lake.subscriber) != nil)

        try await lake.tag(.nomura, "product", "esg")
        #expect(lake.access(of: lake.subscriber) == .whole(Self.columns))
        #expect(lake.access(of: lake.stranger) == nil)
        #expect(await lake.refusal(of: lake.getTable, as: lake.subscriber) == nil)

        try await lake.tag(.columns("nav"), "PRODUCT", "internal")
        #expect(lake.access(of: lake.subscriber) == .whole(["fund_id", "nav_date", "as_of"]))
        let table = try await lake.send(lake.getTable, as: lake.subscriber).table
        #expect(
            table?.storageDescriptor?.columns?.map(\.name) == ["fund_id", "nav_date"])

        try await lake.tag(.navHistory, "product", "core")
        #expect(lake.access(of: lake.subscriber) == nil)
        try await lake.tag(.columns("nav"), "product", "esg")
        #expect(lake.access(of: lake.subscriber) == .whole(["nav"]))

        let shown = try await lake.send(
            LakeFormation.GetResourceLFTags(resource: .navHistory), as: lake.provider)
        #expect(shown.lfTagOnDatabase?.map(\.tagValues) == [["esg"]])
        #expect(shown.lfTagsOnTable?.map(\.tagValues) == [["core"]])
        #expect(shown.lfTagsOnColumns?.map(\.name) == ["nav"])
        try lake.remove()
    }

    @Test func `on a database show the database, and none of its tables`() async throws {
        let lake = try await LakeTestbed()
        try await lake.make(tag: "product", ["esg"])
        try await lake.tag(.nomura, "product", "esg")
        try await lake.grant(
            [.describe], on: .tagged(.database, ["product": ["esg"]]), to: Self.subscriber)
        let catalog = lake.provider.account.rawValue
        let database = try await lake.send(
            Glue.GetDatabase(name: LakeTestbed.database, catalogId: catalog), as: lake.subscriber)
        #expect(database.database?.name == LakeTestbed.database)
        let tables = try await lake.send(
            Glue.GetTables(databaseName: LakeTestbed.database, catalogId: catalog),
            as: lake.subscriber)
        #expect(tables.tableList?.isEmpty == true && lake.access(of: lake.subscriber) == nil)
        try lake.remove()
    }

    @Test func `survive a restart, and go with what they are on`() async throws {
        let lake = try await LakeTestbed(in: Self.closedLake())
        #expect(lake.access(of: lake.subscriber) == .whole(["nav"]))
        let listed = try await lake.send(
            LakeFormation.ListPermissions(
                principal: .init(dataLakePrincipalIdentifier: Self.subscriber),
                resource: .navHistory), as: lake.provider)
        #expect(
            listed.principalResourcePermissions?.map {
                $0.resource?.lfTagPolicy?.expression?.map(\.tagValues)
            } == [[["core", "esg"]]])

        try await lake.replaceTable()
        #expect(lake.access(of: lake.subscriber) == nil)
        #expect(lake.cloud.state.current.governance.tagged.isEmpty)

        try await lake.tag(.navHistory, "product", "core")
        #expect(lake.access(of: lake.subscriber) == .whole(Self.columns))
        try await lake.send(LakeFormation.DeleteLFTag(tagKey: "product"), as: lake.provider)
        try await lake.make(tag: "product", ["esg", "core"])
        try await lake.tag(.navHistory, "product", "core")
        #expect(lake.access(of: lake.subscriber) == nil)
        #expect(lake.cloud.state.current.governance.grants.isEmpty)
        try lake.remove()
    }

    @Test func `show names of columns that are tagged so, to whom no data are granted`()
        async throws
    {
        let lake = try await LakeTestbed()
        try await lake.make(tag: "product", ["esg", "internal"])
        try await lake.grant(
            [.describe], on: .tagged(.table, ["product": ["esg"]]), to: Self.subscriber)
        func shown() async throws -> [String]? {
            try await lake.send(lake.getTable, as: lake.subscriber).table?.storageDescriptor?
                .columns?.map(\.name)
        }
        try await lake.tag(.columns("nav"), "product", "esg")
        #expect(try await shown() == ["nav"] && lake.access(of: lake.subscriber) == nil)
        try await lake.tag(.navHistory, "product", "esg")
        try await lake.tag(.columns("fund_id"), "product", "internal")
        #expect(try await shown() == ["nav_date", "nav"])
        try await lake.grant([.describe], on: .navHistory, to: Self.subscriber)
        #expect(try await shown() == ["fund_id", "nav_date", "nav"])
        let catalog = lake.provider.account.rawValue
        for caller in [lake.subscriber, lake.stranger] {
            let listed = try await lake.send(Glue.GetDatabases(catalogId: catalog), as: caller)
            let isSeen =
                await lake.refusal(
                    of: Glue.GetDatabase(name: LakeTestbed.database, catalogId: catalog), as: caller
                )
                == nil
            #expect(listed.databaseList.isEmpty != isSeen)
        }
        try lake.remove()
    }

    @Test func `keep values by which something is granted`() async throws {
        let lake = try await LakeTestbed()
        try await lake.make(tag: "product", ["esg", "core"])
        let granted = LakeFormation.Resource.tagged(.table, ["product": ["esg"]])
        try await lake.grant([.select], on: granted, to: Self.subscriber)
        func remove(_ value: String) async -> String? {
            await lake.refusal(
                of: LakeFormation.UpdateLFTag(
                    tagKey: "product", tagValuesToDelete: [value], tagValuesToAdd: ["next"]),
                as: lake.provider)?.code
        }
        #expect(await remove("core") == nil)
        #expect(await remove("esg") == "InvalidInputException")
        #expect(await lake.revoke([.select], on: granted, from: Self.subscriber) == nil)
        #expect(await remove("esg") == nil)
        try lake.remove()
    }

    @Test func `of a column go with the column`() async throws {
        let lake = try await LakeTestbed()
        try await lake.make(tag: "product", ["esg"])
        try await lake.tag(.columns("nav", "fund_id"), "product", "esg")
        try await lake.grant(
            [.select], on: .tagged(.table, ["product": ["esg"]]), to: Self.subscriber)
        #expect(lake.access(of: lake.subscriber) == .whole(["fund_id", "nav"]))
        var input = Glue.TableInput.example(LakeTestbed.table)
        input.storageDescriptor?.columns?.removeAll { $0.name == "nav" }
        for input in [input, .example(LakeTestbed.table)] {
            try await lake.send(
                Glue.UpdateTable(databaseName: LakeTestbed.database, tableInput: input),
                as: lake.provider)
        }
        #expect(lake.access(of: lake.subscriber) == .whole(["fund_id"]))
        try lake.remove()
    }

    /// A lake with tags and a grant, closed and let go of.
    private static func closedLake() async throws -> URL {
        let lake = try await LakeTestbed()
        try await lake.make(tag: "product", ["esg", "core"])
        try await lake.tag(.columns("nav"), "product", "esg")
        try await lake.grant(
            [.select], on: .tagged(.table, ["product": ["esg", "core"]]), to: subscriber)
        try await lake.cloud.close()
        return lake.root
    }

    /// Random tags and policies against what a reader of the guide would say, column by column.
    @Test func `show what a column's tags say`() async throws {
        let lake = try await LakeTestbed()
        let empty = lake.cloud.state.current.governance
        for seed in 0..<UInt64(200) {
            var numbers = SplitMix(state: seed)
            try check(empty, of: lake.tableID, &numbers)
        }
        try lake.remove()
    }

    private func check(
        _ empty: GovernanceState, of table: TableID, _ numbers: inout SplitMix
    ) throws {
        let (keys, values) = (["product", "region"], ["a", "b", "c"])
        func tags() -> [String: String] {
            var tags: [String: String] = [:]
            for key in keys where Bool.random(using: &numbers) {
                tags[key] = values.randomElement(using: &numbers)
            }
            return tags
        }
        var governance = empty
        let (ofDatabase, ofTable) = (tags(), tags())
        var ofColumns: [String: [String: String]] = [:]
        for column in Self.columns where Bool.random(using: &numbers) {
            ofColumns[column] = tags()
        }
        governance.insert(.init(ofDatabase, on: .database(table.databaseID)))
        governance.insert(.init(ofTable, on: .table(table)))
        for (column, tags) in ofColumns {
            governance.insert(.init(tags, on: .column(table, column)))
        }
        for _ in 0..<10 {
            var wanted: [String: [String]] = [:]
            for key in keys where wanted.isEmpty || Bool.random(using: &numbers) {
                let count = Int.random(in: 1...2, using: &numbers)
                wanted[key] = Array(values.shuffled(using: &numbers).prefix(count))
            }
            let policy = TagPolicy(
                catalog: table.catalog, kind: .tables,
                expression: try TagExpression(wanted.map { ($0.key, $0.value) }))
            let expected = Self.columns.filter { column in
                wanted.allSatisfy { key, values in
                    let tag = ofColumns[column]?[key] ?? ofTable[key] ?? ofDatabase[key]
                    return tag.map(values.contains) ?? false
                }
            }
            let grant = Grant(
                grantee: .account(table.catalog), resource: .init(subject: .tagged(policy)),
                permissions: [.select], grantable: [], grantor: table.catalog,
                updatedAt: LakeTestbed.now, updatedBy: "")
            let access: TableAccess? =
                switch governance.data(shownBy: grant, of: table) {
                case .none: nil
                case .all: .whole(Self.columns)
                case .part(let select): TableAccess(adding: [select], columns: Self.columns)
                }
            let isAsExpected = access == (expected.isEmpty ? nil : .whole(expected))
            let isKept = TagExpression(text: policy.expression.text) == policy.expression
            #expect(isAsExpected && isKept, "\(policy) shows \(String(describing: access))")
        }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var name: String
        var code: String
        var send: @Sendable (LakeTestbed) async -> AWSError?

        var testDescription: String { name }
    }

    @Test(arguments: [
        Refused(name: "a tag twice", code: "InvalidInputException") {
            await $0.refusal(
                of: LakeFormation.CreateLFTag(tagKey: "PRODUCT", tagValues: ["x"]), as: $0.provider)
        },
        Refused(name: "a tag without values", code: "InvalidInputException") {
            await $0.refusal(
                of: LakeFormation.CreateLFTag(tagKey: "region", tagValues: []), as: $0.provider)
        },
        Refused(name: "a key with a quote", code: "InvalidInputException") {
            await $0.refusal(
                of: LakeFormation.CreateLFTag(tagKey: "a'b", tagValues: ["x"]), as: $0.provider)
        },
        Refused(name: "an unknown tag", code: "EntityNotFoundException") {
            await $0.refusal(of: LakeFormation.GetLFTag(tagKey: "region"), as: $0.provider)
        },
        Refused(name: "another account's tags", code: "AccessDeniedException") {
            await $0.refusal(
                of: LakeFormation.ListLFTags(catalogId: "111111111111"), as: $0.subscriber)
        },
        Refused(name: "a value that something has", code: "InvalidInputException") {
            await $0.refusal(
                of: LakeFormation.UpdateLFTag(tagKey: "product", tagValuesToDelete: ["esg"]),
                as: $0.provider)
        },
        Refused(name: "a value that it has not", code: "EntityNotFoundException") {
            await $0.refusal(
                of: LakeFormation.UpdateLFTag(tagKey: "product", tagValuesToDelete: ["x"]),
                as: $0.provider)
        },
        Refused(name: "an update of nothing", code: "InvalidInputException") {
            await $0.refusal(of: LakeFormation.UpdateLFTag(tagKey: "product"), as: $0.provider)
        },
        Refused(name: "a tag on a column that is not there", code: "EntityNotFoundException") {
            await $0.refusal(
                of: LakeFormation.AddLFTagsToResource(
                    resource: .columns("x"),
                    lfTags: [.init(tagKey: "product", tagValues: ["esg"])]), as: $0.provider)
        },
        Refused(name: "a tag on all columns by a wildcard", code: "InvalidInputException") {
            await $0.refusal(
                of: LakeFormation.AddLFTagsToResource(
                    resource: .init(
                        tableWithColumns: .init(
                            databaseName: LakeTestbed.database, name: LakeTestbed.table,
                            columnWildcard: .init())),
                    lfTags: [.init(tagKey: "product", tagValues: ["esg"])]), as: $0.provider)
        },
        Refused(name: "a tag of another catalogue", code: "InvalidInputException") {
            await $0.refusal(
                of: LakeFormation.AddLFTagsToResource(
                    resource: .init(database: .init(name: "d", catalogId: "222222222222")),
                    lfTags: [.init(tagKey: "product", tagValues: ["esg"])]), as: $0.provider)
        },
        Refused(name: "a tag on every table", code: "InvalidInputException") {
            await $0.refusal(
                of: LakeFormation.AddLFTagsToResource(
                    resource: .allTables,
                    lfTags: [.init(tagKey: "product", tagValues: ["esg"])]), as: $0.provider)
        },
        Refused(name: "a grant on an unknown value", code: "EntityNotFoundException") {
            await $0.refusal(
                of: LakeFormation.GrantPermissions(
                    principal: .init(dataLakePrincipalIdentifier: subscriber),
                    resource: .tagged(.table, ["product": ["x"]]), permissions: [.select]),
                as: $0.provider)
        },
        Refused(name: "SELECT on databases", code: "InvalidInputException") {
            await $0.refusal(
                of: LakeFormation.GrantPermissions(
                    principal: .init(dataLakePrincipalIdentifier: subscriber),
                    resource: .tagged(.database, ["product": ["esg"]]), permissions: [.select]),
                as: $0.provider)
        },
        Refused(name: "a grant on the tag itself", code: "InvalidInputException") {
            await $0.refusal(
                of: LakeFormation.GrantPermissions(
                    principal: .init(dataLakePrincipalIdentifier: subscriber),
                    resource: .init(lfTag: .init(tagKey: "product", tagValues: ["esg"])),
                    permissions: [.describe]),
                as: $0.provider)
        },
    ])
    func `are refused where they make no sense, and nothing changes`(_ refused: Refused)
        async throws
    {
        let lake = try await LakeTestbed()
        try await lake.make(tag: "product", ["esg", "core"])
        try await lake.tag(.columns("nav"), "product", "esg")
        let before = lake.cloud.state.current.governance
        #expect(await refused.send(lake)?.code == refused.code)
        let after = lake.cloud.state.current.governance
        #expect(after.tags == before.tags && after.grants.isEmpty)
        #expect(after.generation == before.generation)
        try lake.remove()
    }

    @Test func `that cannot be given are named, and the others are given`() async throws {
        let lake = try await LakeTestbed()
        try await lake.make(tag: "product", ["esg"])
        let given = try await lake.send(
            LakeFormation.AddLFTagsToResource(
                resource: .navHistory,
                lfTags: [
                    .init(tagKey: "product", tagValues: ["esg"]),
                    .init(tagKey: "region", tagValues: ["emea"]),
                    .init(tagKey: "product", tagValues: ["core"]),
                ]), as: lake.provider)
        #expect(given.failures?.map { $0.lfTag?.tagKey } == ["region", "product"])
        let found = try await lake.send(
            LakeFormation.SearchTablesByLFTags(
                expression: [.init(tagKey: "product", tagValues: ["esg"])]), as: lake.provider)
        #expect(found.tableList?.map { $0.table?.name } == [LakeTestbed.table])

        let taken = try await lake.send(
            LakeFormation.RemoveLFTagsFromResource(
                resource: .navHistory,
                lfTags: [
                    .init(tagKey: "product", tagValues: ["esg"]),
                    .init(tagKey: "product", tagValues: ["esg"]),
                ]), as: lake.provider)
        #expect(taken.failures?.map { $0.error?.errorCode } == ["EntityNotFoundException"])
        #expect(lake.cloud.state.current.governance.tagged.isEmpty)
        try lake.remove()
    }
}

extension LakeTestbed {
    fileprivate var getTable: Glue.GetTable {
        Glue.GetTable(
            databaseName: Self.database, name: Self.table, catalogId: provider.account.rawValue)
    }

    fileprivate func make(tag key: String, _ values: [String]) async throws {
        try await send(LakeFormation.CreateLFTag(tagKey: key, tagValues: values), as: provider)
    }

    fileprivate func tag(
        _ resource: LakeFormation.Resource, _ key: String, _ value: String
    ) async throws {
        let answer = try await send(
            LakeFormation.AddLFTagsToResource(
                resource: resource, lfTags: [.init(tagKey: key, tagValues: [value])]),
            as: provider)
        #expect(answer.failures?.isEmpty == true)
    }
}

extension LakeFormation.Resource {
    fileprivate static func tagged(
        _ type: LakeFormation.ResourceType, _ tags: [String: [String]]
    ) -> Self {
        Self(
            lfTagPolicy: .init(
                resourceType: type,
                expression: tags.sorted { $0.key < $1.key }.map {
                    .init(tagKey: $0.key, tagValues: $0.value)
                }))
    }
}
