import AWSAPI

/// One thing to do for a contract: an operation, and what it is about.
///
/// Every step can be taken twice: whoever was cut off between doing it and writing that down does it again.
struct Step: Hashable, Sendable {
    enum Action: String, Codable, Sendable {
        case validate, addAccount
        case grantDatabase, createFilter, grantTable, createDataGrant
        case acceptDataGrant, linkDatabase, createResultsBucket
        case writeMail
        case extendDataGrant
        case deleteDataGrant, revokeTable, deleteFilter, revokeDatabase
    }

    var action: Action
    /// A table as `database.table`, a database, a product: as the action has it.
    var subject: String

    init(_ action: Action, _ subject: String) {
        self.action = action
        self.subject = subject
    }

    /// The operation that does it, as AWS or the exchange calls it.
    var name: String {
        switch action {
        case .validate: "SignContract"
        case .addAccount: "AddAccount"
        case .grantDatabase, .grantTable: "GrantPermissions"
        case .createFilter: "CreateDataCellsFilter"
        case .createDataGrant: "CreateDataGrant"
        case .acceptDataGrant: "AcceptDataGrant"
        case .linkDatabase: "CreateDatabase"
        case .createResultsBucket: "CreateBucket"
        case .writeMail: "WelcomeMail"
        case .extendDataGrant: "ExtendDataGrant"
        case .deleteDataGrant: "DeleteDataGrant"
        case .revokeTable, .revokeDatabase: "RevokePermissions"
        case .deleteFilter: "DeleteDataCellsFilter"
        }
    }
}

extension Step {
    /// What signing asks for, in order: the client is told when all of it is there. The client's own
    /// side is left out unless the exchange acts in the client's account.
    static func onboarding(
        _ contract: Contract, _ offer: Offer, inSubscriber: Bool
    ) -> [Step] {
        var steps = [
            Step(.validate, contract.id.rawValue), Step(.addAccount, contract.account.rawValue),
        ]
        steps += offer.databases.map { Step(.grantDatabase, $0) }
        for table in offer.tables {
            if contract.filters(table) { steps.append(Step(.createFilter, "\(table.name)")) }
            steps.append(Step(.grantTable, "\(table.name)"))
        }
        steps += offer.products.map { Step(.createDataGrant, $0.name) }
        if inSubscriber {
            steps += offer.products.map { Step(.acceptDataGrant, $0.name) }
            steps += offer.databases.map { Step(.linkDatabase, $0) }
            steps.append(Step(.createResultsBucket, contract.resultsBucket))
        }
        return steps + [Step(.writeMail, contract.clientEmail)]
    }

    /// What ending takes back, the newest deliveries first. What is the client's own stays: its results,
    /// and the link to a database in which it sees nothing any more.
    static func ending(_ contract: Contract, _ offer: Offer) -> [Step] {
        var steps = offer.products.map { Step(.deleteDataGrant, $0.name) }
        for table in offer.tables {
            steps.append(Step(.revokeTable, "\(table.name)"))
            if contract.filters(table) { steps.append(Step(.deleteFilter, "\(table.name)")) }
        }
        return steps + offer.databases.map { Step(.revokeDatabase, $0) }
    }
}

extension Contract {
    /// Of the client's own, for what its queries find.
    var resultsBucket: String { "athena-results-\(account)" }

    func dataGrantName(of product: String) -> String { "\(id): \(product)" }
}
