import AWSAPI
import Testing

/// Source: IAM User Guide, "Policy evaluation logic".
@Suite struct `An access is decided` {
    enum Who: Sendable { case user, session, anonymous }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var who = Who.session
        /// Whether the resource is the caller's own account's.
        var isOwn = true
        /// `Allow`, `Deny` or nothing.
        var identity = ""
        var session: String?
        /// What the resource's policy says, of whom.
        var resource: (effect: String, principal: String)?
        /// Nil: allowed.
        var refusal: Refusal?

        var testDescription: String { name }
    }

    @Test(arguments: [
        Row(name: "nothing says yes", refusal: .noIdentityPolicyAllows),
        Row(name: "the identity says yes", identity: "Allow"),
        Row(name: "the identity says no", identity: "Deny", refusal: .explicitDeny),
        Row(
            name: "the resource says no", identity: "Allow", resource: ("Deny", #""*""#),
            refusal: .explicitDeny),
        Row(
            name: "the session says no", identity: "Allow", session: "Deny", refusal: .explicitDeny),
        Row(
            name: "the session says nothing", identity: "Allow", session: "",
            refusal: .sessionPolicyDoesNotAllow),
        Row(name: "the session says yes", identity: "Allow", session: "Allow"),
        Row(name: "only the session says yes", session: "Allow", refusal: .noIdentityPolicyAllows),

        Row(name: "the resource names everyone", resource: ("Allow", #""*""#)),
        Row(name: "the resource names everyone of AWS", resource: ("Allow", #"{"AWS":"*"}"#)),
        Row(name: "the resource names the role", resource: ("Allow", aws(PolicyExample.role))),
        Row(
            name: "the resource names the session", resource: ("Allow", aws(PolicyExample.session))),
        Row(
            name: "the resource names the user", who: .user,
            resource: ("Allow", aws(PolicyExample.user))),
        Row(
            name: "the resource names another session",
            resource: ("Allow", aws(PolicyExample.session + "2")), refusal: .noIdentityPolicyAllows),
        Row(
            name: "the resource names a user, and a session asks",
            resource: ("Allow", aws(PolicyExample.user)), refusal: .noIdentityPolicyAllows),
        Row(
            name: "the resource names only the account", resource: ("Allow", aws("222222222222")),
            refusal: .noIdentityPolicyAllows),
        Row(
            name: "the resource names only the account's root",
            resource: ("Allow", aws(PolicyExample.root)), refusal: .noIdentityPolicyAllows),
        Row(
            name: "the resource names the account, and the identity says yes", identity: "Allow",
            resource: ("Allow", aws("222222222222"))),
        Row(
            name: "the resource says no to the account", identity: "Allow",
            resource: ("Deny", aws("222222222222")), refusal: .explicitDeny),
        Row(
            name: "the resource says no to the role", identity: "Allow",
            resource: ("Deny", aws(PolicyExample.role)), refusal: .explicitDeny),
        Row(
            name: "the resource says no to another account", identity: "Allow",
            resource: ("Deny", aws("333333333333"))),
        // Stricter than AWS where the session is named.
        Row(
            name: "a session's policy limits what the resource allows its role", session: "",
            resource: ("Allow", aws(PolicyExample.role)), refusal: .sessionPolicyDoesNotAllow),
        Row(
            name: "a session's policy limits what the resource allows the session", session: "",
            resource: ("Allow", aws(PolicyExample.session)), refusal: .sessionPolicyDoesNotAllow),

        Row(name: "a stranger's, nothing says yes", isOwn: false, refusal: .noIdentityPolicyAllows),
        Row(
            name: "a stranger's, only the identity says yes", isOwn: false, identity: "Allow",
            refusal: .notOwner),
        Row(
            name: "a stranger's, only the resource says yes", isOwn: false,
            resource: ("Allow", aws(PolicyExample.role)), refusal: .noIdentityPolicyAllows),
        Row(
            name: "a stranger's, the resource names somebody else", isOwn: false, identity: "Allow",
            resource: ("Allow", aws("333333333333")), refusal: .notOwner),
        Row(
            name: "a stranger's, both say yes to the role", isOwn: false, identity: "Allow",
            resource: ("Allow", aws(PolicyExample.role))),
        Row(
            name: "a stranger's, both say yes to the account", isOwn: false, identity: "Allow",
            resource: ("Allow", aws(PolicyExample.root))),
        Row(
            name: "a stranger's, the session says nothing, nor does the owner", isOwn: false,
            identity: "Allow", session: "", refusal: .sessionPolicyDoesNotAllow),

        Row(name: "nobody, as its policies say", who: .anonymous, identity: "Allow"),
        Row(
            name: "nobody, and the resource names everyone", who: .anonymous,
            resource: ("Allow", #""*""#), refusal: .noIdentityPolicyAllows),
        Row(
            name: "nobody, and a stranger's resource names everyone", who: .anonymous, isOwn: false,
            identity: "Allow", resource: ("Allow", #""*""#), refusal: .notOwner),
        Row(
            name: "nobody, and the resource says no to everyone", who: .anonymous,
            identity: "Allow", resource: ("Deny", #"{"AWS":"*"}"#), refusal: .explicitDeny),
        Row(
            name: "nobody, and the resource says no to its account", who: .anonymous,
            identity: "Allow", resource: ("Deny", aws("222222222222"))),
    ])
    func `by the first rule that refuses`(_ row: Row) throws {
        let caller =
            switch row.who {
            case .user: try PolicyExample.userCaller()
            case .session: try PolicyExample.sessionCaller()
            case .anonymous: try PolicyExample.anonymousCaller()
            }
        let access = Access(
            by: caller, action: "s3:GetObject", resource: .s3(bucket: "lake", key: "a"),
            owner: row.isOwn ? PolicyExample.account : PolicyExample.provider)
        let resource = try row.resource.map {
            try Self.document($0.effect, #""Principal":\#($0.principal),"#, .resource)
        }
        let policies = Policies(
            identity: try [Self.document(row.identity, "", .identity)], resource: resource,
            session: try row.session.map { try Self.document($0, "", .session) })
        #expect(decide(access, under: policies).refusal == row.refusal)
    }

    /// One statement of that effect on the access; without an effect, on another.
    private static func document(
        _ effect: String, _ principal: String, _ kind: PolicyDocument.Kind
    ) throws -> PolicyDocument {
        try PolicyDocument(
            parsing: """
                {"Statement":{"Effect":"\(effect.isEmpty ? "Allow" : effect)",\(principal)
                "Action":"s3:\(effect.isEmpty ? "Put" : "Get")*","Resource":"arn:aws:s3:::lake/*"}}
                """, as: kind)
    }

    private static func aws(_ principal: String) -> String { #"{"AWS":"\#(principal)"}"# }

    @Test(arguments: [
        ([PolicyExample.root, PolicyExample.role, PolicyExample.session], true),
        // Every level has to be named.
        ([PolicyExample.role, PolicyExample.session], false),
        ([PolicyExample.root, PolicyExample.role], false),
        ([PolicyExample.root, PolicyExample.session], false),
        ([PolicyExample.root, PolicyExample.role, PolicyExample.session + "2"], false),
        ([PolicyExample.root], false),
    ])
    func `against all but those named on every level`(
        principals: [String], isExcepted: Bool
    ) throws {
        let list = JSONValue.array(principals.map(JSONValue.string)).text
        let resource = try PolicyDocument(
            parsing: """
                {"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":\(list)},"Action":"*",
                "Resource":"*"}}
                """, as: .resource)
        let policies = Policies(
            identity: [PolicyDocument([.init(.allow, actions: ["*"])])], resource: resource)
        func decides(_ caller: Access.Principal) -> Decision {
            decide(
                Access(by: caller, action: "s3:GetObject", resource: .s3(bucket: "lake")),
                under: policies)
        }
        #expect(decides(try PolicyExample.sessionCaller()).isAllow == isExcepted)
        #expect(!decides(try PolicyExample.sessionCaller(named: "other")).isAllow)
        #expect(!decides(try PolicyExample.userCaller()).isAllow)
        #expect(!decides(try PolicyExample.anonymousCaller()).isAllow)
    }

    @Test func `for a role by its trust policy, which nothing replaces`() throws {
        let provider = try #require(PolicyExample.provider)
        func assumes(
            _ caller: Access.Principal, ownedBy owner: AccountID?, _ principal: String,
            identity: Bool, externalID: String? = nil
        ) throws -> Refusal? {
            let trust = try PolicyDocument(
                parsing: """
                    {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":\(principal),
                    "Action":"sts:AssumeRole*",
                    "Condition":{"StringEqualsIfExists":{"sts:ExternalId":"secret"}}}}
                    """, as: .trust)
            var context: Access.Context = [.roleSessionName: "laptop"]
            if let externalID { context.add(.externalID, externalID) }
            let access = Access(
                by: caller, action: "sts:AssumeRole", resource: .role("r", in: provider),
                owner: owner, context: context)
            let allow = PolicyDocument([.init(.allow, actions: ["sts:*"])])
            return decide(access, under: Policies(identity: identity ? [allow] : [], trust: trust))
                .refusal
        }
        let ada = try PolicyExample.userCaller()
        let own = try #require(PolicyExample.account)
        let named = Self.aws(PolicyExample.user)
        let account = Self.aws("222222222222")
        let other = Self.aws("333333333333")
        #expect(try assumes(ada, ownedBy: own, named, identity: false) == nil)
        #expect(
            try assumes(ada, ownedBy: own, account, identity: false) == .noIdentityPolicyAllows)
        #expect(try assumes(ada, ownedBy: own, account, identity: true) == nil)
        #expect(
            try assumes(ada, ownedBy: own, other, identity: true) == .trustPolicyDoesNotAllow)
        #expect(
            try assumes(ada, ownedBy: provider, named, identity: false) == .noIdentityPolicyAllows)
        #expect(try assumes(ada, ownedBy: provider, named, identity: true) == nil)
        #expect(
            try assumes(ada, ownedBy: provider, other, identity: true) == .trustPolicyDoesNotAllow)
        #expect(
            try assumes(ada, ownedBy: own, named, identity: true, externalID: "secret") == nil)
        #expect(
            try assumes(ada, ownedBy: own, named, identity: true, externalID: "x")
                == .trustPolicyDoesNotAllow)

        let federated = Access.Principal.federated(by: "https://idp.example")
        let idp = #"{"Federated":"https://idp.example"}"#
        #expect(try assumes(federated, ownedBy: provider, idp, identity: false) == nil)
        #expect(
            try assumes(federated, ownedBy: provider, #"{"AWS":"*"}"#, identity: true)
                == .trustPolicyDoesNotAllow)
        let service = Access.Principal.service("events.amazonaws.com")
        #expect(
            try assumes(
                service, ownedBy: provider, #"{"Service":"events.amazonaws.com"}"#, identity: false)
                == nil)
        #expect(
            try assumes(service, ownedBy: provider, idp, identity: true) == .trustPolicyDoesNotAllow
        )
        #expect(
            try assumes(
                PolicyExample.anonymousCaller(), ownedBy: provider, #""*""#, identity: true)
                == .trustPolicyDoesNotAllow)
    }

    /// A bucket's policy and a role's.
    static let manual = (
        bucket: """
        {"Version":"2012-10-17","Statement":[
        {"Sid":"ReadGold","Effect":"Allow",
        "Principal":{"AWS":"arn:aws:iam::222222222222:role/reader"},
        "Action":["s3:GetObject","s3:GetObjectVersion"],
        "Resource":"arn:aws:s3:::nomura-data-lake/gold/*"},
        {"Sid":"OnlyTLS","Effect":"Deny","Principal":"*","Action":"s3:*",
        "Resource":["arn:aws:s3:::nomura-data-lake","arn:aws:s3:::nomura-data-lake/*"],
        "Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}
        """,
        role: """
        {"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::nomura-data-lake",
        "Condition":{"StringLike":{"s3:prefix":"gold/nav/*"},
        "IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}},
        {"Effect":"Allow","Action":"s3:GetObject",
        "Resource":"arn:aws:s3:::nomura-data-lake/gold/nav/*",
        "Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}},
        {"Effect":"Allow","Action":"s3:PutObject",
        "Resource":"arn:aws:s3:::scratch/${aws:userid}/*"}]}
        """
    )

    @Test(
        arguments: [
            ("s3:GetObject", "nomura-data-lake/gold/nav/a", "203.0.113.9", "true", nil),
            ("s3:GetObject", "nomura-data-lake/gold/nav/a", "203.0.113.9", "false", .explicitDeny),
            (
                "s3:GetObject", "nomura-data-lake/gold/nav/a", "198.51.100.1", "true",
                .noIdentityPolicyAllows
            ),
            (
                "s3:GetObject", "nomura-data-lake/gold/esg/a", "203.0.113.9", "true",
                .noIdentityPolicyAllows
            ),
            ("s3:ListBucket", "nomura-data-lake", "203.0.113.9", "true", .notOwner),
            ("s3:PutObject", "scratch/AROAREADER:laptop/a", "198.51.100.1", "true", .notOwner),
            (
                "s3:PutObject", "scratch/AROAREADER:other/a", "198.51.100.1", "true",
                .noIdentityPolicyAllows
            ),
        ] as [(String, String, String, String, Refusal?)])
    func `as the manual's examples say`(
        action: String, resource: String, source: String, isSecure: String, refusal: Refusal?
    ) throws {
        let access = Access(
            by: try PolicyExample.sessionCaller(), action: action,
            resource: try #require(ARN("arn:aws:s3:::" + resource)), owner: PolicyExample.provider,
            context: [
                .sourceIP: source, .secureTransport: isSecure, .prefix: "gold/nav/daily/",
            ])
        let policies = Policies(
            identity: [try PolicyDocument(parsing: Self.manual.role, as: .identity)],
            resource: try PolicyDocument(parsing: Self.manual.bucket, as: .resource))
        #expect(decide(access, under: policies).refusal == refusal)
    }

    @Test func `with the statement that decided`() throws {
        let identity = PolicyDocument([
            .init(.allow, actions: ["glue:*"]), .init(.allow, sid: "Read", actions: ["s3:Get*"]),
        ])
        let resource = PolicyDocument([
            .init(.deny, principals: [.everyone], actions: ["s3:Put*"]),
            .init(.allow, principals: [.aws(PolicyExample.role)], actions: ["s3:List*"]),
        ])
        let session = PolicyDocument([
            .init(.allow, actions: ["*"]), .init(.deny, sid: "NotNow", actions: ["glue:*"]),
        ])
        let policies = Policies(
            identity: [PolicyDocument([.init(.allow, actions: ["x:*"])]), identity],
            resource: resource, session: session)
        func decides(_ action: String) throws -> Decision {
            decide(
                Access(
                    by: try PolicyExample.sessionCaller(), action: action,
                    resource: .s3(bucket: "lake")),
                under: policies)
        }
        func said(_ decision: Decision) -> String? {
            switch decision {
            case .allow(let statement): statement.description
            case .deny(_, let statement): statement?.description
            }
        }
        #expect(try said(decides("s3:GetObject")) == "statement Read of the identity's policy 1")
        #expect(try said(decides("s3:ListBucket")) == "statement 1 of the resource's policy")
        #expect(try said(decides("s3:PutObject")) == "statement 0 of the resource's policy")
        #expect(try said(decides("glue:GetTable")) == "statement NotNow of the session's policy")
        #expect(try decides("sqs:SendMessage") == .deny(.noIdentityPolicyAllows))
    }
}
