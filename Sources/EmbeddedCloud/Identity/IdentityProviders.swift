import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import IAMAPI

/// IAM's operations on OpenID Connect issuers: whose word an account takes for who somebody is.
///
/// Which roles their tokens open, the roles' trust policies say.
struct IdentityProviders: Sendable {
    /// Source: IAM User Guide, "IAM and AWS STS quotas".
    static let perAccountMax = 100

    let state: StateStore

    var handlers: [Handler] {
        [
            Handler(
                create,
                on: { IdentityProviderRow.arn(of: $0.url, in: $1.caller.account) }),
            Handler(get, on: { Self.arn($0.openIDConnectProviderArn, $1) }),
            Handler(list),
            Handler(delete, on: { Self.arn($0.openIDConnectProviderArn, $1) }),
            Handler(addClientID, on: { Self.arn($0.openIDConnectProviderArn, $1) }),
            Handler(removeClientID, on: { Self.arn($0.openIDConnectProviderArn, $1) }),
            Handler(updateThumbprints, on: { Self.arn($0.openIDConnectProviderArn, $1) }),
        ]
    }

    /// What an operation names, or something of the caller's account that is none.
    private static func arn(_ text: String, _ call: Call) -> ARN {
        ARN(text)
            ?? ARN(
                service: "iam", account: call.caller.account.rawValue, resource: "oidc-provider/")
    }

    @Sendable func create(
        _ operation: IAM.CreateOpenIDConnectProvider, _ request: Request
    ) async throws -> IAM.CreateOpenIDConnectProvider.Response {
        guard operation.tags?.isEmpty ?? true else {
            throw AWSError.stsValidation("Tags of identity providers are not served.")
        }
        let row = IdentityProviderRow(
            account: request.account, issuer: operation.url,
            clientIDs: (operation.clientIDList ?? []).withoutRepeats,
            thumbprints: operation.thumbprintList ?? [], subjects: [], createdAt: request.time)
        try check(row)
        try await state.change(recording: request.event) { db, state in
            try Self.insert(row, db, &state)
        }
        return .init(openIDConnectProviderArn: row.arn.description)
    }

    /// - Throws: IAM's refusals of one issuer too many, or of the same one again.
    static func insert(_ row: IdentityProviderRow, _ db: Database, _ state: inout CloudState) throws
    {
        let known = state.identity.providers
        guard known[row.arn] == nil else {
            throw AWSError(
                "EntityAlreadyExists", status: 409,
                "Provider with url \(row.issuer) already exists.")
        }
        guard known.values.count(where: { $0.row.account == row.account }) < perAccountMax else {
            throw AWSError(
                "LimitExceeded", status: 409,
                "An account can have \(perAccountMax) identity providers.")
        }
        try row.insert(db)
        state.identity.providers[row.arn] = IdentityProvider(row)
    }

    @Sendable func get(
        _ operation: IAM.GetOpenIDConnectProvider, _ request: Request
    ) async throws -> IAM.GetOpenIDConnectProvider.Response {
        let row = try state.current.identity.provider(
            operation.openIDConnectProviderArn, of: request.account)
        return .init(
            url: row.name, clientIDList: row.clientIDs, thumbprintList: row.thumbprints,
            createDate: row.createdAt)
    }

    @Sendable func list(
        _ operation: IAM.ListOpenIDConnectProviders, _ request: Request
    ) async throws -> IAM.ListOpenIDConnectProviders.Response {
        .init(
            openIDConnectProviderList: state.current.identity.providers(of: request.account)
                .map { .init(arn: $0.arn.description) })
    }

    /// Ends the sessions that were opened by the issuer's word. What is gone already is gone.
    @Sendable func delete(
        _ operation: IAM.DeleteOpenIDConnectProvider, _ request: Request
    ) async throws -> EmptyResponse {
        try await state.change(recording: request.event) { db, state in
            let row = try state.identity.provider(
                operation.openIDConnectProviderArn, of: request.account)
            try row.delete(db)
            state.identity.providers[row.arn] = nil
        }
        return EmptyResponse()
    }

    @Sendable func addClientID(
        _ operation: IAM.AddClientIDToOpenIDConnectProvider, _ request: Request
    ) async throws -> EmptyResponse {
        try await change(operation.openIDConnectProviderArn, request) {
            $0.clientIDs = ($0.clientIDs + [operation.clientID]).withoutRepeats
        }
    }

    @Sendable func removeClientID(
        _ operation: IAM.RemoveClientIDFromOpenIDConnectProvider, _ request: Request
    ) async throws -> EmptyResponse {
        try await change(operation.openIDConnectProviderArn, request) {
            $0.clientIDs.removeAll { $0 == operation.clientID }
        }
    }

    @Sendable func updateThumbprints(
        _ operation: IAM.UpdateOpenIDConnectProviderThumbprint, _ request: Request
    ) async throws -> EmptyResponse {
        try await change(operation.openIDConnectProviderArn, request) {
            $0.thumbprints = operation.thumbprintList
        }
    }

    private func change(
        _ arn: String, _ request: Request,
        _ body: @escaping @Sendable (inout IdentityProviderRow) -> Void
    ) async throws -> EmptyResponse {
        try await state.change(recording: request.event) { db, state in
            var row = try state.identity.provider(arn, of: request.account)
            body(&row)
            try check(row)
            try row.update(db)
            state.identity.providers[row.arn] = IdentityProvider(row)
        }
        return EmptyResponse()
    }

    private func check(_ row: IdentityProviderRow) throws(AWSError) {
        do throws(IdentityProviderFault) {
            try row.check()
        } catch {
            throw switch error {
            case .issuer(let message): AWSError("InvalidInput", message)
            case .limit(let message): AWSError("LimitExceeded", status: 409, message)
            }
        }
    }
}

extension IdentityState {
    /// By their ARNs.
    func providers(of account: AccountID) -> [IdentityProviderRow] {
        providers.values.map(\.row).filter { $0.account == account }
            .sorted { $0.issuer < $1.issuer }
    }

    fileprivate func provider(
        _ arn: String, of account: AccountID
    ) throws(AWSError) -> IdentityProviderRow {
        guard let row = ARN(arn).flatMap({ providers[$0]?.row }), row.account == account else {
            throw AWSError(
                "NoSuchEntity", status: 404, "OpenIDConnect Provider not found for arn \(arn)")
        }
        return row
    }
}

extension [String] {
    /// The first of each.
    var withoutRepeats: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
