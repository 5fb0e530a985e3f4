import AWSAPI
import GlueAPI
import LakeFormationAPI
import Logging

@testable import EmbeddedCloud

extension LakeTestbed {
    /// A filter of every column but `nav`.
    func make(filter name: String, _ expression: String) async throws {
        try await send(
            LakeFormation.CreateDataCellsFilter(
                tableData: .init(
                    tableCatalogId: provider.account.rawValue, databaseName: Self.database,
                    tableName: Self.table, name: name,
                    rowFilter: .init(filterExpression: expression),
                    columnWildcard: .init(excludedColumnNames: ["nav"]))), as: provider)
    }

    func delete(filter name: String) async -> AWSError? {
        await refusal(
            of: LakeFormation.DeleteDataCellsFilter(
                tableCatalogId: provider.account.rawValue, databaseName: Self.database,
                tableName: Self.table, name: name), as: provider)
    }

    /// Grants as a caller whose role's policy would not let it: the room's own answer.
    func pass(
        on resource: LakeFormation.Resource, to principal: String, as caller: Caller
    ) async -> AWSError? {
        let operation = LakeFormation.GrantPermissions(
            principal: .init(dataLakePrincipalIdentifier: principal), resource: resource,
            permissions: [.select], catalogId: provider.account.rawValue)
        let call = call(caller)
        let event = AuditEvent(of: operation, in: call, region: cloud.region)
        do {
            _ = try await Permissions(state: cloud.state, log: Logger(label: "test"))
                .grantPermissions(operation, Request(call: call, event: event))
            return nil
        } catch {
            return error as? AWSError
        }
    }

    /// What is listed, a line for each entry.
    func list(
        of principal: String? = nil, on resource: LakeFormation.Resource? = nil,
        as caller: Caller? = nil
    ) async throws -> [String] {
        let answer = try await send(
            LakeFormation.ListPermissions(
                principal: principal.map { .init(dataLakePrincipalIdentifier: $0) },
                resource: resource),
            as: caller ?? provider)
        return (answer.principalResourcePermissions ?? []).map { entry in
            func words(_ permissions: [LakeFormation.Permission]?) -> String {
                (permissions ?? []).map(\.rawValue).joined(separator: " ")
            }
            let option = words(entry.permissionsWithGrantOption)
            return [
                entry.principal?.dataLakePrincipalIdentifier ?? "", entry.resource?.words ?? "",
                words(entry.permissions) + (option.isEmpty ? "" : " with \(option)"),
            ].joined(separator: " ")
        }
    }

    func makeDatabase(_ name: String) async throws {
        try await send(Glue.CreateDatabase(databaseInput: .init(name: name)), as: provider)
    }

    func replaceTable() async throws {
        try await send(
            Glue.DeleteTable(databaseName: Self.database, name: Self.table), as: provider)
        try await send(
            Glue.CreateTable(databaseName: Self.database, tableInput: .example(Self.table)),
            as: provider)
    }
}

extension LakeFormation.Resource {
    fileprivate var words: String {
        if database != nil { return "Database" }
        if let table { return "Table(\(table.name ?? ""))" }
        if let table = tableWithColumns {
            let columns = table.columnNames?.joined(separator: " ") ?? "all"
            return "TableWithColumns(\(table.name), \(columns))"
        }
        if let filter = dataCellsFilter { return "DataCellsFilter(\(filter.name ?? ""))" }
        return "?"
    }
}
