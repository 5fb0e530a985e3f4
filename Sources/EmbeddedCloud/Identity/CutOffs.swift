import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import HashTreeCollections

/// Whom the exchange lets in no longer: keys taken back, accounts cut off.
///
/// Both are in force when the call returns: the next request is refused, objects under way are cut, and
/// queries that run are ended.
struct CutOffs: Sendable {
    static let pages = 1...100
    static let pageDefault = 50

    let state: StateStore
    let exchange: AccountID
    /// Ends what runs for sessions that are no longer admitted.
    let end: @Sendable () -> Void

    var handlers: [Handler] {
        [
            Handler(listAccounts), Handler(revokeKey), Handler(cutOff), Handler(liftCutOff),
        ]
    }

    @Sendable func listAccounts(
        _ operation: Bourse.ListAccounts, _ request: Request
    ) async throws -> Bourse.ListAccounts.Response {
        let max = operation.maxResults ?? Self.pageDefault
        guard Self.pages.contains(max) else {
            throw AWSError.validation("maxResults must be \(Self.pages).")
        }
        let identities = state.current.identity
        let keys = Dictionary(grouping: identities.enrolledKeys.values, by: \.account)
        let known = identities.accounts.values
            .filter { $0.id != exchange && $0.id.rawValue > operation.nextToken ?? "" }
            .sorted { $0.id.rawValue < $1.id.rawValue }
        let page = known.prefix(max)
        return .init(
            accounts: page.map { account in
                .init(
                    accountId: account.id.rawValue, displayName: account.name,
                    isCutOff: account.isCutOff, cutOffAt: account.cutOffAt,
                    keys: (keys[account.id] ?? [])
                        .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
                        .map {
                            .init(
                                keyId: $0.id, enrolledAt: $0.createdAt, renewedBy: $0.renewedBy)
                        },
                    issuers: identities.providers(of: account.id).map {
                        .init(
                            url: $0.issuer, subjects: $0.subjects, clientIds: $0.clientIDs,
                            enrolledAt: $0.createdAt)
                    })
            }, nextToken: page.count < known.count ? page.last?.id.rawValue : nil)
    }

    @Sendable func revokeKey(
        _ operation: Bourse.RevokeKey, _ request: Request
    ) async throws -> EmptyResponse {
        try await state.change(recording: request.event) { db, state in
            if let key = state.identity.enrolledKeys[operation.keyId],
                key.account.rawValue == operation.accountId
            {
                try key.delete(db)
                state.identity.enrolledKeys[key.id] = nil
            } else if let account = AccountID(rawValue: operation.accountId),
                let issuer = state.identity.providers[
                    IdentityProviderRow.arn(of: operation.keyId, in: account)]?.row,
                issuer.issuer == operation.keyId
            {
                try issuer.delete(db)
                state.identity.providers[issuer.arn] = nil
            } else {
                throw AWSError.notFound(
                    "Account \(operation.accountId) has no key or issuer \(operation.keyId).")
            }
        }
        end()
        return EmptyResponse()
    }

    @Sendable func cutOff(
        _ operation: Bourse.CutOffAccount, _ request: Request
    ) async throws -> Bourse.CutOffAccount.Response {
        guard operation.accountId != exchange.rawValue else {
            throw AWSError.validation("\(exchange) is the exchange's own account.")
        }
        let account = try await change(operation.accountId, request) { account in
            guard !account.isCutOff else { return }
            account.isCutOff = true
            account.cutOffAt = request.time
        }
        end()
        return .init(cutOffAt: account.cutOffAt ?? request.time)
    }

    @Sendable func liftCutOff(
        _ operation: Bourse.LiftCutOff, _ request: Request
    ) async throws -> EmptyResponse {
        _ = try await change(operation.accountId, request) { $0.isCutOff = false }
        return EmptyResponse()
    }

    private func change(
        _ id: String, _ request: Request, _ body: @escaping @Sendable (inout AccountRow) -> Void
    ) async throws -> AccountRow {
        try await state.change(recording: request.event) { db, state in
            guard let id = AccountID(rawValue: id), var account = state.identity.accounts[id] else {
                throw AWSError.notFound("The exchange does not know account \(id).")
            }
            body(&account)
            try account.update(db)
            state.identity.accounts[account.id] = account
            return account
        }
    }
}

extension AWSError {
    fileprivate static func notFound(_ message: String) -> AWSError {
        AWSError("ResourceNotFoundException", status: 404, message)
    }
}
