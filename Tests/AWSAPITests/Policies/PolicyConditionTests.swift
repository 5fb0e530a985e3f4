import AWSAPI
import FoundationEssentials
import Testing

/// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
@Suite struct `A condition` {
    struct Row: Sendable, CustomTestStringConvertible {
        var condition: String
        var context: Access.Context
        var allows: Bool
        /// Other than `allows` only where the request leaves it open.
        var denies: Bool

        var testDescription: String { condition }

        init(
            _ condition: String, _ context: Access.Context, _ allows: Bool, denies: Bool? = nil
        ) {
            self.condition = condition
            self.context = context
            self.allows = allows
            self.denies = denies ?? allows
        }
    }

    @Test(arguments: [
        Row(#"{"StringEquals":{"s3:prefix":"gold"}}"#, [.prefix: "gold"], true),
        Row(#"{"StringEquals":{"s3:prefix":"gold"}}"#, [.prefix: "Gold"], false),
        Row(#"{"StringEquals":{"s3:prefix":"gol*"}}"#, [.prefix: "gold"], false),
        Row(#"{"StringEquals":{"s3:prefix":"gol*"}}"#, [.prefix: "gol*"], true),
        Row(#"{"StringEquals":{"s3:prefix":["a","gold"]}}"#, [.prefix: "gold"], true),
        Row(#"{"StringEquals":{"s3:prefix":""}}"#, [.prefix: ""], true),
        Row(#"{"StringNotEquals":{"s3:prefix":"gold"}}"#, [.prefix: "gold"], false),
        Row(#"{"StringNotEquals":{"s3:prefix":"gold"}}"#, [.prefix: "silver"], true),
        Row(#"{"StringNotEquals":{"s3:prefix":["a","gold"]}}"#, [.prefix: "gold"], false),
        Row(#"{"StringEqualsIgnoreCase":{"s3:prefix":"gOLD"}}"#, [.prefix: "Gold"], true),
        Row(#"{"StringEqualsIgnoreCase":{"s3:prefix":"ÄRA"}}"#, [.prefix: "ära"], true),
        Row(#"{"StringEqualsIgnoreCase":{"s3:prefix":"gold"}}"#, [.prefix: "golds"], false),
        Row(#"{"StringNotEqualsIgnoreCase":{"s3:prefix":"gOLD"}}"#, [.prefix: "Gold"], false),
        Row(#"{"StringLike":{"s3:prefix":"gold/*/x"}}"#, [.prefix: "gold/a/b/x"], true),
        Row(#"{"StringLike":{"s3:prefix":"g?ld"}}"#, [.prefix: "gold"], true),
        Row(#"{"StringLike":{"s3:prefix":"g?ld"}}"#, [.prefix: "gld"], false),
        Row(#"{"StringLike":{"s3:prefix":"g?ld"}}"#, [.prefix: "gäld"], true),
        Row(#"{"StringLike":{"s3:prefix":"g??ld"}}"#, [.prefix: "gäld"], false),
        Row(#"{"StringLike":{"s3:prefix":"*??*"}}"#, [.prefix: "漢"], false),
        Row(#"{"StringLike":{"s3:prefix":"*"}}"#, [.prefix: ""], true),
        Row(#"{"StringLike":{"s3:prefix":"Gold"}}"#, [.prefix: "gold"], false),
        Row(#"{"StringNotLike":{"s3:prefix":["gold/*","tmp/*"]}}"#, [.prefix: "tmp/a"], false),
        Row(#"{"StringNotLike":{"s3:prefix":["gold/*","tmp/*"]}}"#, [.prefix: "a"], true),
    ])
    func `compares texts`(_ row: Row) throws { try check(row) }

    @Test(arguments: [
        Row(#"{"NumericEquals":{"s3:max-keys":"10"}}"#, [.maxKeys: "10"], true),
        Row(#"{"NumericEquals":{"s3:max-keys":10}}"#, [.maxKeys: "10.0"], true),
        Row(#"{"NumericEquals":{"s3:max-keys":["1","2"]}}"#, [.maxKeys: "2"], true),
        Row(#"{"NumericNotEquals":{"s3:max-keys":"10"}}"#, [.maxKeys: "10"], false),
        Row(#"{"NumericNotEquals":{"s3:max-keys":["10","11"]}}"#, [.maxKeys: "12"], true),
        Row(#"{"NumericLessThan":{"s3:max-keys":"10"}}"#, [.maxKeys: "9"], true),
        Row(#"{"NumericLessThan":{"s3:max-keys":"10"}}"#, [.maxKeys: "10"], false),
        Row(#"{"NumericLessThanEquals":{"s3:max-keys":"10"}}"#, [.maxKeys: "10"], true),
        Row(#"{"NumericLessThanEquals":{"s3:max-keys":"10"}}"#, [.maxKeys: "11"], false),
        Row(#"{"NumericGreaterThan":{"s3:max-keys":"-1.5"}}"#, [.maxKeys: "-1"], true),
        Row(#"{"NumericGreaterThan":{"s3:max-keys":"10"}}"#, [.maxKeys: "10"], false),
        Row(#"{"NumericGreaterThanEquals":{"s3:max-keys":"1e1"}}"#, [.maxKeys: "10"], true),
        Row(#"{"NumericGreaterThanEquals":{"s3:max-keys":"10"}}"#, [.maxKeys: "9"], false),
        // A request's number that is none.
        Row(#"{"NumericLessThan":{"s3:max-keys":"9"}}"#, [.maxKeys: "x"], false, denies: true),
        Row(#"{"NumericNotEquals":{"s3:max-keys":"9"}}"#, [.maxKeys: "x"], false, denies: true),
        Row(#"{"NumericEquals":{"s3:max-keys":"9"}}"#, [.maxKeys: ""], false, denies: true),
        Row(#"{"NumericEquals":{"s3:max-keys":"9"}}"#, [.maxKeys: "0x9"], false, denies: true),
        Row(
            #"{"NumericLessThanIfExists":{"s3:max-keys":"9"}}"#, [.maxKeys: "nan"], false,
            denies: true),
        // It does not matter where another condition does not hold.
        Row(
            #"{"NumericLessThan":{"s3:max-keys":"9"},"StringEquals":{"s3:prefix":"a"}}"#,
            [.maxKeys: "x", .prefix: "b"], false),
    ])
    func `compares numbers`(_ row: Row) throws { try check(row) }

    /// The clock stands at 2027-01-15T08:00:00Z.
    @Test(arguments: [
        Row(#"{"DateEquals":{"aws:CurrentTime":"2027-01-15T08:00:00Z"}}"#, [:], true),
        Row(#"{"DateEquals":{"aws:CurrentTime":"2027-01-15T09:00:00+01:00"}}"#, [:], true),
        Row(#"{"DateEquals":{"aws:CurrentTime":"1800000000"}}"#, [:], true),
        Row(#"{"DateEquals":{"aws:EpochTime":1800000000}}"#, [:], true),
        Row(#"{"DateNotEquals":{"aws:CurrentTime":"2027-01-15T08:00:00Z"}}"#, [:], false),
        Row(#"{"DateLessThan":{"aws:CurrentTime":"2027-01-15T08:00:01Z"}}"#, [:], true),
        Row(#"{"DateLessThan":{"aws:CurrentTime":"2027-01-15T08:00:00Z"}}"#, [:], false),
        Row(#"{"DateLessThan":{"aws:CurrentTime":"2027-01-16"}}"#, [:], true),
        Row(#"{"DateLessThanEquals":{"aws:CurrentTime":"2027-01-15T08:00:00Z"}}"#, [:], true),
        Row(#"{"DateLessThanEquals":{"aws:CurrentTime":"2027-01-15T07:59:59Z"}}"#, [:], false),
        Row(#"{"DateGreaterThan":{"aws:CurrentTime":"2027-01-15"}}"#, [:], true),
        Row(#"{"DateGreaterThan":{"aws:CurrentTime":"2027-01-15T08:00:00.5Z"}}"#, [:], false),
        Row(#"{"DateGreaterThanEquals":{"aws:EpochTime":"1800000000"}}"#, [:], true),
        Row(#"{"DateGreaterThanEquals":{"aws:EpochTime":"1800000001"}}"#, [:], false),
        Row(#"{"NumericGreaterThan":{"aws:EpochTime":"1799999999"}}"#, [:], true),
        Row(
            #"{"DateNotEquals":{"aws:CurrentTime":"1800000000"}}"#, [.currentTime: "soon"], false,
            denies: true),
    ])
    func `compares dates`(_ row: Row) throws {
        var row = row
        row.context.time = Date(timeIntervalSince1970: 1_800_000_000)
        try check(row)
    }

    @Test(arguments: [
        Row(#"{"Bool":{"aws:SecureTransport":"true"}}"#, [.secureTransport: "true"], true),
        Row(#"{"Bool":{"aws:SecureTransport":true}}"#, [.secureTransport: "false"], false),
        Row(#"{"Bool":{"aws:SecureTransport":"FALSE"}}"#, [.secureTransport: "false"], true),
        Row(
            #"{"Bool":{"aws:SecureTransport":["true","false"]}}"#, [.secureTransport: "true"], true),
        Row(
            #"{"Bool":{"aws:SecureTransport":"true"}}"#, [.secureTransport: "1"], false,
            denies: true),
        Row(#"{"Null":{"aws:SecureTransport":"true"}}"#, [:], true),
        Row(#"{"Null":{"aws:SecureTransport":"true"}}"#, [.secureTransport: "true"], false),
        Row(#"{"Null":{"aws:SecureTransport":false}}"#, [:], false),
        Row(#"{"Null":{"aws:SecureTransport":false}}"#, [.secureTransport: "true"], true),
        Row(#"{"Null":{"s3:prefix":"false"}}"#, [.prefix: ""], true),
        Row(#"{"Null":{"s3:prefix":["true","false"]}}"#, [:], true),
    ])
    func `asks whether`(_ row: Row) throws { try check(row) }

    @Test(arguments: [
        Row(#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, [.sourceIP: "203.0.113.9"], true),
        Row(#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, [.sourceIP: "203.0.114.9"], false),
        Row(#"{"IpAddress":{"aws:SourceIp":"203.0.113.77/25"}}"#, [.sourceIP: "203.0.113.1"], true),
        Row(#"{"IpAddress":{"aws:SourceIp":"203.0.113.9"}}"#, [.sourceIP: "203.0.113.9"], true),
        Row(#"{"IpAddress":{"aws:SourceIp":"203.0.113.9"}}"#, [.sourceIP: "203.0.113.8"], false),
        Row(#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, [.sourceIP: "203.0.113.8"], true),
        Row(#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, [.sourceIP: "2001:db8::1"], false),
        Row(#"{"IpAddress":{"aws:SourceIp":"::/0"}}"#, [.sourceIP: "203.0.113.8"], false),
        Row(#"{"IpAddress":{"aws:SourceIp":"::/0"}}"#, [.sourceIP: "::1"], true),
        Row(
            #"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:DB8:1234:5678::/64"]}}"#,
            [.sourceIP: "2001:db8:1234:5678:9:a:b:c"], true),
        Row(
            #"{"IpAddress":{"aws:SourceIp":"2001:DB8:1234:5678::/64"}}"#,
            [.sourceIP: "2001:db8:1234:5679::1"], false),
        // As a socket for both kinds sees an IPv4 caller.
        Row(
            #"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, [.sourceIP: "::ffff:203.0.113.9"],
            true),
        Row(#"{"IpAddress":{"aws:SourceIp":"::ffff:0:0/104"}}"#, [.sourceIP: "0.1.2.3"], true),
        Row(#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, [.sourceIP: "10.1.2.3"], false),
        Row(#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, [.sourceIP: "11.1.2.3"], true),
        Row(
            #"{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","11.0.0.0/8"]}}"#,
            [.sourceIP: "11.1.2.3"], false),
        // A request's address that is none.
        Row(
            #"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, [.sourceIP: "localhost"], false,
            denies: true),
        Row(
            #"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, [.sourceIP: "012.1.2.3"], false,
            denies: true),
        Row(
            #"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, [.sourceIP: "fe80::1%eth0"], false,
            denies: true),
    ])
    func `compares addresses`(_ row: Row) throws { try check(row) }

    @Test(arguments: [
        Row(#"{"ArnEquals":{"aws:PrincipalArn":"\#(PolicyExample.role)"}}"#, [:], true),
        Row(#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/rea*"}}"#, [:], true),
        Row(#"{"ArnLike":{"aws:PrincipalArn":"arn:*:iam:*:222222222222:*"}}"#, [:], true),
        Row(#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::333333333333:role/*"}}"#, [:], false),
        Row(#"{"ArnNotEquals":{"aws:PrincipalArn":"\#(PolicyExample.role)"}}"#, [:], false),
        Row(#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/w*"}}"#, [:], true),
        Row(
            #"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:PrincipalAccount}:*"}}"#, [:], true
        ),
        // Each part for itself: a star of one does not reach into the next.
        Row(
            #"{"ArnLike":{"s3:prefix":"arn:aws:sqs:*:1:q*"}}"#,
            [.prefix: "arn:aws:sqs:eu:1:q:1:x"], true),
        Row(
            #"{"ArnLike":{"s3:prefix":"arn:aws:sqs:*:1:q"}}"#,
            [.prefix: "arn:aws:sqs:eu:2:x:1:q"], false),
        Row(#"{"ArnLike":{"s3:prefix":"arn:*:*:*:*:*"}}"#, [.prefix: "lake"], false, denies: true),
        Row(
            #"{"ArnNotLike":{"s3:prefix":"arn:*:*:*:*:*"}}"#, [.prefix: "lake"], false, denies: true
        ),
    ])
    func `compares ARNs`(_ row: Row) throws { try check(row) }

    @Test(arguments: [
        ("StringEquals", #""a""#, false), ("StringNotEquals", #""a""#, true),
        ("StringEqualsIgnoreCase", #""a""#, false), ("StringNotEqualsIgnoreCase", #""a""#, true),
        ("StringLike", #""*""#, false), ("StringNotLike", #""*""#, true),
        ("NumericEquals", "1", false), ("NumericNotEquals", "1", true),
        ("NumericLessThan", "1", false), ("NumericLessThanEquals", "1", false),
        ("NumericGreaterThan", "1", false), ("NumericGreaterThanEquals", "1", false),
        ("DateEquals", "1", false), ("DateNotEquals", "1", true),
        ("DateLessThan", "1", false), ("DateLessThanEquals", "1", false),
        ("DateGreaterThan", "1", false), ("DateGreaterThanEquals", "1", false),
        ("Bool", "true", false), ("IpAddress", #""::/0""#, false),
        ("NotIpAddress", #""::/0""#, true), ("ArnEquals", #""arn:*:*:*:*:*""#, false),
        ("ArnLike", #""arn:*:*:*:*:*""#, false), ("ArnNotEquals", #""arn:*:*:*:*:*""#, true),
        ("ArnNotLike", #""arn:*:*:*:*:*""#, true),
    ])
    func `on an absent key holds where it is negated, or says so`(
        name: String, value: String, holds: Bool
    ) throws {
        func check(_ name: String, _ expected: Bool) throws {
            let applies = try PolicyExample.applies(
                #"{"\#(name)":{"s3:delimiter":\#(value)}}"#, [:])
            #expect(applies == (expected, expected), "\(name)")
        }
        try check(name, holds)
        try check(name + "IfExists", true)
        try check("ForAllValues:" + name, true)
        try check("ForAnyValue:" + name, false)
        try check("ForAnyValue:" + name + "IfExists", false)
    }

    @Test(arguments: [
        ("ForAllValues:StringEquals", ["a"], ["a"], true),
        ("ForAllValues:StringEquals", ["a", "b"], ["a"], true),
        ("ForAllValues:StringEquals", ["a"], ["a", "b"], false),
        ("ForAnyValue:StringEquals", ["a", "c"], ["a", "b"], true),
        ("ForAnyValue:StringEquals", ["c"], ["a", "b"], false),
        ("ForAllValues:StringNotEquals", ["c"], ["a", "b"], true),
        ("ForAllValues:StringNotEquals", ["a"], ["a", "b"], false),
        ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], true),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], false),
        ("ForAnyValue:StringLike", ["a*"], ["b", "ab"], true),
        ("ForAllValues:StringLikeIfExists", ["a*"], ["b", "ab"], false),
    ])
    func `on a key of several values says how many have to hold`(
        name: String, values: [String], given: [String], holds: Bool
    ) throws {
        var context: Access.Context = [:]
        for value in given { context.add(.prefix, value) }
        let list = JSONValue.array(values.map(JSONValue.string)).text
        let applies = try PolicyExample.applies(#"{"\#(name)":{"s3:prefix":\#(list)}}"#, context)
        #expect(applies == (holds, holds))
    }

    @Test func `holds together with all others`() throws {
        let both =
            #"{"StringEquals":{"s3:prefix":"a","S3:Delimiter":"/"},"Null":{"s3:VersionId":true}}"#
        #expect(try PolicyExample.applies(both, [.prefix: "a", .delimiter: "/"]).allows)
        #expect(try !PolicyExample.applies(both, [.prefix: "a"]).allows)
        #expect(try !PolicyExample.applies(both, [.prefix: "b", .delimiter: "/"]).allows)
        #expect(
            try !PolicyExample.applies(both, [.prefix: "a", .delimiter: "/", .versionID: "1"])
                .allows)
        #expect(try PolicyExample.applies("{}", [:]).allows)
    }

    @Test(arguments: ConditionKey.allCases)
    func `finds its key in any case`(_ key: ConditionKey) throws {
        #expect(ConditionKey(key.name.uppercased()) == key)
        let condition = #"{"Null":{"\#(key.name.lowercased())":false}}"#
        var context: Access.Context = [key: "x"]
        context.time = Date(timeIntervalSince1970: 0)
        #expect(
            try PolicyExample.applies(condition, by: PolicyExample.userCaller(), context).allows)
    }

    @Test func `asks about the caller itself, whatever the request says of it`() throws {
        let forged: Access.Context = [
            .principalAccount: "333333333333", .principalARN: PolicyExample.user,
            .principalType: "User", .userID: "AIDAADA", .username: "ada",
        ]
        func holds(_ caller: Access.Principal, _ key: String, _ value: String) throws -> Bool {
            let condition = #"{"StringEquals":{"\#(key)":"\#(value)"}}"#
            return try PolicyExample.applies(condition, by: caller, forged).allows
        }
        let session = try PolicyExample.sessionCaller()
        #expect(try holds(session, "aws:PrincipalAccount", "222222222222"))
        #expect(try holds(session, "aws:PrincipalArn", PolicyExample.role))
        #expect(try holds(session, "aws:PrincipalType", "AssumedRole"))
        #expect(try holds(session, "aws:userid", "AROAREADER:laptop"))
        #expect(try !holds(session, "aws:username", "ada"))
        let user = try PolicyExample.userCaller()
        #expect(try holds(user, "aws:PrincipalArn", PolicyExample.user))
        #expect(try holds(user, "aws:PrincipalType", "User"))
        #expect(try holds(user, "aws:username", "ada"))
        let anonymous = try PolicyExample.anonymousCaller()
        #expect(try holds(anonymous, "aws:PrincipalType", "Anonymous"))
        #expect(try holds(anonymous, "aws:userid", "anonymous"))
        #expect(try !holds(anonymous, "aws:PrincipalAccount", "222222222222"))
    }

    private func check(_ row: Row) throws {
        let applies = try PolicyExample.applies(row.condition, row.context)
        #expect(applies.allows == row.allows, "as an Allow")
        #expect(applies.denies == row.denies, "as a Deny")
    }
}
