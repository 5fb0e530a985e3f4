import AWSAPI
import FoundationEssentials
import HashTreeCollections
import STSAPI

extension Sessions {
    /// Seconds at most of a session that was opened from another one.
    static let chainedLifetimeMax = 3_600

    /// A session of a role that trusts the caller. That it does was decided before.
    @Sendable func assumeRole(
        _ operation: STS.AssumeRole, _ request: Request
    ) async throws -> STS.AssumeRole.Response {
        guard let role = ARN(operation.roleArn).flatMap({ RoleID($0) }) else {
            throw AWSError.stsValidation("\(operation.roleArn) is not the ARN of a role.")
        }
        try Self.checkName(operation.roleSessionName)
        guard operation.serialNumber == nil, operation.tokenCode == nil,
            operation.tags?.isEmpty ?? true, operation.sourceIdentity == nil,
            operation.providedContexts?.isEmpty ?? true
        else {
            throw AWSError.stsValidation(
                "Second factors, session tags and source identities are not served.")
        }
        let known = state.current.identity.roles[role]
        var lifetime = try Self.lifetime(operation.durationSeconds, of: known)
        if case .session = request.caller.kind {
            guard operation.durationSeconds ?? 0 <= Self.chainedLifetimeMax else {
                throw AWSError.stsValidation(
                    "The requested DurationSeconds exceeds the \(Self.chainedLifetimeMax) seconds of a "
                        + "role that is assumed from another role's session.")
            }
            lifetime = min(lifetime, Self.chainedLifetimeMax)
        }
        let session = Session(
            of: role, id: known?.row.id, name: operation.roleSessionName,
            openedBy: request.caller.openedBy ?? request.caller.accessKeyID,
            openedFrom: request.account,
            policy: try Self.sessionPolicy(operation.policy, operation.policyArns),
            issuedAt: request.time, expiresAt: request.time + TimeInterval(lifetime))
        try await state.change(recording: request.event) { _, state in
            try Self.check(session, among: state.identity)
        }
        let caller = session.caller(policy: nil)
        return .init(
            credentials: try credentials(of: session),
            assumedRoleUser: .init(assumedRoleId: caller.userID, arn: caller.arn.description))
    }

    /// Seconds that a session lasts.
    ///
    /// - Parameter role: Nil for one that nobody made.
    static func lifetime(_ asked: Int?, of role: Role?) throws(AWSError) -> Int {
        let longest = role?.row.maxSessionDuration ?? lifetimes.upperBound
        let lifetime = asked ?? lifetimeDefault
        guard lifetimes.contains(lifetime), lifetime <= longest else {
            throw .stsValidation(
                "The requested DurationSeconds must be \(lifetimes.lowerBound) to \(longest), the "
                    + "MaxSessionDuration set for this role.")
        }
        return lifetime
    }

    /// The text of a session's policy, once it can be read.
    static func sessionPolicy(
        _ text: String?, _ arns: [STS.PolicyDescriptorType]?
    ) throws(AWSError) -> String? {
        guard arns?.isEmpty ?? true else {
            throw .stsValidation("PolicyArns are not served: say the policy itself in Policy.")
        }
        guard let text else { return nil }
        try Roles.check(text, as: .session)
        return text
    }

    /// A cut-off or revocation that came while a session was being opened is in force for it too.
    static func check(_ session: Session, among identities: IdentityState) throws(AWSError) {
        guard identities.admits(session.caller(policy: nil)) else {
            throw .accessDenied(.sts, "Not authorized: the account or its key was cut off.")
        }
    }

    func credentials(of session: Session) throws -> STS.Credentials {
        .init(
            accessKeyId: session.accessKeyID, secretAccessKey: session.secretAccessKey,
            sessionToken: try session.token(sealedBy: sealingKey), expiration: session.expiresAt)
    }
}
