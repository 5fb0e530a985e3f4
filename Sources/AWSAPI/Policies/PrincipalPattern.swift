/// One value of `Principal` or `NotPrincipal`, ready to be asked.
enum PrincipalPattern: Hashable, Sendable {
    /// `"*"`
    case everyone
    /// `{"AWS": "*"}`: everyone but services and the federated.
    case everyoneOfAWS
    case account(AccountID)
    /// A user or a role, which stands for all its sessions.
    case identity(ARN)
    case session(ARN)
    case federated(String)
    case service(String)

    /// How near a policy comes to naming a caller.
    enum Naming: Comparable, Sendable {
        case no
        /// As one of an account, which then has to allow it as well.
        case byAccount
        case directly
    }

    /// Wildcards stand alone or not at all: a principal's ARN is never a pattern.
    ///
    /// Source: IAM User Guide, "AWS JSON policy elements: Principal".
    init(_ principal: PolicyDocument.Statement.Principal) throws(PolicyFault) {
        switch principal {
        case .everyone: self = .everyone
        case .aws("*"): self = .everyoneOfAWS
        case .aws(let text):
            guard let pattern = Self.principal(text) else {
                throw PolicyFault(
                    "\(PolicyFault.quote(text)) names no account, user, role or session.")
            }
            self = pattern
        case .federated(let text):
            try Self.check(text)
            self = .federated(text)
        case .service(let text):
            try Self.check(text)
            self = .service(text)
        }
    }

    private static func principal(_ text: String) -> PrincipalPattern? {
        if let account = AccountID(rawValue: text) { return .account(account) }
        guard let arn = ARN(text), arn.region.isEmpty,
            let account = AccountID(rawValue: arn.account),
            !text.utf8.contains(UInt8(ascii: "*")), !text.utf8.contains(UInt8(ascii: "?"))
        else { return nil }
        let path = arn.resource.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.contains("") else { return nil }
        return switch (arn.service, path[0], path.count) {
        case ("iam", "root", 1): .account(account)
        case ("iam", "user", 2...), ("iam", "role", 2...): .identity(arn)
        case ("sts", "assumed-role", 3): .session(arn)
        default: nil
        }
    }

    private static func check(_ text: String) throws(PolicyFault) {
        guard !text.isEmpty, !text.utf8.contains(UInt8(ascii: "*")) else {
            throw PolicyFault("\(PolicyFault.quote(text)) names nobody in particular.")
        }
    }

    func names(_ principal: Access.Principal) -> Naming {
        switch (self, principal.kind) {
        case (.everyone, _), (.everyoneOfAWS, .anonymous), (.everyoneOfAWS, .user),
            (.everyoneOfAWS, .session):
            .directly
        case (.account(let account), .user), (.account(let account), .session):
            account == principal.account ? .byAccount : .no
        case (.identity(let arn), .user), (.identity(let arn), .session):
            arn == principal.arn ? .directly : .no
        case (.session(let arn), .session(let session)): arn == session ? .directly : .no
        case (.federated(let one), .federated(let other)): one == other ? .directly : .no
        case (.service(let one), .service(let other)): one == other ? .directly : .no
        case (_, _): .no
        }
    }
}

/// Whom a statement is about.
struct PrincipalSet: Equatable, Sendable {
    private let values: PolicyDocument.Statement.Values<PrincipalPattern>

    /// - Throws: ``PolicyFault`` for an exception that would let strangers in, or except everyone.
    init(
        _ principals: PolicyDocument.Statement.Values<PolicyDocument.Statement.Principal>,
        of effect: PolicyDocument.Statement.Effect
    ) throws(PolicyFault) {
        values = try principals.map { principal throws(PolicyFault) in
            try PrincipalPattern(principal)
        }
        guard case .allBut(let exceptions) = values else { return }
        guard effect == .deny else {
            throw PolicyFault("NotPrincipal goes with the effect Deny alone.")
        }
        guard !exceptions.contains(.everyone), !exceptions.contains(.everyoneOfAWS) else {
            throw PolicyFault("\"*\" excepts everyone.")
        }
    }

    func names(_ principal: Access.Principal) -> PrincipalPattern.Naming {
        switch values {
        case .only(let patterns): patterns.lazy.map { $0.names(principal) }.max() ?? .no
        case .allBut(let patterns): Self.excepts(principal, patterns) ? .no : .directly
        }
    }

    /// Only whom the list names on every level is excepted: the account, and the user or both role
    /// and session.
    ///
    /// Source: IAM User Guide, "AWS JSON policy elements: NotPrincipal".
    private static func excepts(
        _ principal: Access.Principal, _ patterns: [PrincipalPattern]
    ) -> Bool {
        func lists(_ test: (PrincipalPattern) -> Bool) -> Bool { patterns.contains(where: test) }
        let listsAccount = lists { $0 == principal.account.map(PrincipalPattern.account) }
        let listsIdentity = lists { $0 == principal.arn.map(PrincipalPattern.identity) }
        return switch principal.kind {
        case .anonymous: false
        case .user: listsAccount && listsIdentity
        case .session(let arn): listsAccount && listsIdentity && lists { $0 == .session(arn) }
        case .federated(let provider): lists { $0 == .federated(provider) }
        case .service(let name): lists { $0 == .service(name) }
        }
    }
}
