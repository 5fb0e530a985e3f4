import AWSAPI
import FoundationEssentials
import STSAPI

/// STS: who am I, and a session of a role.
struct Sessions: Sendable {
    /// Seconds a session lives if the caller does not say.
    static let lifetimeDefault = 3_600
    /// Seconds a caller may ask for.
    static let lifetimes = 900...43_200

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
