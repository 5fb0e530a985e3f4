import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import JWTKit
import STSAPI

extension Sessions {
    /// Seconds that the token of an enrolled key may live, from `iat` to `exp`.
    static let keyTokenLifetimeMax: TimeInterval = 300
    /// Seconds that an issuer's token may live: its own to choose, within a day.
    static let issuerTokenLifetimeMax: TimeInterval = 86_400

    /// A session for whoever holds a token: one that an enrolled key signed, or one of an issuer that the
    /// role's account trusts.
    @Sendable func assumeRoleWithWebIdentity(
        _ operation: STS.AssumeRoleWithWebIdentity, _ request: Request
    ) async throws -> (STS.AssumeRoleWithWebIdentity.Response, AuditEvent.UserIdentity) {
        try Self.checkName(operation.roleSessionName)
        let policy = try Self.sessionPolicy(operation.policy, operation.policyArns)
        let token = try WebIdentityToken(operation.webIdentityToken)
        let role = ARN(operation.roleArn).flatMap { RoleID($0) }
        let identity =
            if token.claims.iss.value.hasPrefix("https://") {
                try await identity(byIssuerOf: token, for: role, operation, request)
            } else {
                try await identity(byKeyOf: token, for: role, request)
            }
        guard let role else { throw AWSError.webIdentityRefused }
        let known = state.current.identity.roles[role]
        let session = Session(
            of: role, id: known?.row.id, name: operation.roleSessionName,
            openedBy: identity.opener, openedFrom: role.account, policy: policy,
            issuedAt: request.time,
            expiresAt: request.time
                + TimeInterval(try Self.lifetime(operation.durationSeconds, of: known)))
        var event = request.event
        event.userIdentity = identity.audited
        try await state.change(recording: event) { db, state in
            try Self.check(session, among: state.identity)
            if let once = identity.usedOnce { try Self.use(once, db, at: request.time) }
        }
        let caller = session.caller(policy: nil)
        let response = STS.AssumeRoleWithWebIdentity.Response(
            credentials: try credentials(of: session),
            subjectFromWebIdentityToken: identity.subject,
            assumedRoleUser: .init(assumedRoleId: caller.userID, arn: caller.arn.description),
            provider: identity.provider, audience: identity.audience)
        return (response, identity.audited)
    }

    // MARK: Enrolled keys

    private func identity(
        byKeyOf token: WebIdentityToken, for role: RoleID?, _ request: Request
    ) async throws(AWSError) -> WebIdentity {
        let key = try await enrolledKey(signing: token, at: request.time)
        guard key.renewedBy == nil else {
            throw .invalidIdentityToken("The key was renewed: sign with the one in its place.")
        }
        guard role == RoleID(key.account, BuiltInRole.dataSubscriber) else {
            throw .webIdentityRefused
        }
        guard state.current.identity.accounts[key.account]?.isCutOff == false else {
            throw .accessDenied(.sts, "The account is cut off by the exchange.")
        }
        return WebIdentity(
            opener: key.id, subject: token.claims.sub.value, audience: audience,
            provider: token.claims.iss.value, providerID: key.id,
            usedOnce: token.onceUsed)
    }

    /// The enrolled key that signed the token for this exchange, the token being in force and its own
    /// account's.
    func enrolledKey(
        signing token: WebIdentityToken, at now: Date
    ) async throws(AWSError) -> EnrolledKeyRow {
        guard let id = token.keyID, let row = state.current.identity.enrolledKeys[id],
            let key = WebIdentityKey(pem: row.publicKey)
        else { throw .invalidIdentityToken("No enrolled key is named by the token's kid.") }
        try await token.check(signedBy: key)
        let claims = token.claims
        guard claims.aud.names.contains(audience) else {
            throw .invalidIdentityToken("The token's aud must be \(audience).")
        }
        guard claims.sub.value == row.account.rawValue else {
            throw .invalidIdentityToken("The token's sub must be the key's account.")
        }
        guard token.onceUsed != nil else {
            throw .invalidIdentityToken("The token must have a jti: it is used once.")
        }
        try token.checkTimes(at: now, lifetimeMax: Self.keyTokenLifetimeMax)
        return row
    }

    static func use(_ token: UsedTokenRow, _ db: Database, at now: Date) throws {
        try UsedTokenRow.filter(Column("expiresAt") < now).deleteAll(db)
        do {
            try token.insert(db)
        } catch let error as DatabaseError
            where error.extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY
        {
            throw AWSError.invalidIdentityToken("The token has been used already.")
        }
    }

    // MARK: Issuers

    private func identity(
        byIssuerOf token: WebIdentityToken, for role: RoleID?,
        _ operation: STS.AssumeRoleWithWebIdentity, _ request: Request
    ) async throws(AWSError) -> WebIdentity {
        let claims = token.claims
        let issuer = claims.iss.value
        guard let role,
            let provider = state.current.identity.providers[
                IdentityProviderRow.arn(of: issuer, in: role.account)]
        else { throw .unknownKey }
        let key = try await issuerKeys.key(of: issuer, for: token, at: request.time)
        do {
            try await token.check(signedBy: key)
        } catch {
            throw AWSError.unknownKey
        }
        try token.checkTimes(at: request.time, lifetimeMax: Self.issuerTokenLifetimeMax)
        let audiences = claims.azp.map { [$0] } ?? claims.aud.names
        guard let audience = audiences.first(where: provider.row.clientIDs.contains) else {
            throw .invalidIdentityToken("Incorrect token audience")
        }
        guard
            authorizer.trusts(
                provider, in: role, by: request.call,
                context: [
                    (provider.row.key(.audience), audience),
                    (provider.row.key(.subject), claims.sub.value),
                    (.roleSessionName, operation.roleSessionName),
                ])
        else { throw .webIdentityRefused }
        return WebIdentity(
            opener: provider.row.arn.description, subject: claims.sub.value, audience: audience,
            provider: issuer, providerID: provider.row.arn.description, usedOnce: nil)
    }
}

/// Whom a token was found to stand for.
private struct WebIdentity: Sendable {
    /// The key, or the issuer's ARN: its revocation ends the session.
    var opener: String
    var subject: String
    var audience: String
    /// The token's issuer.
    var provider: String
    var providerID: String
    /// An enrolled key's token is used once; issuers' are kept in files and used until they end.
    var usedOnce: UsedTokenRow?

    /// Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element", web identities.
    var audited: AuditEvent.UserIdentity {
        .init(
            type: "WebIdentityUser", principalId: "\(providerID):\(audience):\(subject)",
            userName: subject, identityProvider: providerID)
    }
}

extension AWSError {
    /// The role's trust policy is not told, nor whether there is such a role.
    fileprivate static let webIdentityRefused = accessDenied(
        .sts, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
}
