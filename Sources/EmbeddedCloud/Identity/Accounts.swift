import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import HashTreeCollections

/// The accounts that the exchange knows, and how their holders get in.
struct Accounts: Sendable {
    /// Seconds for which an enrolment code works: three days.
    static let enrolmentCodeLifetime: TimeInterval = 72 * 3_600

    let state: StateStore
    let sessions: Sessions
    let exchange: ExchangeRow

    var handlers: [Handler] {
        [Handler(addAccount), Handler(enrollKey), Handler(enrollIssuer), Handler(renewKey)]
    }

    @Sendable func addAccount(
        _ operation: Bourse.AddAccount, _ request: Request
    ) async throws -> Bourse.AddAccount.Response {
        guard let account = AccountID(rawValue: operation.accountId) else {
            throw AWSError.validation("AccountId must be twelve digits.")
        }
        let name = operation.displayName
        guard !name.isEmpty, name.utf8.count <= 256 else {
            throw AWSError.validation("DisplayName must have 1 to 256 bytes.")
        }
        guard account != exchange.account else {
            throw AWSError.validation("\(account) is the exchange's own account.")
        }
        let code = EnrolmentCode.make()
        let expiresAt = request.time + Self.enrolmentCodeLifetime
        try await state.change(recording: request.event) { db, state in
            let row =
                state.identity.accounts[account]
                .map { known in
                    var row = known
                    row.name = name
                    return row
                }
                ?? AccountRow(id: account, name: name, createdAt: request.time)
            try row.save(db)
            try EnrolmentCodeRow.filter(Column("account") == account.rawValue).deleteAll(db)
            try EnrolmentCodeRow(
                hash: EnrolmentCode.hash(code), account: account, expiresAt: expiresAt
            ).insert(db)
            state.identity.accounts[account] = row
        }
        return .init(
            accountId: account.rawValue, enrolmentCode: code, expiresAt: expiresAt)
    }
}

extension IdentityState {
    /// A subscriber's session that nobody opened, to ask what one of the account's would be told.
    ///
    /// - Throws: `ResourceNotFoundException` for any but the exchange's other accounts.
    func subscriber(
        _ id: String, session: String, exchange: AccountID, at now: Date
    ) throws(AWSError) -> Caller {
        guard let account = AccountID(rawValue: id), account != exchange, accounts[account] != nil
        else {
            throw AWSError(
                "ResourceNotFoundException", status: 404,
                "The exchange does not know account \(id); see: bourse account list")
        }
        return Caller(
            account: account,
            kind: .session(role: BuiltInRole.dataSubscriber, name: session, issuedAt: now),
            accessKeyID: "")
    }
}
