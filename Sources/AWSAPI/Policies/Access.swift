public import FoundationEssentials

/// One access, as the caller asks for it.
public struct Access: Sendable {
    public var principal: Principal
    /// `glue:GetTable`. Case does not count.
    public var action: String
    public var resource: ARN
    /// The account whose resource it is. Nil: the caller's own, or nobody's in particular.
    public var owner: AccountID?
    public var context: Context

    public init(
        by principal: Principal, action: String, resource: ARN, owner: AccountID? = nil,
        context: Context = [:]
    ) {
        self.principal = principal
        self.action = action
        self.resource = resource
        self.owner = owner
        self.context = context
    }

    /// Whether the resource is the caller's own account's, or nobody's in particular.
    var isWithinAccount: Bool { owner == nil || owner == principal.account }
}

extension Access {
    /// Who asks, as policies name them.
    public struct Principal: Sendable {
        enum Kind: Equatable, Sendable {
            case anonymous
            case user(name: String)
            /// The ARN is the session's: `arn:aws:sts::…:assumed-role/ROLE/NAME`.
            case session(ARN)
            /// By the ARN of the provider, as `Federated` names it.
            case federated(by: String)
            /// `events.amazonaws.com`
            case service(String)
        }

        let kind: Kind
        /// Nil: of none of the exchange's accounts.
        let account: AccountID?
        /// The user's or the role's.
        let arn: ARN?
        let id: String?

        /// Nobody signed.
        ///
        /// - Parameter account: The one that anonymous requests count to.
        public static func anonymous(in account: AccountID) -> Principal {
            Principal(kind: .anonymous, account: account, arn: nil, id: "anonymous")
        }

        /// - Parameter id: STS's `UserId`.
        public static func user(_ name: String, in account: AccountID, id: String) -> Principal {
            let arn = ARN(service: "iam", account: account.rawValue, resource: "user/\(name)")
            return Principal(kind: .user(name: name), account: account, arn: arn, id: id)
        }

        /// - Parameters:
        ///   - session: As STS says it: `arn:aws:sts::222222222222:assumed-role/ROLE/NAME`.
        ///   - id: STS's `UserId`: `AROA…:NAME`.
        public static func session(
            _ session: ARN, of role: ARN, in account: AccountID, id: String
        ) -> Principal {
            Principal(kind: .session(session), account: account, arn: role, id: id)
        }

        /// Somebody with a token of an identity provider, before the session is opened. It has no
        /// policies of its own: what the role's trust policy says is all.
        public static func federated(by provider: String) -> Principal {
            Principal(kind: .federated(by: provider), account: nil, arn: nil, id: nil)
        }

        /// A service that acts for itself. It has no policies of its own either.
        public static func service(_ name: String) -> Principal {
            Principal(kind: .service(name), account: nil, arn: nil, id: nil)
        }

        /// Whether policies of its own say what it may do.
        var hasIdentity: Bool {
            switch kind {
            case .anonymous, .user, .session: true
            case .federated, .service: false
            }
        }
    }
}

extension Access {
    /// What is known of a request besides caller, action and resource.
    ///
    /// What the caller is does not belong here: the keys about the principal are answered from
    /// ``Access/principal``, whatever is set.
    public struct Context: Sendable, ExpressibleByDictionaryLiteral {
        /// When the request arrived: `aws:CurrentTime` and `aws:EpochTime`.
        public var time: Date?
        private var entries: [(key: ConditionKey, value: String)]

        public init(dictionaryLiteral elements: (ConditionKey, String)...) {
            entries = elements.map { (key: $0.0, value: $0.1) }
        }

        /// Leave out what the request does not say: an empty text is a value.
        ///
        /// `aws:SourceIp` is an address without a port; leave it out where there is none.
        public mutating func add(_ key: ConditionKey, _ value: String) {
            entries.append((key: key, value: value))
        }

        fileprivate func values(of key: ConditionKey) -> Values {
            guard let first = entries.firstIndex(where: { $0.key == key }) else {
                return timeValue(of: key).map(Values.one) ?? .absent
            }
            let others = entries[(first + 1)...].filter { $0.key == key }.map(\.value)
            return others.isEmpty
                ? .one(entries[first].value) : .several([entries[first].value] + others)
        }

        private func timeValue(of key: ConditionKey) -> String? {
            switch key {
            case .currentTime: time.map { Timestamp.iso8601.text($0) }
            case .epochTime: time.map { String(Int($0.timeIntervalSince1970.rounded(.down))) }
            default: nil
            }
        }
    }

    enum Values {
        case absent
        case one(String)
        case several([String])

        fileprivate init(_ value: String?) {
            self = value.map(Values.one) ?? .absent
        }
    }

    /// Source: IAM User Guide, "Principal key values".
    func values(of key: ConditionKey) -> Values {
        switch key {
        case .principalAccount: Values(principal.arn == nil ? nil : principal.account?.rawValue)
        case .principalARN: Values(principal.arn?.description)
        case .userID: Values(principal.id)
        case .username:
            if case .user(let name) = principal.kind { .one(name) } else { .absent }
        case .principalType:
            switch principal.kind {
            case .anonymous: .one("Anonymous")
            case .user: .one("User")
            case .session: .one("AssumedRole")
            case .federated, .service: .absent
            }
        case .sourceIP, .currentTime, .epochTime, .secureTransport, .requestedRegion, .userAgent,
            .prefix, .delimiter, .maxKeys, .versionID, .roleSessionName, .externalID, .token:
            context.values(of: key)
        }
    }
}
