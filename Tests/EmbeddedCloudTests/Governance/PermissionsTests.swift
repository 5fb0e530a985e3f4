import AWSAPI
import Foundation
import LakeFormationAPI
import Logging
import Testing

@testable import EmbeddedCloud

@Suite struct `Lake Formation's permissions` {
    static let subscriber = "222222222222"

    /// A grant to someone, and whom of three callers it reaches: the subscriber's role, an analyst
    /// of the same account, another account's role.
    @Test(arguments: [
        ("222222222222", [true, false, false]),
        ("arn:aws:iam::222222222222:root", [true, false, false]),
        ("222222222222:IAMPrincipals", [true, true, false]),
        ("arn:aws:iam::222222222222:role/data-subscriber", [true, false, false]),
        ("arn:aws:iam::222222222222:role/analyst", [false, true, false]),
        ("333333333333", [false, false, true]),
        ("IAM_ALLOWED_PRINCIPALS", [false, false, false]),
    ])
    func `reach whom they name`(_ principal: String, _ reached: [Bool]) async throws {
        let lake = try await LakeTestbed()
        try await lake.grant([.select], on: .navHistory, to: principal)
        let analyst = try Caller.session(Self.subscriber, role: "analyst")
        let whole = TableAccess.whole(["fund_id", "nav_date", "nav", "as_of"])
        for (caller, isReached) in zip([lake.subscriber, analyst, lake.stranger], reached) {
            #expect(lake.access(of: caller) == (isReached ? whole : nil))
        }
        #expect(lake.access(of: lake.provider) == whole)
        #expect(lake.access(of: lake.cloud.anonymousCaller) == nil)
        try lake.remove()
    }

    @Test(arguments: [
        "", "22222222222", "arn:aws:iam::222222222222:role/", "arn:aws:iam::222222222222:group/x",
        "arn:aws:sts::222222222222:assumed-role/data-subscriber/s", "everyone",
        "222222222222:other",
        "arn:aws:organizations::111111111111:organization/o-1", "arn:aws:iam::22:role/x",
    ])
    func `are granted to nobody that the exchange does not know`(_ principal: String) async throws {
        #expect(Grantee(principal) == nil)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var name: String
        var permissions: [LakeFormation.Permission]
        var grantable: [LakeFormation.Permission]?
        var resource: LakeFormation.Resource
        var code = "InvalidInputException"

        var testDescription: String { name }
    }

    @Test(arguments: [
        Refused(name: "SELECT on a database", permissions: [.select], resource: .nomura),
        Refused(name: "DESCRIBE on columns", permissions: [.describe], resource: .columns("nav")),
        Refused(name: "no permission", permissions: [], resource: .navHistory),
        Refused(
            name: "more with the grant option", permissions: [.describe], grantable: [.select],
            resource: .navHistory),
        Refused(
            name: "an unknown table", permissions: [.select],
            resource: .init(table: .init(databaseName: LakeTestbed.database, name: "other")),
            code: "EntityNotFoundException"),
        Refused(
            name: "an unknown database", permissions: [.describe],
            resource: .init(database: .init(name: "other")), code: "EntityNotFoundException"),
        Refused(name: "an unknown column", permissions: [.select], resource: .columns("nope")),
        Refused(
            name: "an unknown filter", permissions: [.select], resource: .filter("nope"),
            code: "EntityNotFoundException"),
        Refused(name: "nothing at all", permissions: [.select], resource: .init()),
        Refused(
            name: "two resources", permissions: [.describe],
            resource: .init(database: .init(name: "a"), table: .init(databaseName: "a", name: "b"))),
        Refused(
            name: "excluded columns with the grant option", permissions: [.select],
            grantable: [.select],
            resource: .init(
                tableWithColumns: .init(
                    databaseName: LakeTestbed.database, name: LakeTestbed.table,
                    columnWildcard: .init(excludedColumnNames: ["nav"])))),
        Refused(
            name: "a location to another account", permissions: [.dataLocationAccess],
            resource: .init(dataLocation: .init(resourceArn: "arn:aws:s3:::nomura-data-lake"))),
        Refused(
            name: "an LF-Tag", permissions: [.describe],
            resource: .init(lfTag: .init(tagKey: "a", tagValues: ["b"]))),
        Refused(
            name: "another account's table", permissions: [.select],
            resource: .init(
                table: .init(databaseName: "a", catalogId: "333333333333", name: "b")),
            code: "AccessDeniedException"),
    ])
    func `are refused where they would mean nothing`(_ row: Refused) async throws {
        let lake = try await LakeTestbed()
        let refusal = await lake.refusal(
            of: LakeFormation.GrantPermissions(
                principal: .init(dataLakePrincipalIdentifier: Self.subscriber),
                resource: row.resource, permissions: row.permissions,
                permissionsWithGrantOption: row.grantable), as: lake.provider)
        #expect(refusal?.code == row.code)
        #expect(refusal?.status == 400)
        try lake.remove()
    }

