public import AWSAPI
public import FoundationEssentials

/// Who makes a request, as the signature proved it.
public struct Caller: Sendable {
    public enum Kind: Sendable {
        /// Nobody signed. The account is the exchange's.
        case anonymous
        /// The provider's administrator, by the key of `bourse init`.
        case user(name: String)
        /// A session of a role, opened at `issuedAt`.
        case session(role: String, name: String, issuedAt: Date)
    }

    public let account: AccountID
    public let kind: Kind
    public let accessKeyID: String
    /// Of a session of a role that somebody made, IAM's id of the role.
    let roleID: String?
    /// Of a session, the key with which it was opened in the first place.
    let openedBy: String?
    /// Of a session, the account of whoever opened it.
    let openedFrom: AccountID?
    /// What the session may do at most, of what its role may.
    let sessionPolicy: PolicyDocument?
    /// Of a session that reads the files of one table, which.
    let lent: LentFiles?

    public init(account: AccountID, kind: Kind, accessKeyID: String) {
        self.init(
            account: account, kind: kind, accessKeyID: accessKeyID, roleID: nil, openedBy: nil,
            openedFrom: nil, sessionPolicy: nil)
    }

    init(
        account: AccountID, kind: Kind, accessKeyID: String, roleID: String?, openedBy: String?,
        openedFrom: AccountID?, sessionPolicy: PolicyDocument?, lent: LentFiles? = nil
    ) {
        self.account = account
        self.kind = kind
        self.accessKeyID = accessKeyID
        self.roleID = roleID
        self.openedBy = openedBy
        self.openedFrom = openedFrom
        self.sessionPolicy = sessionPolicy
        self.lent = lent
    }

    /// As STS says it: `arn:aws:sts::222222222222:assumed-role/data-subscriber/NAME`.
    public var arn: ARN {
        switch kind {
        case .anonymous: ARN(service: "iam", account: account.rawValue, resource: "anonymous")
        case .user(let name):
            ARN(service: "iam", account: account.rawValue, resource: "user/\(name)")
        case .session(let role, let name, _):
            ARN(
                service: "sts", account: account.rawValue,
                resource: "assumed-role/\(role)/\(name)")
        }
    }

    /// As policies and grants name it: a session counts as its role.
    public var principal: ARN {
        switch kind {
        case .anonymous, .user: arn
        case .session(let role, _, _): .role(role, in: account)
        }
    }

    /// What it is called in its role, or as a user, who has none.
    var name: (role: String?, session: String) {
        switch kind {
        case .anonymous: (nil, "")
        case .user(let name): (nil, name)
        case .session(let role, let name, _): (role, name)
        }
    }

    /// Nil for all but users.
    var userName: String? {
        if case .user(let name) = kind { name } else { nil }
    }

    /// STS's `UserId`.
    public var userID: String {
        switch kind {
        case .anonymous: "ANONYMOUS"
        case .user(let name): "AIDA\(name.uppercased())"
        case .session(let role, let name, _):
            "\(roleID ?? "AROA" + role.uppercased()):\(name)"
        }
    }

    var asPoliciesSeeIt: Access.Principal {
        switch kind {
        case .anonymous: .anonymous(in: account)
        case .user(let name): .user(name, in: account, id: userID)
        case .session(let role, _, _):
            .session(arn, of: .role(role, in: account), in: account, id: userID)
        }
    }
}

/// One request on its way through the exchange: who, from where, under which id.
public struct Call: Sendable {
    public let caller: Caller
    public let origin: Origin
    /// When it arrived.
    public let time: Date

    /// What is known of a request before anyone knows who makes it.
    public struct Origin: Sendable {
        public let requestID: UUID
        public let sourceAddress: String
        public let userAgent: String?
        /// `http://127.0.0.1:9400`: as the client reached us, for URLs in answers.
        public let endpoint: String

        public init(
            requestID: UUID, sourceAddress: String, userAgent: String?, endpoint: String
        ) {
            self.requestID = requestID
            self.sourceAddress = sourceAddress
            self.userAgent = userAgent
            self.endpoint = endpoint
        }
    }

    public init(caller: Caller, origin: Origin, time: Date) {
        self.caller = caller
        self.origin = origin
        self.time = time
    }
}
