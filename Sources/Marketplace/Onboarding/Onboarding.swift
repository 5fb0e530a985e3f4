import AWSAPI
import BourseAPI
import FoundationEssentials
import LakeFormationAPI

/// Takes a contract's steps, through operations only.
///
/// What is there already is as good as made, and what is gone as good as taken away.
struct Onboarding: Sendable {
    let provider: Provider
    let clouds: any Clouds
    let mailbox: Mailbox
    /// Where clients reach the exchange.
    let place: ServedPlace
    let clock: @Sendable () -> Date

    /// - Parameters:
    ///   - step: One of the agreement's.
    ///   - agreement: The contract, and what it came to when it was signed.
    ///   - others: The client's other contracts in force: what they grant as well is not revoked.
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
        case .createFilter:
            return try await createFilters(on: table(step), of: agreement, cloud)
        case .grantTable:
            try await grant(
                [.select], on: resources(table(step), of: agreement), to: contract, cloud)
            return nil
        case .createDataGrant: return try await createDataGrant(step.subject, of: agreement, cloud)
        case .acceptDataGrant: return try await acceptDataGrant(step.subject, of: agreement, cloud)
        case .linkDatabase: return try await linkDatabase(step.subject, of: agreement)
        case .createResultsBucket: return try await createBucket(step.subject, for: contract)
        case .writeMail:
            let added = try await addAccount(of: contract, through: cloud)
            let mail = WelcomeMail(
                contract, agreement.offer, renewing: agreement.renewalMonths, from: provider,
                at: place,
                code: added.enrolmentCode, codeExpiresAt: added.expiresAt, at: clock())
            try mailbox.keep(contract.id, mail.message.bytes)
            return Mailbox.file(for: contract.id)
        case .extendDataGrant: return try await extendDataGrant(step.subject, of: agreement, cloud)
        case .deleteDataGrant: return try await deleteDataGrant(step.subject, of: agreement, cloud)
        case .revokeTable:
            let name = try table(step)
            if agreement.showsWhole(name),
                let other = others.first(where: { $0.showsWhole(name) })
            {
                return "kept for contract \(other.id)"
            }
            return try await revoke(
                [.select], on: resources(name, of: agreement), from: contract, cloud)
        case .deleteFilter:
            return try await deleteFilters(on: table(step), of: agreement, cloud)
        case .revokeDatabase:
            if let other = others.first(where: { $0.offer.databases.contains(step.subject) }) {
                return "kept for contract \(other.id)"
            }
            return try await revoke(
                [.describe], on: [.database(step.subject)], from: contract, cloud)
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
