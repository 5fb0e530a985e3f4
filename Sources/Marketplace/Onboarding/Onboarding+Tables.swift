import AWSAPI
import LakeFormationAPI

// Tables and databases, in the provider's account.

extension Onboarding {
    /// Each that the table needs: a filter holds as many funds as fit into it.
    func createFilters(
        on name: TableName, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        let filters = filters(on: name, of: agreement)
        for filter in filters {
            do {
                _ = try await cloud.send(LakeFormation.CreateDataCellsFilter(tableData: filter))
            } catch let refusal where refusal.code == "AlreadyExistsException" {
                // Ours from before, unless it shows something else: then granting it would.
                let known = try await cloud.send(
                    LakeFormation.GetDataCellsFilter(
                        tableCatalogId: provider.account.rawValue, databaseName: name.database,
                        tableName: name.table, name: filter.name)
                ).dataCellsFilter
                guard known?.rowFilter?.filterExpression == filter.rowFilter?.filterExpression,
                    known?.columnNames ?? [] == filter.columnNames ?? [],
                    known?.columnWildcard?.excludedColumnNames?.isEmpty ?? true
                else { throw .otherFilter(filter.name, on: "\(name)") }
            }
        }
        return filters.map(\.name).joined(separator: ", ")
    }

    func deleteFilters(
        on name: TableName, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        var isGone = true
        for filter in filters(on: name, of: agreement) {
            do {
                _ = try await cloud.send(
                    LakeFormation.DeleteDataCellsFilter(
                        tableCatalogId: provider.account.rawValue, databaseName: name.database,
                        tableName: name.table, name: filter.name))
                isGone = false
            } catch let refusal where refusal.code == "EntityNotFoundException" {
                continue
            }
        }
        return isGone ? "was gone" : nil
    }

    /// None for a table that is shown whole.
    private func filters(
        on name: TableName, of agreement: Agreement
    ) -> [LakeFormation.DataCellsFilter] {
        let contract = agreement.terms
        guard let table = agreement.offer.tables.first(where: { $0.name == name }),
            contract.filters(table)
        else { return [] }
        let rows = contract.rows(of: table)?.expressions.map(Optional.some) ?? [nil]
        return zip(contract.filterNames(on: table), rows).map { filter, expression in
            .init(
                tableCatalogId: provider.account.rawValue, databaseName: name.database,
                tableName: name.table, name: filter,
                rowFilter: .init(
                    filterExpression: expression,
                    allRowsWildcard: expression == nil ? .init() : nil),
                columnNames: table.terms?.columns,
                columnWildcard: table.terms?.columns == nil ? .init() : nil)
        }
    }

    func grant(
        _ permissions: [LakeFormation.Permission], on resources: [LakeFormation.Resource],
        to contract: Contract, _ cloud: any Cloud
    ) async throws(AWSError) {
        for resource in resources {
            _ = try await cloud.send(
                LakeFormation.GrantPermissions(
                    principal: contract.principal, resource: resource, permissions: permissions))
        }
    }

    func revoke(
        _ permissions: [LakeFormation.Permission], on resources: [LakeFormation.Resource],
        from contract: Contract, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        var isGone = true
        for resource in resources {
            do {
                _ = try await cloud.send(
                    LakeFormation.RevokePermissions(
                        principal: contract.principal, resource: resource,
                        permissions: permissions))
                isGone = false
            } catch let refusal where refusal.saysNothingToRevoke {
                continue
            }
        }
        return isGone ? "was gone" : nil
    }

    /// The contract's filters on a table that it filters, else the table.
    func resources(_ name: TableName, of agreement: Agreement) -> [LakeFormation.Resource] {
        let filters = filters(on: name, of: agreement)
        guard filters.isEmpty else {
            return filters.map {
                .init(
                    dataCellsFilter: .init(
                        tableCatalogId: provider.account.rawValue, databaseName: name.database,
                        tableName: name.table, name: $0.name))
            }
        }
        return [
            .init(
                table: .init(
                    databaseName: name.database, catalogId: provider.account.rawValue,
                    name: name.table))
        ]
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
