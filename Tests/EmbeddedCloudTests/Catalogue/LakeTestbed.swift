import AWSAPI
import BourseAPI
import Foundation
import GlueAPI
import LakeFormationAPI
import Logging
import Testing

@testable import EmbeddedCloud

/// An exchange with a provider's table, in a directory of the test's own, and callers of three
/// accounts.
final class LakeTestbed: Sendable {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)
    static let database = "nomura_data_products"
    static let table = "nav_history"

    let root: URL
    let cloud: EmbeddedCloud
    let provider: Caller
    let subscriber: Caller
    let stranger: Caller

    /// - Parameter root: An earlier testbed's, closed: to go on where it stopped.
    init(in root: URL? = nil) async throws {
        self.root =
            root
            ?? FileManager.default.temporaryDirectory.appending(path: "lake-\(UUID().uuidString)")
        let directory = DataDirectory(self.root.path())
        provider = try .administrator("111111111111")
        subscriber = try .session("222222222222")
        stranger = try .session("333333333333")
        if root == nil {
            try EmbeddedCloud.create(
                in: directory, account: provider.account, region: "us-east-1", name: "Provider",
                at: Self.now)
        }
        cloud = try await EmbeddedCloud(
            opening: directory, queryWorker: QueryWorkerProgram(executable: "/bin/false"),
            reading: { _, _ in throw CancellationError() },
            log: Logger(label: "test"), clock: { Self.now })
        if root == nil { try await furnish() }
    }

    private func furnish() async throws {
        try await send(
            Glue.CreateDatabase(databaseInput: .init(name: Self.database)), as: provider)
        try await send(
            Glue.CreateTable(
                databaseName: Self.database, tableInput: .example(Self.table)), as: provider)
    }

    func remove() throws { try FileManager.default.removeItem(at: root) }

    @discardableResult
    func send<Operation: AWSOperation>(
        _ operation: Operation, as caller: Caller
    ) async throws(AWSError) -> Operation.Response {
        try await cloud.send(operation, in: call(caller))
    }

    func call(_ caller: Caller) -> Call {
        Call(
            caller: caller,
            origin: .init(
                requestID: UUID(), sourceAddress: "127.0.0.1", userAgent: nil, endpoint: ""),
            time: Self.now)
    }

    /// The refusal of an operation: code and message. Nil if it is not refused.
    func refusal(of operation: some AWSOperation, as caller: Caller) async -> AWSError? {
        do throws(AWSError) {
            try await send(operation, as: caller)
            return nil
        } catch {
            return error
        }
    }

    func grant(
        _ permissions: [LakeFormation.Permission], on resource: LakeFormation.Resource,
        to principal: String, withGrantOption: [LakeFormation.Permission]? = nil
    ) async throws {
        try await send(
            LakeFormation.GrantPermissions(
                principal: .init(dataLakePrincipalIdentifier: principal), resource: resource,
                permissions: permissions, permissionsWithGrantOption: withGrantOption),
            as: provider)
    }

    func revoke(
        _ permissions: [LakeFormation.Permission], on resource: LakeFormation.Resource,
        from principal: String
    ) async -> AWSError? {
        await refusal(
            of: LakeFormation.RevokePermissions(
                principal: .init(dataLakePrincipalIdentifier: principal), resource: resource,
                permissions: permissions), as: provider)
    }

    func access(of caller: Caller) -> TableAccess? {
        access(of: caller, at: Self.now)
    }

    func access(of caller: Caller, at time: Date) -> TableAccess? {
        cloud.state.current.access(
            of: caller, to: tableID, columns: ["fund_id", "nav_date", "nav", "as_of"], at: time)
    }

    var tableID: TableID {
        TableID(catalog: provider.account, database: Self.database, name: Self.table)
    }

    /// Gives the database's name in the provider's catalogue a name in the subscriber's.
    func link(as name: String) async throws {
        try await send(
            Glue.CreateDatabase(
                databaseInput: .init(
                    name: name,
                    targetDatabase: .init(
                        catalogId: provider.account.rawValue, databaseName: Self.database))),
            as: subscriber)
    }
}

extension LakeFormation.Resource {
    static let nomura = Self(database: .init(name: LakeTestbed.database))
    static let allTables = Self(
        table: .init(databaseName: LakeTestbed.database, tableWildcard: .init()))
    static let navHistory = Self(
        table: .init(databaseName: LakeTestbed.database, name: LakeTestbed.table))

    static func columns(_ names: String...) -> Self {
        Self(
            tableWithColumns: .init(
                databaseName: LakeTestbed.database, name: LakeTestbed.table, columnNames: names))
    }

    static func filter(_ name: String) -> Self {
        Self(
            dataCellsFilter: .init(
                databaseName: LakeTestbed.database, tableName: LakeTestbed.table, name: name))
    }
}

extension Glue.TableInput {
    static func example(_ name: String) -> Self {
        Self(
            name: name,
            storageDescriptor: .init(
                columns: [
                    .init(name: "fund_id", type: "string"), .init(name: "nav_date", type: "date"),
                    .init(name: "nav", type: "decimal(18,4)"),
                ],
                location: "s3://nomura-data-lake/gold/nav/daily/"),
            partitionKeys: [.init(name: "as_of", type: "string")], tableType: "EXTERNAL_TABLE")
    }
}

extension Caller {
    static func administrator(_ account: String) throws -> Caller {
        Caller(
            account: try #require(AccountID(rawValue: account)),
            kind: .user(name: EmbeddedCloud.administratorName), accessKeyID: "A")
    }

    static func session(
        _ account: String, role: String = BuiltInRole.dataSubscriber
    ) throws -> Caller {
        Caller(
            account: try #require(AccountID(rawValue: account)),
            kind: .session(role: role, name: "s", issuedAt: LakeTestbed.now), accessKeyID: "B")
    }
}
