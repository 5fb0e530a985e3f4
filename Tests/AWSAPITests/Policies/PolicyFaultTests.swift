import AWSAPI
import Testing

@Suite struct `A faulty policy document` {
    static let statement = #""Effect":"Allow","Action":"s3:GetObject","Resource":"*""#

    struct Bad: Sendable, CustomTestStringConvertible {
        var text: String
        var kind: PolicyDocument.Kind
        var message: String

        var testDescription: String { message }

        init(_ text: String, as kind: PolicyDocument.Kind = .identity, _ message: String) {
            self.text = text
            self.kind = kind
            self.message = message
        }

        /// A document of one statement.
        init(of statement: String, as kind: PolicyDocument.Kind = .identity, _ message: String) {
            text = #"{"Version":"2012-10-17","Statement":{\#(statement)}}"#
            self.kind = kind
            self.message = "Statement[0]" + message
        }
    }

    private func check(_ row: Bad) {
        let fault = #expect(throws: PolicyFault.self) {
            try PolicyDocument(parsing: row.text, as: row.kind)
        }
        #expect(fault?.description == row.message)
    }

    @Test(
        arguments: [
            Bad("", "The policy is not JSON at byte 0: the document ends too early."),
            Bad("[]", "An object is expected."),
            Bad("{}", "Statement is missing."),
            Bad(#"{"Statement":[]}"#, "There are 0 statements: it takes 1 to 256."),
            Bad(#"{"Statement":"x"}"#, "Statement[0]: An object is expected."),
            Bad(#"{"Statement":{},"Statement":{}}"#, #""Statement" is there twice."#),
            Bad(#"{"statement":{}}"#, #""statement" is no element here."#),
            Bad(
                #"{"Version":"2020-01-01","Statement":{}}"#,
                #"Version: "2020-01-01" is no version."#),
            Bad(#"{"Version":2012,"Statement":{}}"#, "Version: A string is expected."),
            Bad(
                #"{"Statement":[{"Sid":"a",\#(statement)},{"Sid":"a",\#(statement)}]}"#,
                "Statement[1].Sid: Another statement has the same Sid."),
            Bad(of: #""Action":"*","Resource":"*""#, ": Effect is missing."),
            Bad(
                of: #""Effect":"allow","Action":"*","Resource":"*""#,
                ".Effect: Effect is either Allow or Deny."),
            Bad(of: #""Effect":"Allow","Resource":"*""#, ": Action or NotAction is missing."),
            Bad(of: #""Effect":"Allow","Action":"*""#, ": Resource or NotResource is missing."),
            Bad(of: #"\#(statement),"NotAction":"*""#, ": There is both Action and NotAction."),
            Bad(of: #"\#(statement),"Resources":"*""#, #": "Resources" is no element here."#),
            Bad(of: #"\#(statement),"Effect":"Deny""#, #": "Effect" is there twice."#),
            Bad(of: #"\#(statement),"Sid":"a b""#, ".Sid: A Sid is letters and digits."),
            Bad(
                of: #"\#(statement),"Principal":"*""#,
                ": A policy of an identity names no principal."),
            Bad(of: statement, as: .resource, ": Principal is missing."),
            Bad(
                of: #"\#(statement),"Principal":"*""#, as: .trust,
                ": A trust policy names no resource: its role is meant."),
            Bad(
                of: #""Effect":"Deny","Action":"*","NotPrincipal":{"AWS":"222222222222"}"#,
                as: .trust,
                ": A trust policy has no NotPrincipal."),
            Bad(
                of: #"\#(statement),"NotPrincipal":{"AWS":"222222222222"}"#, as: .resource,
                ".NotPrincipal: NotPrincipal goes with the effect Deny alone."),
            Bad(
                of: #""Effect":"Deny","Action":"*","Resource":"*","NotPrincipal":"*""#,
                as: .resource,
                #".NotPrincipal: "*" excepts everyone."#),
        ] as [Bad])
    func `is refused with what is wrong and where`(_ row: Bad) {
        check(row)
    }

    @Test(
        arguments: [
            ("[]", "The list is empty."),
            (#"["*",1]"#, "A string or a list of strings is expected."),
            (#"[["*"]]"#, "A string or a list of strings is expected."),
            (#""GetObject""#, #""GetObject" is no action (service:Name, or *)."#),
            (#""s3:""#, #""s3:" is no action (service:Name, or *)."#),
            (#""s*:Get""#, #""s*:Get" is no action (service:Name, or *)."#),
            (#""s3:Get:x""#, #""s3:Get:x" is no action (service:Name, or *)."#),
            (#""s3:${aws:username}""#, #""s3:${aws:username}" is no action (service:Name, or *)."#),
            (#""s3:Gét""#, #""s3:Gét" is no action (service:Name, or *)."#),
        ] as [(String, String)])
    func `is refused for an action that is none`(value: String, message: String) {
        let statement = #""Effect":"Allow","Action":\#(value),"Resource":"*""#
        check(Bad(of: statement, ".Action: " + message))
    }

    @Test(
        arguments: [
            ("[]", "The list is empty."),
            ("{}", "A string or a list of strings is expected."),
            (#""lake""#, #""lake" is no ARN (arn:partition:service:region:account:…)."#),
            (
                #""arn:aws:s3::lake""#,
                #""arn:aws:s3::lake" is no ARN (arn:partition:service:region:account:…)."#
            ),
            (#""arn*""#, #""arn*" is no ARN (arn:partition:service:region:account:…)."#),
            (
                #""arn:aws:*""#,
                #""arn:aws:*" is no ARN (arn:partition:service:region:account:…)."#
            ),
            (#""arn:aws:*:::lake""#, #""arn:aws:*:::lake" does not name one service."#),
            (#""arn:aws::::lake""#, #""arn:aws::::lake" does not name one service."#),
            (
                #""arn:aws:s3::${aws:userid}:lake""#,
                #""arn:aws:s3::${aws:userid}:lake" has a variable before the fifth colon of the ARN."#
            ),
            (
                #""arn:aws:s3:::${aws:PrincipalTag/a}""#,
                #"The variable "aws:PrincipalTag/a" is not served."#
            ),
            (#""arn:aws:s3:::${}""#, #"The variable "" is not served."#),
            (
                #""arn:aws:s3:::${aws:userid""#,
                #"A variable of "arn:aws:s3:::${aws:userid" is neither ${key} nor ${key, 'default'}."#
            ),
            (
                #""arn:aws:s3:::${aws:userid, x}""#,
                #"A variable of "arn:aws:s3:::${aws:userid, x}" is neither ${key} nor "#
                    + "${key, 'default'}."
            ),
            (
                #""arn:aws:s3:::${aws:userid, 'x}""#,
                #"A variable of "arn:aws:s3:::${aws:userid, 'x}" is neither ${key} nor "#
                    + "${key, 'default'}."
            ),
        ] as [(String, String)])
    func `is refused for a resource that is none`(value: String, message: String) {
        let statement = #""Effect":"Allow","Action":"*","Resource":\#(value)"#
        check(Bad(of: statement, ".Resource: " + message))
    }

    @Test(
        arguments: [
            (#""222222222222""#, ": An object is expected."),
            ("{}", ": The list is empty."),
            (#"{"AWS":[]}"#, ": The list is empty."),
            (#"{"AWS":1}"#, ".AWS: A string or a list of strings is expected."),
            (#"{"CanonicalUser":"x"}"#, #": "CanonicalUser" is no element here."#),
            (#"{"AWS":"2222"}"#, #": "2222" names no account, user, role or session."#),
            (
                #"{"AWS":"arn:aws:iam::222222222222:role/*"}"#,
                #": "arn:aws:iam::222222222222:role/*" names no account, user, role or session."#
            ),
            (
                #"{"AWS":"arn:aws:iam::222222222222:group/g"}"#,
                #": "arn:aws:iam::222222222222:group/g" names no account, user, role or session."#
            ),
            (
                #"{"AWS":"arn:aws:sts::222222222222:assumed-role/r"}"#,
                #": "arn:aws:sts::222222222222:assumed-role/r" names no account, user, role or session."#
            ),
            (#"{"Service":"*"}"#, #": "*" names nobody in particular."#),
            (#"{"Federated":""}"#, #": "" names nobody in particular."#),
        ] as [(String, String)])
    func `is refused for a principal that is none`(value: String, message: String) {
        let statement = #"\#(Self.statement),"Principal":\#(value)"#
        check(Bad(of: statement, as: .resource, ".Principal" + message))
    }

    @Test(
        arguments: [
            ("[]", ": An object is expected."),
            (#"{"StringEquals":"x"}"#, ".StringEquals: An object is expected."),
            (#"{"StringEquals":{}}"#, ".StringEquals: There is no key."),
            (
                #"{"StringMatches":{"s3:prefix":"a"}}"#,
                #": The condition operator "StringMatches" is not served."#
            ),
            (
                #"{"BinaryEquals":{"s3:prefix":"YQ=="}}"#,
                #": The condition operator "BinaryEquals" is not served."#
            ),
            (
                #"{"NullIfExists":{"s3:prefix":true}}"#,
                #": The condition operator "NullIfExists" is not served."#
            ),
            (
                #"{"ForAnyValue:Null":{"s3:prefix":true}}"#,
                #": The condition operator "ForAnyValue:Null" is not served."#
            ),
            (
                #"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
                #".StringEquals: The condition key "aws:PrincipalOrgID" is not served."#
            ),
            (
                #"{"StringEquals":{"s3:prefix":[]}}"#,
                ".StringEquals.s3:prefix: There is no value."
            ),
            (
                #"{"StringEquals":{"s3:prefix":null}}"#,
                ".StringEquals.s3:prefix: A string or a list of strings is expected."
            ),
            (
                #"{"StringEquals":{"s3:prefix":"a","S3:Prefix":"b"}}"#,
                #".StringEquals: The key "S3:Prefix" is there twice."#
            ),
            (
                #"{"NumericEquals":{"s3:max-keys":"ten"}}"#,
                #".NumericEquals.s3:max-keys: "ten" is not a number."#
            ),
            (
                #"{"NumericEquals":{"s3:max-keys":"inf"}}"#,
                #".NumericEquals.s3:max-keys: "inf" is not a number."#
            ),
            (
                #"{"DateLessThan":{"aws:CurrentTime":"tomorrow"}}"#,
                #".DateLessThan.aws:CurrentTime: "tomorrow" is not a date (ISO 8601, or seconds since 1970)."#
            ),
            (
                #"{"DateLessThan":{"aws:CurrentTime":"2026-02-30"}}"#,
                #".DateLessThan.aws:CurrentTime: "2026-02-30" is not a date (ISO 8601, or seconds since "#
                    + "1970)."
            ),
            (
                #"{"Bool":{"aws:SecureTransport":"${aws:username}"}}"#,
                #".Bool.aws:SecureTransport: "${aws:username}" is not true or false."#
            ),
            (
                #"{"ArnLike":{"aws:PrincipalArn":"*"}}"#,
                #".ArnLike.aws:PrincipalArn: "*" is no ARN (arn:partition:service:region:account:…)."#
            ),
            (
                #"{"StringLike":{"s3:prefix":"${ec2:x}"}}"#,
                #".StringLike.s3:prefix: The variable "ec2:x" is not served."#
            ),
        ] as [(String, String)])
    func `is refused for a condition that would not be honoured`(value: String, message: String) {
        check(Bad(of: #"\#(Self.statement),"Condition":\#(value)"#, ".Condition" + message))
    }

    @Test(arguments: [
        "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "10.0.0.0.0", "10.0.0.256",
        "010.0.0.1",
        "10.0.0.0/8/8", "10.0.0.*", "", "::/129", ":::", "1::2::3", ":1::", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", "::1.2.3", "1.2.3.4::",
        "::1%eth0",
        "+1::", "10.0.0.1:80", "[::1]", " 10.0.0.1", "${aws:SourceIp}",
    ])
    func `is refused for an address that is none`(_ text: String) {
        let condition = #"{"IpAddress":{"aws:SourceIp":"\#(text)"}}"#
        let fault = #expect(throws: PolicyFault.self) {
            try PolicyDocument(parsing: PolicyExample.policy(when: condition), as: .identity)
        }
        #expect(
            fault?.reason == #""\#(text)" is not an address or a block of addresses."#)
    }
}
