import AWSAPI
import LakeFormationAPI

// Tables and databases, in the provider's account.

extension Onboarding {
    func createFilter(
        on table: TableName, of contract: Contract, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        let funds = contract.funds.map { "'\($0)'" }.joined(separator: ", ")
        let filter = LakeFormation.DataCellsFilter(
            tableCatalogId: provider.account.rawValue, databaseName: table.database,
            tableName: table.table, name: contract.filterName,
            rowFilter: .init(filterExpression: "\(fundColumn) IN (\(funds))"),
            columnWildcard: .init())
        do {
            _ = try await cloud.send(LakeFormation.CreateDataCellsFilter(tableData: filter))
        } catch let refusal where refusal.code == "AlreadyExistsException" {
            // Ours from before, unless it shows something else: then granting it would.
            let known = try await cloud.send(
                LakeFormation.GetDataCellsFilter(
                    tableCatalogId: provider.account.rawValue, databaseName: table.database,
                    tableName: table.table, name: contract.filterName)
            ).dataCellsFilter
            guard known?.rowFilter?.filterExpression == filter.rowFilter?.filterExpression,
                known?.columnNames?.isEmpty ?? true,
                known?.columnWildcard?.excludedColumnNames?.isEmpty ?? true
            else { throw .otherFilter(contract.filterName, on: "\(table)") }
        }
        return contract.filterName
    }

    func deleteFilter(
        on table: TableName, of contract: Contract, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        do {
            _ = try await cloud.send(
                LakeFormation.DeleteDataCellsFilter(
                    tableCatalogId: provider.account.rawValue, databaseName: table.database,
                    tableName: table.table, name: contract.filterName))
            return nil
        } catch let refusal where refusal.code == "EntityNotFoundException" {
            return "was gone"
        }
    }

    func revoke(
        _ permissions: [LakeFormation.Permission], on resource: LakeFormation.Resource,
        from contract: Contract, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        do {
            _ = try await cloud.send(
                LakeFormation.RevokePermissions(
                    principal: contract.principal, resource: resource, permissions: permissions))
            return nil
        } catch let refusal where refusal.saysNothingToRevoke {
            return "was gone"
        }
    }

    /// The contract's filter on a table that it filters, else the table.
    func resource(_ name: TableName, of agreement: Agreement) -> LakeFormation.Resource {
        let table = agreement.offer.tables.first { $0.name == name }
        guard let table, agreement.terms.filters(table) else {
            return .init(
                table: .init(
                    databaseName: name.database, catalogId: provider.account.rawValue,
                    name: name.table))
        }
        return .init(
            dataCellsFilter: .init(
                tableCatalogId: provider.account.rawValue, databaseName: name.database,
                tableName: name.table, name: agreement.terms.filterName))
    }
}

extension Agreement {
    func showsWhole(_ name: TableName) -> Bool {
        offer.tables.contains { $0.name == name && !terms.filters($0) }
    }
}

extension Contract {
    var principal: LakeFormation.DataLakePrincipal {
        .init(dataLakePrincipalIdentifier: account.rawValue)
    }
}

extension LakeFormation.Resource {
    static func database(_ name: String) -> Self { .init(database: .init(name: name)) }
}

extension AWSError {
    /// The grant is not there, or what it was on.
    ///
    /// Source: the service's answer to a second revoke; its model has no code of its own for it.
    fileprivate var saysNothingToRevoke: Bool {
        code == "EntityNotFoundException"
            || code == "InvalidInputException" && message.hasPrefix("No permissions revoked")
    }
}
