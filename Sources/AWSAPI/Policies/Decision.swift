/// The verdict on one access, with the reason that goes into the trail.
public enum Decision: Equatable, Sendable {
    case allow(DecidingStatement)
    /// The statement where one says no; nil where none says yes.
    case deny(Refusal, DecidingStatement? = nil)
}

/// Why an access is refused, in the order in which it is checked.
public enum Refusal: String, Equatable, Sendable {
    /// A statement says no. Nothing can overrule it.
    case explicitDeny
    /// No statement of the caller's identity says yes.
    case noIdentityPolicyAllows
    /// The session was opened with less than its role has.
    case sessionPolicyDoesNotAllow
    /// The resource is another account's, and nothing of that account's lets the caller in.
    case notOwner
    /// The role does not let the caller assume it.
    case trustPolicyDoesNotAllow
}

/// The statement that decided, so that a verdict can be explained.
public struct DecidingStatement: Equatable, Sendable, CustomStringConvertible {
    public enum Policy: Equatable, Sendable {
        /// An index into ``Policies/identity``.
        case identity(Int)
        case resource, session
    }

    public let policy: Policy
    /// In its document, counted from 0.
    public let index: Int
    public let sid: String?

    /// `statement ReadGold of the identity's policy 2`
    public var description: String {
        let statement = sid.map { "statement \($0)" } ?? "statement \(index)"
        return switch policy {
        case .identity(let place): "\(statement) of the identity's policy \(place)"
        case .resource: "\(statement) of the resource's policy"
        case .session: "\(statement) of the session's policy"
        }
    }
}

/// The policies that one access is decided under.
public struct Policies: Sendable {
    /// What the caller's role or user may do.
    public var identity: [PolicyDocument]
    /// What is attached to the resource. Nil where there is none.
    public var resource: PolicyDocument?
    /// Whether nothing goes but what the resource's policy allows, for the owner's callers as well.
    public var resourceMustAllow: Bool
    /// Nil where the session has no policy of its own.
    public var session: PolicyDocument?

    public init(
        identity: [PolicyDocument], resource: PolicyDocument? = nil,
        session: PolicyDocument? = nil
    ) {
        self.identity = identity
        self.resource = resource
        self.session = session
        resourceMustAllow = false
    }

    /// For `sts:AssumeRole` and its kin, on a role.
    public init(
        identity: [PolicyDocument], trust: PolicyDocument, session: PolicyDocument? = nil
    ) {
        self.init(identity: identity, resource: trust, session: session)
        resourceMustAllow = true
    }
}

/// Decides one access. Reads no store and no clock: the caller brings both.
///
/// - A `Deny` anywhere wins.
/// - Within an account, one `Allow` is enough: of the identity, or of the resource if it names the
///   caller. If it names only the account, the identity has to allow as well.
/// - On another account's resource both have to allow.
/// - A session's policy limits everything, what the resource allows included. (AWS lets a
///   resource's policy reach past it by naming the session.)
/// - Nobody is let in by a resource's policy without a signature.
///
/// Source: IAM User Guide, "Policy evaluation logic".
public func decide(_ access: Access, under policies: Policies) -> Decision {
    let action = access.action.lowercased()
    let principal = access.principal
    var byIdentity: DecidingStatement?
    for (place, document) in policies.identity.enumerated() {
        let findings = document.findings(on: access, action: action, in: .identity(place))
        if let denial = findings.denial { return .deny(.explicitDeny, denial) }
        byIdentity = byIdentity ?? findings.allowance
    }
    let onResource = policies.resource?.findings(on: access, action: action, in: .resource)
    if let denial = onResource?.denial { return .deny(.explicitDeny, denial) }
    let ofSession = policies.session?.findings(on: access, action: action, in: .session)
    if let denial = ofSession?.denial { return .deny(.explicitDeny, denial) }

    let isLetIn = onResource?.allowance != nil || onResource?.delegation != nil
    let ground: DecidingStatement? =
        if !principal.hasIdentity {
            onResource?.allowance
        } else if access.isWithinAccount {
            byIdentity ?? onResource?.allowance
        } else {
            byIdentity
        }
    if ground == nil, principal.hasIdentity { return .deny(.noIdentityPolicyAllows) }
    if let ofSession, ofSession.allowance == nil { return .deny(.sessionPolicyDoesNotAllow) }
    if policies.resourceMustAllow, !isLetIn { return .deny(.trustPolicyDoesNotAllow) }
    if !access.isWithinAccount, !isLetIn { return .deny(.notOwner) }
    return ground.map(Decision.allow) ?? .deny(.notOwner)
}

extension PolicyDocument {
    /// What a document has to say of an access: the first statement of each kind.
    struct Findings {
        var denial: DecidingStatement?
        var allowance: DecidingStatement?
        /// Allows it to the account, which has to pass it on.
        var delegation: DecidingStatement?
    }

    /// Ends at the first denial.
    ///
    /// - Parameter action: The access's, in small letters.
    func findings(
        on access: Access, action: String, in policy: DecidingStatement.Policy
    ) -> Findings {
        var findings = Findings()
        for index in matchers.indices {
            let matcher = matchers[index]
            let effect = matcher?.effect ?? statements[index].effect
            let reach = matcher?.reach(to: access, action: action, in: policy)
            // What is not understood denies, and does not allow.
            if reach == .no || (reach == nil && effect == .allow) { continue }
            let decider = DecidingStatement(
                policy: policy, index: index, sid: statements[index].sid)
            switch effect {
            case .deny:
                findings.denial = decider
                return findings
            case .allow where reach == .directly:
                findings.allowance = findings.allowance ?? decider
            case .allow: findings.delegation = findings.delegation ?? decider
            }
        }
        return findings
    }
}

extension StatementMatcher {
    /// Whether and how the statement takes effect on an access. What the request leaves open denies,
    /// and does not allow.
    fileprivate func reach(
        to access: Access, action: String, in policy: DecidingStatement.Policy
    ) -> PrincipalPattern.Naming {
        switch matches(access, action: action) {
        case .no: return .no
        case .open where effect == .allow: return .no
        case .open, .yes: break
        }
        let naming = names(access.principal)
        guard policy == .resource else { return naming ?? .directly }
        switch (effect, access.principal.kind) {
        case (.deny, _): return naming ?? .directly
        case (.allow, .anonymous): return .no
        case (.allow, _): return naming ?? .no
        }
    }
}
