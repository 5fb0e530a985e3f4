import AWSAPI
import BourseAPI
import DataExchangeAPI
import FoundationEssentials
import GlueAPI
import LakeFormationAPI
import S3API

/// Takes a contract's steps, through operations only.
///
/// What is there already is as good as made, and what is gone as good as taken away.
struct Onboarding: Sendable {
    let provider: Provider
    let clouds: any Clouds
    let mailbox: Mailbox
    /// Where clients reach the exchange.
    let endpoint: String
    let clock: @Sendable () -> Date

    /// - Parameter others: The client's other contracts in force: what they grant as well is not revoked.
    /// - Returns: What came of it, where the step's name does not say all.
    /// - Throws: `AWSError`, the service's refusal.
    func take(
        _ step: Step, of agreement: Agreement, beside others: [Agreement]
    ) async throws -> String? {
        let contract = agreement.terms
        let cloud = clouds.provider(for: contract.id)
        switch step.action {
        case .validate: return agreement.offer.summary
        case .addAccount:
            // Its code goes unused: the e-mail, which alone may say one, makes its own.
            _ = try await addAccount(of: contract, through: cloud)
            return nil
        case .grantDatabase:
            _ = try await cloud.send(
                LakeFormation.GrantPermissions(
                    principal: contract.principal, resource: .database(step.subject),
                    permissions: [.describe]))
            return nil
        case .createFilter: return try await createFilter(on: table(step), of: contract, cloud)
        case .grantTable:
            _ = try await cloud.send(
                LakeFormation.GrantPermissions(
                    principal: contract.principal,
                    resource: resource(table(step), of: agreement), permissions: [.select]))
            return nil
        case .createDataGrant: return try await createDataGrant(step.subject, of: agreement, cloud)
        case .acceptDataGrant: return try await acceptDataGrant(step.subject, of: agreement, cloud)
        case .linkDatabase: return try await linkDatabase(step.subject, of: agreement)
        case .createResultsBucket: return try await createBucket(step.subject, for: contract)
        case .writeMail:
            let added = try await addAccount(of: contract, through: cloud)
            let mail = WelcomeMail(
                contract, agreement.offer, from: provider, endpoint: endpoint,
                code: added.enrolmentCode, codeExpiresAt: added.expiresAt, at: clock())
            try mailbox.keep(contract.id, mail.message.bytes)
            return Mailbox.file(for: contract.id)
        case .deleteDataGrant: return try await deleteDataGrant(step.subject, of: agreement, cloud)
        case .revokeTable:
            let name = try table(step)
            let resource = resource(name, of: agreement)
            if resource.dataCellsFilter == nil,
                let other = others.first(where: { $0.showsWhole(name) })
            {
                return "kept for contract \(other.id)"
            }
            return try await revoke([.select], on: resource, from: contract, cloud)
        case .deleteFilter: return try await deleteFilter(on: table(step), of: contract, cloud)
        case .revokeDatabase:
            if let other = others.first(where: { $0.offer.databases.contains(step.subject) }) {
                return "kept for contract \(other.id)"
            }
            return try await revoke(
                [.describe], on: .database(step.subject), from: contract, cloud)
        }
    }

    private func table(_ step: Step) throws(AWSError) -> TableName {
        guard let name = TableName(step.subject) else {
            preconditionFailure("A step about a table names it as database.table.")
        }
        return name
    }

    /// Lets the account in if it is not yet, and makes a new code: those before stop working.
    private func addAccount(
        of contract: Contract, through cloud: any Cloud
    ) async throws(AWSError) -> Bourse.AddAccount.Response {
        try await cloud.send(
            Bourse.AddAccount(
                accountId: contract.account.rawValue, displayName: contract.clientName))
    }
}

// MARK: - Tables

extension Onboarding {
    private func createFilter(
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
        } catch where error.code == "AlreadyExistsException" {
            // Ours from before: names of filters are made of contracts' ids, whose terms do not change.
        }
        return contract.filterName
    }

    private func deleteFilter(
        on table: TableName, of contract: Contract, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        do {
            _ = try await cloud.send(
                LakeFormation.DeleteDataCellsFilter(
                    tableCatalogId: provider.account.rawValue, databaseName: table.database,
                    tableName: table.table, name: contract.filterName))
            return nil
        } catch where error.code == "EntityNotFoundException" {
            return "was gone"
        }
    }

    private func revoke(
        _ permissions: [LakeFormation.Permission], on resource: LakeFormation.Resource,
        from contract: Contract, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        do {
            _ = try await cloud.send(
                LakeFormation.RevokePermissions(
                    principal: contract.principal, resource: resource, permissions: permissions))
            return nil
        } catch where error.saysNothingToRevoke {
            return "was gone"
        }
    }

    /// The contract's filter on a table that it filters, else the table.
    private func resource(_ name: TableName, of agreement: Agreement) -> LakeFormation.Resource {
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
    fileprivate func showsWhole(_ name: TableName) -> Bool {
        offer.tables.contains { $0.name == name && !terms.filters($0) }
    }
}

