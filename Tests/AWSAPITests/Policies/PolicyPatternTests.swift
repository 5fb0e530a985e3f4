import AWSAPI
import Testing

@Suite struct `A policy's pattern` {
    @Test(arguments: [
        ("*", "s3:GetObject", true), ("*:*", "s3:GetObject", true), ("s3:*", "s3:GetObject", true),
        ("S3:getobject", "s3:GetObject", true), ("s3:Get*", "S3:GETOBJECT", true),
        ("s3:Get?bject", "s3:GetObject", true), ("s3:Get??bject", "s3:GetObject", false),
        ("s3:*Object", "s3:GetObject", true), ("s3:*Object", "s3:GetObjectVersion", false),
        ("s3:Get", "s3:GetObject", false), ("glue:*", "s3:GetObject", false),
        ("s3-x:*", "s3:GetObject", false),
    ])
    func `matches an action in any case`(pattern: String, action: String, matches: Bool) throws {
        let policy = PolicyDocument([.init(.allow, actions: [pattern])])
        let access = Access(
            by: try PolicyExample.userCaller(), action: action, resource: .s3(bucket: "lake"))
        #expect(decide(access, under: Policies(identity: [policy])).isAllow == matches)
    }

    @Test(arguments: [
        ("*", "arn:aws:s3:::lake", true),
        ("arn:aws:s3:::lake", "arn:aws:s3:::lake", true),
        ("arn:aws:s3:::lake", "arn:aws:s3:::Lake", false),
        ("arn:aws:s3:::lake", "arn:aws:s3:::lake/a", false),
        ("arn:aws:s3:::lake*", "arn:aws:s3:::lake/a:b/c", true),
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lake/", true),
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lake", false),
        ("arn:aws:s3:::lake/*/c", "arn:aws:s3:::lake/a/b/c", true),
        ("arn:aws:s3:::l?ke/*", "arn:aws:s3:::lake/x", true),
        ("arn:aws:s3:::*", "arn:aws:s3:::lake/a:b", true),
        ("arn:*:s3:::lake", "arn:aws-cn:s3:::lake", true),
        (
            "arn:aws:glue:*:111111111111:table/*", "arn:aws:glue:eu-west-1:111111111111:table/a/b",
            true
        ),
        (
            "arn:aws:glue:*:111111111111:table/*", "arn:aws:glue:eu-west-1:222222222222:table/a",
            false
        ),
        // A star stays within its part, so that a name cannot pass for another account.
        (
            "arn:aws:glue:*:111111111111:table/*",
            "arn:aws:glue:eu-west-1:222222222222:x:111111111111:table/a", false
        ),
        // At the end of a shorter ARN it stands for all that follows.
        ("arn:aws:glue:*", "arn:aws:glue:eu-west-1:222222222222:table/a", true),
        ("arn:aws:glue:eu-*", "arn:aws:glue:eu-west-1:222222222222:table/a", true),
        ("arn:aws:glue:us-*", "arn:aws:glue:eu-west-1:222222222222:table/a", false),
        (
            "arn:aws:glue:eu-west-1:222222222222*", "arn:aws:glue:eu-west-1:222222222222:table/a",
            true
        ),
        ("arn:aws:glue:*", "arn:aws:s3:::lake", false),
    ])
    func `matches a resource part by part`(
        pattern: String, resource: String, matches: Bool
    ) throws {
        let policy = PolicyDocument([.init(.allow, actions: ["*"], resources: [pattern])])
        let access = Access(
            by: try PolicyExample.userCaller(), action: "s3:GetObject",
            resource: try #require(ARN(resource)))
        #expect(decide(access, under: Policies(identity: [policy])).isAllow == matches)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var pattern: String
        var key: String
        var prefix: String?
        var allows: Bool
        /// Other than `allows` only where a variable has no value.
        var denies: Bool

        var testDescription: String { "\(pattern) and \(key)" }

        init(
            _ pattern: String, _ key: String, prefix: String? = nil, _ allows: Bool,
            denies: Bool? = nil
        ) {
            self.pattern = pattern
            self.key = key
            self.prefix = prefix
            self.allows = allows
            self.denies = denies ?? allows
        }
    }

    /// The caller is the user `ada` of 222222222222.
    @Test(arguments: [
        Row("home/${aws:username}/*", "home/ada/x", true),
        Row("home/${aws:username}/*", "home/bob/x", false),
        Row("home/${AWS:UserName}/*", "home/ada/x", true),
        Row("${aws:PrincipalAccount}", "222222222222", true),
        Row("${aws:username}-${aws:username}", "ada-ada", true),
        // The literal characters.
        Row("a${*}b", "a*b", true),
        Row("a${*}b", "axb", false),
        Row("a${?}b", "a?b", true),
        Row("a${?}b", "axb", false),
        Row("${$}{aws:username}", "${aws:username}", true),
        Row("${$}{aws:username}", "ada", false),
        Row("a$b$", "a$b$", true),
        Row("$*{", "$x{", true),
        // A value is text: nothing in it is a wildcard, or a variable.
        Row("x/${s3:prefix}", "x/abc", prefix: "*", false),
        Row("x/${s3:prefix}", "x/*", prefix: "*", true),
        Row("x/${s3:prefix}", "x/b", prefix: "?", false),
        Row("x/${s3:prefix}", "x/ada", prefix: "${aws:username}", false),
        Row("x/${s3:prefix}", "x/${aws:username}", prefix: "${aws:username}", true),
        Row("x/${s3:prefix}", "x/a\"\\'}b", prefix: "a\"\\'}b", true),
        Row("x/${s3:prefix}", "x/", prefix: "", true),
        // Without a value.
        Row("x/${s3:prefix}/y", "x/a/y", false, denies: true),
        Row("x/${s3:prefix}/y", "z/a/y", false),
        Row("x/${s3:prefix, 'gold'}", "x/gold", true),
        Row("x/${s3:prefix, 'gold'}", "x/a", false),
        Row("x/${s3:prefix, 'gold'}", "x/a", prefix: "a", true),
        Row("x/${s3:prefix,'a*}b' }", "x/a*}b", true),
        Row("x/${s3:prefix, 'a*'}", "x/abc", false),
        Row("x/${s3:prefix, '${*}'}", "x/${*}", true),
        Row("x/${s3:prefix, ''}", "x/", true),
    ])
    func `has variables`(_ row: Row) throws {
        var context: Access.Context = [:]
        if let prefix = row.prefix { context.add(.prefix, prefix) }
        let access = Access(
            by: try PolicyExample.userCaller(), action: "s3:GetObject",
            resource: .s3(bucket: "lake", key: row.key), context: context)
        let resources = ["arn:aws:s3:::lake/" + row.pattern]
        let allow = PolicyDocument([.init(.allow, actions: ["*"], resources: resources)])
        #expect(decide(access, under: Policies(identity: [allow])).isAllow == row.allows)
        let deny = PolicyDocument([
            .init(.allow, actions: ["*"]), .init(.deny, actions: ["*"], resources: resources),
        ])
        #expect(decide(access, under: Policies(identity: [deny])).isAllow == !row.denies)
    }

    @Test func `of an exception without a value excepts nothing`() throws {
        let text = """
            {"Version":"2012-10-17","Statement":{"Effect":"EFFECT","Action":"*",
            "NotResource":"arn:aws:s3:::lake/${aws:username}/*"}}
            """
        let access = Access(
            by: try PolicyExample.sessionCaller(), action: "s3:GetObject",
            resource: .s3(bucket: "lake", key: "ada/x"))
        let allow = try PolicyDocument(
            parsing: text.replacing("EFFECT", with: "Allow"), as: .identity)
        #expect(!decide(access, under: Policies(identity: [allow])).isAllow)
        let deny = try PolicyDocument(
            parsing: text.replacing("EFFECT", with: "Deny"), as: .identity)
        let all = PolicyDocument([.init(.allow, actions: ["*"])])
        #expect(decide(access, under: Policies(identity: [all, deny])).refusal == .explicitDeny)
    }

    @Test func `of 2008 has no variables`() throws {
        let condition = #"{"StringEquals":{"s3:prefix":"${aws:PrincipalAccount}${x"}}"#
        let plain: Access.Context = [.prefix: "${aws:PrincipalAccount}${x"]
        #expect(try PolicyExample.applies(condition, plain, version: "2008-10-17").allows)
        let filled: Access.Context = [.prefix: "222222222222"]
        #expect(try !PolicyExample.applies(condition, filled, version: "2008-10-17").allows)
    }

    @Test(arguments: UInt64(1)...500)
    func `made of a name matches that name and no other`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pieces = [
            "*", "?", "$", "{", "}", "${*}", "${aws:username}", "'", "\"", "\\", "a", "/",
        ]
        func name() -> String {
            (0..<Int.random(in: 1...4, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? "a"
            }.joined()
        }
        let names = (0..<24).map { _ in name() }
        let name = names[0]
        let exact = PolicyDocument.Statement.pattern(exactly: name)
        let written = PolicyDocument([
            .init(
                .allow, actions: ["*"], resources: ["arn:aws:s3:::lake/\(exact)"],
                conditions: [.init("StringLike", "s3:prefix", [exact])])
        ])
        let policy = try PolicyDocument(parsing: written.text, as: .identity)
        #expect(policy == written)
        for key in names {
            for prefix in names {
                let access = Access(
                    by: try PolicyExample.userCaller(), action: "s3:GetObject",
                    resource: .s3(bucket: "lake", key: key), context: [.prefix: prefix])
                let allows = decide(access, under: Policies(identity: [policy])).isAllow
                #expect(allows == (key == name && prefix == name), "\(key), \(prefix)")
            }
        }
    }

    /// Worst cases for a matcher that goes back.
    @Test func `takes a bounded time`() throws {
        let key = String(repeating: "a", count: 1_024)
        let access = Access(
            by: try PolicyExample.userCaller(), action: "s3:GetObject",
            resource: .s3(bucket: "lake", key: key))
        for pattern in [
            String(repeating: "*a", count: 5_000) + "b",
            String(repeating: "*", count: 10_000) + "b",
            String(repeating: "?*", count: 500) + "b",
            "*" + String(repeating: "a", count: 512) + "b",
        ] {
            let policy = PolicyDocument([
                .init(.allow, actions: ["*"], resources: ["arn:aws:s3:::" + pattern])
            ])
            #expect(!decide(access, under: Policies(identity: [policy])).isAllow)
        }
    }
}