    /// Terraform revokes until it is told, in these words, that nothing is left.
    @Test func `are revoked once, and say so the second time`() async throws {
        let lake = try await LakeTestbed()
        try await lake.grant([.select, .describe], on: .navHistory, to: Self.subscriber)
        #expect(
            await lake.revoke([.select, .describe], on: .navHistory, from: Self.subscriber) == nil)
        #expect(lake.access(of: lake.subscriber) == nil)
        let again = await lake.revoke([.select, .describe], on: .navHistory, from: Self.subscriber)
        #expect(again?.code == "InvalidInputException")
        #expect(again?.message.hasPrefix("No permissions revoked. Grantee has no") == true)
        try lake.remove()
    }

    @Test func `on columns are held one by one`() async throws {
        let lake = try await LakeTestbed()
        try await lake.grant([.select], on: .columns("fund_id", "nav"), to: Self.subscriber)
        try await lake.grant([.select], on: .columns("nav", "as_of"), to: Self.subscriber)
        #expect(await lake.revoke([.select], on: .columns("nav"), from: Self.subscriber) == nil)
        #expect(lake.access(of: lake.subscriber)?.columns.map(\.name) == ["fund_id", "as_of"])
        #expect(await lake.revoke([.select], on: .navHistory, from: Self.subscriber) != nil)
        try lake.remove()
    }

    @Test func `on all tables count for each, also for one made later`() async throws {
        let lake = try await LakeTestbed()
        try await lake.grant([.all], on: .allTables, to: Self.subscriber)
        try await lake.replaceTable()
        #expect(lake.access(of: lake.subscriber) != nil)
        try lake.remove()
    }

    @Test func `through a filter show its rows and columns until they are revoked`() async throws {
        let lake = try await LakeTestbed()
        try await lake.make(filter: "f001", "fund_id = 'F001'")
        try await lake.grant([.select], on: .filter("f001"), to: Self.subscriber)
        let access = try #require(lake.access(of: lake.subscriber))
        #expect(access.rows?.sql == #"TRY_CAST("fund_id" AS VARCHAR) = 'F001'"#)
        #expect(access.columns.map(\.name) == ["fund_id", "nav_date", "as_of"])

        #expect(await lake.delete(filter: "f001")?.code == "InvalidInputException")
        #expect(await lake.revoke([.select], on: .filter("f001"), from: Self.subscriber) == nil)
        #expect(lake.access(of: lake.subscriber) == nil)
        #expect(await lake.delete(filter: "f001") == nil)
        #expect(await lake.delete(filter: "f001")?.code == "EntityNotFoundException")
        try lake.remove()
    }

    @Test func `survive a restart, filters too`() async throws {
        let (root, access, list) = try await Self.closedLake()
        let lake = try await LakeTestbed(in: root)
        #expect(access?.rows != nil)
        #expect(lake.access(of: lake.subscriber) == access)
        #expect(try await lake.list() == list)
        try lake.remove()
    }

    /// A lake with grants, closed and let go of.
    private static func closedLake() async throws -> (URL, TableAccess?, [String]) {
        let lake = try await LakeTestbed()
        try await lake.make(filter: "f001", "fund_id = 'F001' AND nav > 1.5")
        try await lake.grant([.select], on: .filter("f001"), to: subscriber)
        try await lake.grant(
            [.select], on: .columns("fund_id"), to: "333333333333", withGrantOption: [.select])
        let access = lake.access(of: lake.subscriber)
        let list = try await lake.list()
        try await lake.cloud.close()
        return (lake.root, access, list)
    }

    @Test func `go with the table, and do not come back with its name`() async throws {
        let lake = try await LakeTestbed()
        try await lake.make(filter: "f001", "fund_id = 'F001'")
        try await lake.grant([.select], on: .filter("f001"), to: Self.subscriber)
        try await lake.grant([.select], on: .navHistory, to: Self.subscriber)
        try await lake.replaceTable()
        #expect(lake.access(of: lake.subscriber) == nil)
        #expect(try await lake.list().isEmpty)
        #expect(await lake.delete(filter: "f001")?.code == "EntityNotFoundException")
        try lake.remove()
    }

    @Test func `are listed as Lake Formation lists them`() async throws {
        let lake = try await LakeTestbed()
        try await lake.grant([.describe], on: .nomura, to: Self.subscriber)
        try await lake.grant(
            [.select, .describe], on: .navHistory, to: "arn:aws:iam::222222222222:root",
            withGrantOption: [.select])
        try await lake.grant([.select], on: .allTables, to: "333333333333")
        #expect(
            try await lake.list() == [
                "222222222222 Database DESCRIBE",
                "222222222222 Table(nav_history) DESCRIBE",
                "222222222222 TableWithColumns(nav_history, all) SELECT with SELECT",
                "333333333333 TableWithColumns(ALL_TABLES, all) SELECT",
            ])
        #expect(
            try await lake.list(of: Self.subscriber, on: .navHistory) == [
                "222222222222 Table(nav_history) DESCRIBE",
                "222222222222 TableWithColumns(nav_history, all) SELECT with SELECT",
            ])
        #expect(
            try await lake.list(of: "333333333333", on: .navHistory) == [
                "333333333333 TableWithColumns(ALL_TABLES, all) SELECT"
            ])
        let alone = await lake.refusal(
            of: LakeFormation.ListPermissions(
                principal: .init(dataLakePrincipalIdentifier: Self.subscriber)), as: lake.provider)
        #expect(alone?.message == "Resource is mandatory if Principal is set in the input.")
        try lake.remove()
    }

    @Test func `of others are not listed to a subscriber`() async throws {
        let lake = try await LakeTestbed()
        try await lake.grant([.describe], on: .nomura, to: Self.subscriber)
        try await lake.grant([.describe], on: .nomura, to: "333333333333")
        #expect(try await lake.list(as: lake.subscriber) == ["222222222222 Database DESCRIBE"])
        try lake.remove()
    }

    @Test func `are passed on within the account, and fall with what they came from`() async throws
    {
        let lake = try await LakeTestbed()
        let analyst = try Caller.session(Self.subscriber, role: "analyst")
        let role = "arn:aws:iam::222222222222:role/analyst"
        func passOn(_ resource: LakeFormation.Resource, to principal: String) async -> AWSError? {
            await lake.pass(on: resource, to: principal, as: lake.subscriber)
        }
        try await lake.grant([.select], on: .columns("nav"), to: Self.subscriber)
        #expect(await passOn(.columns("nav"), to: role) == .lakeAccessDenied)

        try await lake.grant(
            [.select], on: .columns("fund_id", "nav"), to: Self.subscriber,
            withGrantOption: [.select])
        #expect(await passOn(.columns("nav"), to: role) == nil)
        #expect(await passOn(.columns("as_of"), to: role) == .lakeAccessDenied)
        #expect(await passOn(.navHistory, to: role) == .lakeAccessDenied)
        #expect(await passOn(.columns("nav"), to: "333333333333") == .lakeAccessDenied)
        #expect(lake.access(of: analyst)?.columns.map(\.name) == ["nav"])

        #expect(await lake.revoke([.select], on: .columns("nav"), from: Self.subscriber) == nil)
        #expect(lake.access(of: analyst) == nil)
        #expect(lake.access(of: lake.subscriber)?.columns.map(\.name) == ["fund_id"])
        try lake.remove()
    }

    @Test func `come with new tables where the settings say so`() async throws {
        let lake = try await LakeTestbed()
        try await lake.send(
            LakeFormation.PutDataLakeSettings(
                dataLakeSettings: .init(
                    createDatabaseDefaultPermissions: [
                        .init(
                            principal: .init(dataLakePrincipalIdentifier: "IAM_ALLOWED_PRINCIPALS"),
                            permissions: [.all])
                    ])), as: lake.provider)
        try await lake.makeDatabase("later")
        #expect(try await lake.list() == ["IAM_ALLOWED_PRINCIPALS Database ALL"])
        // The administrator could write itself back at any time, so it stays one.
        try await lake.grant([.describe], on: .nomura, to: Self.subscriber)
        try lake.remove()
    }
}