extension Contract {
    fileprivate var principal: LakeFormation.DataLakePrincipal {
        .init(dataLakePrincipalIdentifier: account.rawValue)
    }
}

extension LakeFormation.Resource {
    fileprivate static func database(_ name: String) -> Self { .init(database: .init(name: name)) }
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

// MARK: - Data grants

extension Onboarding {
    private func createDataGrant(
        _ product: String, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        if let made = try await dataGrant(product, of: agreement, cloud) { return made.id }
        guard let offered = agreement.offer.products.first(where: { $0.name == product }) else {
            preconditionFailure("A step about a product names one of the contract's.")
        }
        let contract = agreement.terms
        let grant = try await cloud.send(
            DataExchange.CreateDataGrant(
                name: contract.dataGrantName(of: product), grantDistributionScope: .none,
                receiverPrincipal: contract.account.rawValue, sourceDataSetId: offered.dataSet,
                endsAt: contract.lastDay.end))
        return grant.id
    }

    private func acceptDataGrant(
        _ product: String, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        guard let grant = try await dataGrant(product, of: agreement, cloud) else {
            throw AWSError.grantIsGone(agreement.terms.dataGrantName(of: product))
        }
        if grant.acceptanceState == .accepted { return "was accepted" }
        let accepted = try await subscriber(of: agreement.terms).send(
            DataExchange.AcceptDataGrant(dataGrantArn: grant.arn))
        return accepted.dataSetId
    }

    private func deleteDataGrant(
        _ product: String, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> String? {
        guard let grant = try await dataGrant(product, of: agreement, cloud) else {
            return "was gone"
        }
        do {
            _ = try await cloud.send(DataExchange.DeleteDataGrant(dataGrantId: grant.id))
            return nil
        } catch where error.code == "ResourceNotFoundException" {
            return "was gone"
        }
    }

    /// The grant of this contract, by its name: the answer that said its id may have been lost.
    private func dataGrant(
        _ product: String, of agreement: Agreement, _ cloud: any Cloud
    ) async throws(AWSError) -> DataExchange.DataGrantSummaryEntry? {
        let name = agreement.terms.dataGrantName(of: product)
        let receiver = agreement.account.rawValue
        var token: String?
        repeat {
            let page = try await cloud.send(DataExchange.ListDataGrants(nextToken: token))
            let found = page.dataGrantSummaries?.first {
                $0.name == name && $0.receiverPrincipal == receiver
            }
            if let found { return found }
            token = page.nextToken
        } while token != nil
        return nil
    }
}

// MARK: - The client's side

extension Onboarding {
    private func subscriber(of contract: Contract) throws(AWSError) -> any Cloud {
        guard let cloud = clouds.subscriber(contract.account, for: contract.id) else {
            throw .accountNotHeld(contract.account)
        }
        return cloud
    }

    /// The provider's database under a name of the client's own.
    private func linkDatabase(
        _ database: String, of agreement: Agreement
    ) async throws(AWSError) -> String? {
        let cloud = try subscriber(of: agreement.terms)
        let name = provider.linkName(of: database, among: agreement.offer.databases)
        do {
            _ = try await cloud.send(
                Glue.CreateDatabase(
                    databaseInput: .init(
                        name: name,
                        targetDatabase: .init(
                            catalogId: provider.account.rawValue, databaseName: database))))
        } catch where error.code == "AlreadyExistsException" {
            let target = try await cloud.send(Glue.GetDatabase(name: name)).database?.targetDatabase
            guard target?.catalogId == provider.account.rawValue, target?.databaseName == database
            else { throw AWSError.otherDatabase(name, in: agreement.account) }
        }
        return name
    }

    private func createBucket(
        _ name: String, for contract: Contract
    ) async throws(AWSError) -> String? {
        let cloud = try subscriber(of: contract)
        // us-east-1 is said by saying nothing.
        let place: S3.CreateBucketConfiguration? =
            cloud.region == "us-east-1"
            ? nil : .init(locationConstraint: .init(rawValue: cloud.region))
        do {
            _ = try await cloud.send(
                S3.CreateBucket(bucket: name, createBucketConfiguration: place))
            return nil
        } catch where error.code == "BucketAlreadyOwnedByYou" {
            return "was there"
        }
    }
}
