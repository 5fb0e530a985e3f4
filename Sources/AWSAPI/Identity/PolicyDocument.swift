/// An IAM policy: statements that allow or deny actions on resources.
///
/// What is not understood here (conditions, negations, principals) makes the document unreadable, rather
/// than be overlooked: a policy with a hole in it would fail open.
///
/// Source: IAM User Guide, "IAM JSON policy element reference".
public struct PolicyDocument: Equatable, Sendable {
    public struct Statement: Equatable, Sendable {
        public enum Effect: String, Sendable { case allow = "Allow", deny = "Deny" }

        public var effect: Effect
        /// `s3:GetObject`, `glue:Get*`, `*`. Case does not count.
        public var actions: [String]
        /// ARNs with `*` and `?`. Case counts.
        public var resources: [String]

        public init(_ effect: Effect, actions: [String], resources: [String] = ["*"]) {
            self.effect = effect
            self.actions = actions
            self.resources = resources
        }

        func covers(_ action: String, on resource: String) -> Bool {
            actions.contains { wildcard($0.lowercased(), matches: action.lowercased()) }
                && resources.contains { wildcard($0, matches: resource) }
        }
    }

    public var statements: [Statement]

    public init(_ statements: [Statement]) { self.statements = statements }
}

/// Whether `text` is what `pattern` describes: `*` stands for any run, `?` for one character.
///
/// Linear in both: only the last star is ever tried again.
func wildcard(_ pattern: String, matches text: String) -> Bool {
    let pattern = Array(pattern.utf8)
    let text = Array(text.utf8)
    var place = 0
    var star: Int?
    var retry = 0
    var read = 0
    while read < text.count {
        if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
            star = place
            retry = read
            place += 1
        } else if place < pattern.count,
            pattern[place] == UInt8(ascii: "?") || pattern[place] == text[read]
        {
            place += 1
            read += 1
        } else if let star {
            place = star + 1
            retry += 1
            read = retry
        } else {
            return false
        }
    }
    return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
}

/// The verdict on one access, with the reason that goes into the trail.
public enum Decision: Equatable, Sendable {
    case allow
    case deny(Refusal)
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
}

/// One access, as the caller asks for it.
public struct Access: Sendable {
    public var account: AccountID
    /// `glue:GetTable`
    public var action: String
    public var resource: ARN
    /// The account whose resource it is. Nil: the caller's own, or nobody's in particular.
    public var owner: AccountID?

    public init(account: AccountID, action: String, resource: ARN, owner: AccountID? = nil) {
        self.account = account
        self.action = action
        self.resource = resource
        self.owner = owner
    }
}

/// Decides one access. Reads no store and no clock: the caller brings the policies.
///
/// - Parameters:
///   - identity: What the caller's role or user may do.
///   - session: Nil where the session has no policy of its own.
public func decide(
    _ access: Access, identity: [PolicyDocument], session: PolicyDocument? = nil
) -> Decision {
    let resource = access.resource.description
    func says(_ effect: PolicyDocument.Statement.Effect, _ documents: [PolicyDocument]) -> Bool {
        documents.contains { document in
            document.statements.contains {
                $0.effect == effect && $0.covers(access.action, on: resource)
            }
        }
    }
    if says(.deny, identity + (session.map { [$0] } ?? [])) { return .deny(.explicitDeny) }
    guard says(.allow, identity) else { return .deny(.noIdentityPolicyAllows) }
    if let session, !says(.allow, [session]) { return .deny(.sessionPolicyDoesNotAllow) }
    if let owner = access.owner, owner != access.account { return .deny(.notOwner) }
    return .allow
}
