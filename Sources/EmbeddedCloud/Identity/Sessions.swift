import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import JWTKit
import STSAPI

/// STS: who am I, and a session for whoever holds an enrolled key.
struct Sessions: Sendable {
    /// Seconds a session lives if the caller does not say.
    static let lifetimeDefault = 3_600
    /// Seconds a caller may ask for.
    static let lifetimes = 900...43_200
    /// Seconds that a web-identity token may live, from `iat` to `exp`.
    static let tokenLifetimeMax: TimeInterval = 300

    let state: StateStore
    let sealingKey: SealingKey
    let audience: String

    var handlers: [Handler] {
        [
            Handler(getCallerIdentity), Handler(assumeRoleWithWebIdentity),
            Handler(
                assumeRole,
                on: { operation, call in
                    ARN(operation.roleArn) ?? .role("", in: call.caller.account)
                },
                saying: {
                    [.roleSessionName: $0.roleSessionName, .externalID: $0.externalId]
                }),
        ]
    }

    @Sendable func getCallerIdentity(
        _ operation: STS.GetCallerIdentity, _ request: Request
    ) async throws -> STS.GetCallerIdentity.Response {
        .init(
            userId: request.caller.userID, account: request.account.rawValue,
            arn: request.caller.arn.description)
    }

    @Sendable func assumeRoleWithWebIdentity(
        _ operation: STS.AssumeRoleWithWebIdentity, _ request: Request
    ) async throws -> STS.AssumeRoleWithWebIdentity.Response {
        let lifetime = operation.durationSeconds ?? Self.lifetimeDefault
        guard Self.lifetimes.contains(lifetime) else {
            throw AWSError.stsValidation(
                "DurationSeconds must be \(Self.lifetimes.lowerBound) to "
                    + "\(Self.lifetimes.upperBound).")
        }
        try Self.checkName(operation.roleSessionName)
        let policy = try Self.sessionPolicy(operation.policy, operation.policyArns)
        let identities = state.current.identity
        let (claims, key) = try await verified(
            operation.webIdentityToken, among: identities, request)
        guard let arn = ARN(operation.roleArn), arn.service == "iam",
            arn.account == key.account.rawValue,
            arn.resource == "role/\(BuiltInRole.dataSubscriber)"
        else {
            throw AWSError.accessDenied(
                .sts, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        }
        guard let account = identities.accounts[key.account], !account.isCutOff else {
            throw AWSError.accessDenied(.sts, "The account is cut off by the exchange.")
        }
        let session = Session(
            account: key.account, role: BuiltInRole.dataSubscriber,
            name: operation.roleSessionName, openedBy: key.id, openedFrom: key.account,
            policy: policy, issuedAt: request.time, expiresAt: request.time + TimeInterval(lifetime)
        )
        try await state.change(recording: request.event) { db, state in
            try Self.check(session, among: state.identity)
            try UsedTokenRow.filter(Column("expiresAt") < request.time).deleteAll(db)
            do {
                try UsedTokenRow(id: claims.jti.value, expiresAt: claims.exp.value).insert(db)
            } catch let error as DatabaseError
                where error.extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY
            {
                throw AWSError.invalidIdentityToken("The token has been used already.")
            }
        }
        return try response(session, claims)
    }

    private func response(
        _ session: Session, _ claims: WebIdentityClaims
    ) throws -> STS.AssumeRoleWithWebIdentity.Response {
        let caller = session.caller(policy: nil)
        return .init(
            credentials: try credentials(of: session),
            subjectFromWebIdentityToken: claims.sub.value,
            assumedRoleUser: .init(assumedRoleId: caller.userID, arn: caller.arn.description),
            provider: claims.iss.value, audience: audience)
    }

    /// The token's claims and the enrolled key that signed it.
    private func verified(
        _ token: String, among identities: IdentityState, _ request: Request
    ) async throws -> (WebIdentityClaims, EnrolledKeyRow) {
        let header: JWTHeader
        do {
            header = try DefaultJWTParser()
                .parse(Array(token.utf8), as: WebIdentityClaims.self).header
        } catch {
            throw AWSError.invalidIdentityToken("The token is not a JSON Web Token of ours.")
        }
        guard header.alg == "ES256" else {
            throw AWSError.invalidIdentityToken("The token's alg must be ES256.")
        }
        guard let id = header.kid, let row = identities.enrolledKeys[id] else {
            throw AWSError.invalidIdentityToken("No enrolled key is named by the token's kid.")
        }
        let claims: WebIdentityClaims
        do {
            let keys = JWTKeyCollection()
            await keys.add(
                ecdsa: try ES256PublicKey(pem: row.publicKey), kid: JWKIdentifier(string: id))
            claims = try await keys.verify(token, as: WebIdentityClaims.self)
        } catch {
            throw AWSError.invalidIdentityToken("The token's signature does not hold.")
        }
        guard claims.aud.names.contains(audience) else {
            throw AWSError.invalidIdentityToken("The token's aud must be \(audience).")
        }
        guard claims.sub.value == row.account.rawValue else {
            throw AWSError.invalidIdentityToken("The token's sub must be the key's account.")
        }
        let (issuedAt, expiresAt) = (claims.iat.value, claims.exp.value)
        guard request.time < expiresAt else {
            throw AWSError("ExpiredTokenException", "The token has expired.")
        }
        guard expiresAt.timeIntervalSince(issuedAt) <= Self.tokenLifetimeMax,
            issuedAt.timeIntervalSince(request.time) <= SignatureClaim.clockSkewMax
        else {
            throw AWSError.invalidIdentityToken(
                "The token may live \(Int(Self.tokenLifetimeMax)) s at most, beginning now.")
        }
        return (claims, row)
    }

    static func checkName(_ name: String) throws(AWSError) {
        guard (2...64).contains(name.utf8.count), name.utf8.allSatisfy(isSessionNameByte) else {
            throw AWSError.stsValidation(
                "RoleSessionName must have 2 to 64 of the characters A-Z a-z 0-9 _ = , . @ -")
        }
    }

    static func isSessionNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "="),
            UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: "@"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// What the token of an enrolled key says.
struct WebIdentityClaims: JWTPayload {
    var iss: IssuerClaim
    var sub: SubjectClaim
    var aud: Audience
    var iat: IssuedAtClaim
    var exp: ExpirationClaim
    var jti: IDClaim

    /// The times are checked against the request's, so that a clock under test decides.
    func verify(using algorithm: some JWTAlgorithm) async throws {}

    /// One name or a list of them, which may be empty. JWTKit's own claim stops the process at an empty
    /// one, and this is read before anyone is known.
    struct Audience: Codable {
        let names: [String]

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let name = try? value.decode(String.self) {
                names = [name]
            } else {
                names = try value.decode([String].self)
            }
        }

        func encode(to encoder: any Encoder) throws { try names.encode(to: encoder) }
    }
}
