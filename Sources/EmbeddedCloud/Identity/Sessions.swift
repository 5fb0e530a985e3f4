import AWSAPI
import FoundationEssentials
import HashTreeCollections
import STSAPI

/// STS: who am I, and a session of a role.
struct Sessions: Sendable {
    /// Seconds a session lives if the caller does not say.
    static let lifetimeDefault = 3_600
    /// Seconds a caller may ask for.
    static let lifetimes = 900...43_200
    /// Seconds of a user's own session.
    static let userLifetimes = 900...129_600
    static let userLifetimeDefault = 43_200

    let state: StateStore
    let sealingKey: SealingKey
    let audience: String
    let issuerKeys: IssuerKeys
    let authorizer: Authorizer

    var handlers: [Handler] {
        [
            // Nobody needs a permission to learn who it is, and none can be taken away.
            Handler(getCallerIdentity, action: { _ in nil }),
            Handler(proving: assumeRoleWithWebIdentity),
            Handler(getSessionToken), Handler(getAccessKeyInfo),
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
        if case .anonymous = request.caller.kind { throw AWSError.accessDenied(.sts) }
        return .init(
            userId: request.caller.userID, account: request.account.rawValue,
            arn: request.caller.arn.description)
    }

    /// The administrator's own credentials for a while, to give to a program in place of the key.
    @Sendable func getSessionToken(
        _ operation: STS.GetSessionToken, _ request: Request
    ) async throws -> STS.GetSessionToken.Response {
        guard let name = request.caller.userName, request.caller.openedBy == nil else {
            throw AWSError.accessDenied(
                .sts, "Cannot call GetSessionToken with session credentials")
        }
        guard operation.serialNumber == nil, operation.tokenCode == nil else {
            throw AWSError.stsValidation("Second factors are not served.")
        }
        let lifetime = operation.durationSeconds ?? Self.userLifetimeDefault
        guard Self.userLifetimes.contains(lifetime) else {
            throw AWSError.stsValidation(
                "DurationSeconds must be \(Self.userLifetimes.lowerBound) to "
                    + "\(Self.userLifetimes.upperBound).")
        }
        let session = Session(
            ofUser: name, in: request.account, openedBy: request.caller.accessKeyID,
            issuedAt: request.time, expiresAt: request.time + TimeInterval(lifetime))
        return .init(credentials: try credentials(of: session))
    }

    /// Whose a key is, of the caller's own keys: others' are nobody's business.
    @Sendable func getAccessKeyInfo(
        _ operation: STS.GetAccessKeyInfo, _ request: Request
    ) async throws -> STS.GetAccessKeyInfo.Response {
        let id = operation.accessKeyId
        guard
            id == request.caller.accessKeyID
                || state.current.identity.accessKeys[id]?.account == request.account
        else { throw AWSError.accessDenied(.sts, "The access key is not of your account.") }
        return .init(account: request.account.rawValue)
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
