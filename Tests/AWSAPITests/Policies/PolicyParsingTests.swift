import AWSAPI
import Testing

@Suite struct `A policy document` {
    static let statement = #""Effect":"Allow","Action":"s3:GetObject","Resource":"*""#

    @Test(arguments: [
        (#"{"Statement":{\#(statement)}}"#, PolicyDocument.Kind.identity),
        (#"{"Version":"2012-10-17","Id":"x","Statement":[{\#(statement)}]}"#, .identity),
        (#"{"Version":"2008-10-17","Statement":[{"Sid":"",\#(statement)}]}"#, .identity),
        (#"{"Statement":{"Effect":"Deny","NotAction":["*"],"NotResource":["*"]}}"#, .session),
        (#"{"Statement":{"Principal":"*",\#(statement)}}"#, .resource),
        (#"{"Statement":{"Sid":"With blanks, please.","Principal":"*",\#(statement)}}"#, .resource),
        (#"{"Statement":{"Principal":{"AWS":"*"},\#(statement)}}"#, .resource),
        (#"{"Statement":{"Principal":{"AWS":["222222222222"]},\#(statement)}}"#, .resource),
        (#"{"Statement":{"Principal":{"AWS":"\#(PolicyExample.root)"},\#(statement)}}"#, .resource),
        (#"{"Statement":{"Principal":{"AWS":"\#(PolicyExample.role)"},\#(statement)}}"#, .resource),
        (
            #"{"Statement":{"Principal":{"AWS":"arn:aws:iam::222222222222:role/a/b"},\#(statement)}}"#,
            .resource
        ),
        (
            #"{"Statement":{"NotPrincipal":{"AWS":"\#(PolicyExample.session)"},"#
                + #""Effect":"Deny","Action":"*","Resource":"*"}}"#, .resource
        ),
        (
            #"{"Statement":{"Principal":{"Service":"events.amazonaws.com"},\#(statement)}}"#,
            .resource
        ),
        (
            #"{"Statement":{"Effect":"Allow","Principal":{"Federated":"https://idp.example","#
                + #""AWS":["222222222222"]},"Action":"sts:AssumeRole"}}"#, .trust
        ),
    ])
    func `is read and says the same when it is written`(
        text: String, kind: PolicyDocument.Kind
    ) throws {
        let policy = try PolicyDocument(parsing: text, as: kind)
        #expect(try PolicyDocument(parsing: policy.text, as: kind) == policy)
    }

    @Test(arguments: [
        (PolicyDocument.Kind.identity, 10_240), (.resource, 20_480), (.session, 2_048),
    ])
    func `is of a limited size`(kind: PolicyDocument.Kind, sizeMax: Int) throws {
        func policy(_ size: Int) -> String {
            let principal = kind == .resource ? #""Principal":"*","# : ""
            let head = #"{"Statement":{\#(principal)\#(Self.statement),"#
            let tail = #""Condition":{"StringEquals":{"s3:prefix":""}}}}"#
            let fill = String(repeating: "x", count: size - head.utf8.count - tail.utf8.count)
            return head + tail.replacing(#""}}"#, with: #"\#(fill)"}}"#)
        }
        #expect(throws: Never.self) { try PolicyDocument(parsing: policy(sizeMax), as: kind) }
        #expect(throws: PolicyFault.self) {
            try PolicyDocument(parsing: policy(sizeMax + 1), as: kind)
        }
        let indented = policy(sizeMax) + String(repeating: " ", count: 1_000)
        if kind == .identity {
            #expect(throws: Never.self) { try PolicyDocument(parsing: indented, as: kind) }
        } else {
            #expect(throws: PolicyFault.self) { try PolicyDocument(parsing: indented, as: kind) }
        }
        let blank = policy(sizeMax) + String(repeating: " ", count: PolicyDocument.textBytesMax)
        #expect(throws: PolicyFault.self) { try PolicyDocument(parsing: blank, as: kind) }
    }

    @Test func `has a limited number of statements, and a limited depth`() throws {
        let statement = #"{"Principal":"*","Effect":"Deny","Action":"*","Resource":"*"}"#
        func policy(_ count: Int) -> String {
            let list = Array(repeating: statement, count: count).joined(separator: ",")
            return #"{"Statement":[\#(list)]}"#
        }
        let countMax = PolicyDocument.statementsMax
        #expect(throws: Never.self) { try PolicyDocument(parsing: policy(countMax), as: .resource) }
        let fault = #expect(throws: PolicyFault.self) {
            try PolicyDocument(parsing: policy(countMax + 1), as: .resource)
        }
        #expect(fault?.reason == "There are 257 statements: it takes 1 to 256.")
        let deep = String(repeating: "[", count: 1_000)
        #expect(throws: PolicyFault.self) {
            try PolicyDocument(parsing: #"{"Statement":"# + deep, as: .identity)
        }
    }

    @Test func `made with a mistake allows nothing or denies everything`() throws {
        let mistakes: [PolicyDocument.Statement.Condition] = [
            .init("StringMatches", "s3:prefix", ["*"]), .init("StringLike", "s3:none", ["*"]),
            .init("NumericEquals", "s3:max-keys", ["x"]), .init("StringLike", "s3:prefix", []),
        ]
        let access = Access(
            by: try PolicyExample.userCaller(), action: "s3:GetObject",
            resource: .s3(bucket: "lake"), context: [.prefix: "a"])
        let all = PolicyDocument([.init(.allow, actions: ["*"])])
        for mistake in mistakes {
            let allow = PolicyDocument([.init(.allow, actions: ["*"], conditions: [mistake])])
            #expect(
                decide(access, under: Policies(identity: [allow])) == .deny(.noIdentityPolicyAllows)
            )
            let deny = PolicyDocument([
                .init(.deny, actions: ["glue:*"], conditions: [mistake])
            ])
            #expect(
                decide(access, under: Policies(identity: [all, deny])).refusal == .explicitDeny)
            // And it is not read back as if nothing were.
            #expect(throws: PolicyFault.self) {
                try PolicyDocument(parsing: allow.text, as: .identity)
            }
        }
    }

    /// JSON has no way to say it but by joining the values, which would allow more.
    @Test func `with one key twice under one operator is a mistake`() throws {
        let twice = PolicyDocument([
            .init(
                .allow, actions: ["*"],
                conditions: [
                    .init("StringLike", "s3:prefix", ["a*"]),
                    .init("Null", "s3:delimiter", ["true"]),
                    .init("StringLike", "s3:prefix", ["*b"]),
                ])
        ])
        let access = Access(
            by: try PolicyExample.userCaller(), action: "s3:ListBucket",
            resource: .s3(bucket: "lake"), context: [.prefix: "ab"])
        #expect(!decide(access, under: Policies(identity: [twice])).isAllow)
        #expect(throws: PolicyFault.self) {
            try PolicyDocument(parsing: twice.text, as: .identity)
        }
    }

    // MARK: Laws

    static let example = """
        {"Version":"2012-10-17","Id":"é","Statement":[{"Sid":"A","Effect":"Allow",
        "Principal":{"AWS":["222222222222","\(PolicyExample.role)"],"Service":"a.b"},
        "NotAction":"s3:Get*","Resource":["arn:aws:s3:::lake/${aws:username, 'x'}/*"],
        "Condition":{"ForAnyValue:StringLikeIfExists":{"s3:prefix":["a*","${*}"]},
        "IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]},
        "DateLessThan":{"aws:CurrentTime":"2026-01-31T12:00:00Z"},"Bool":{"aws:SecureTransport":true}}},
        {"Effect":"Deny","NotPrincipal":{"AWS":"\(PolicyExample.user)"},"Action":["*"],"NotResource":"*"}]}
        """

    @Test func `is refused when cut anywhere`() throws {
        let whole = try PolicyDocument(parsing: Self.example, as: .resource)
        #expect(try PolicyDocument(parsing: whole.text, as: .resource) == whole)
        let bytes = Array(Self.example.utf8)
        for end in bytes.indices {
            #expect(throws: PolicyFault.self, "cut at \(end)") {
                try PolicyDocument(
                    parsing: String(decoding: bytes[..<end], as: UTF8.self), as: .resource)
            }
        }
    }

    @Test(arguments: UInt64(1)...1_000)
    func `of random changes is refused, or read and says the same again`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var bytes = Array(Self.example.utf8)
        let likely = Array("{}[]\",:*?$'/.0123456789aA \\".utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(likely.randomElement(using: &random) ?? 0, at: place)
            default: bytes[place] = .random(in: 0...255, using: &random)
            }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let policy = try? PolicyDocument(parsing: text, as: .resource) else { return }
        #expect(try PolicyDocument(parsing: policy.text, as: .resource) == policy)
        let access = Access(
            by: try PolicyExample.sessionCaller(), action: "s3:GetObject",
            resource: .s3(bucket: "lake"))
        _ = decide(access, under: Policies(identity: [], resource: policy))
    }
}
