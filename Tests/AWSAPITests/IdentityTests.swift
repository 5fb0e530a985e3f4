import AWSAPI
import Testing

@Suite struct `An ARN` {
    @Test(arguments: [
        ("arn:aws:s3:::lake", "aws", "s3", "", "", "lake"),
        ("arn:aws:s3:::lake/a:b/*", "aws", "s3", "", "", "lake/a:b/*"),
        ("arn:aws:iam::111111111111:role/a/b", "aws", "iam", "", "111111111111", "role/a/b"),
        (
            "arn:aws-cn:dataexchange:cn-north-1:222222222222:data-sets/x", "aws-cn", "dataexchange",
            "cn-north-1", "222222222222", "data-sets/x"
        ),
        ("arn:aws:sts::1:assumed-role/r/s::", "aws", "sts", "", "1", "assumed-role/r/s::"),
    ])
    func `has six parts, and further colons belong to the last`(
        text: String, partition: String, service: String, region: String, account: String,
        resource: String
    ) throws {
        let arn = try #require(ARN(text))
        #expect(arn.partition == partition)
        #expect(arn.service == service)
        #expect(arn.region == region)
        #expect(arn.account == account)
        #expect(arn.resource == resource)
        #expect(arn.description == text)
    }

    @Test(arguments: [
        "", "arn", "arn:aws:s3::", "arn:aws:s3:::", "arn::s3:::lake", "arn:aws::::lake",
        "ARN:aws:s3:::lake", "urn:aws:s3:::lake", " arn:aws:s3:::lake", "lake",
    ])
    func `is refused without them`(_ text: String) {
        #expect(ARN(text) == nil)
    }

    @Test func `is made for the resources that policies name`() throws {
        let account = try #require(AccountID(rawValue: "012345678901"))
        #expect(
            ARN.role("lake/reader", in: account).description
                == "arn:aws:iam::012345678901:role/lake/reader")
        #expect(ARN.root(of: account).description == "arn:aws:iam::012345678901:root")
        #expect(ARN.s3(bucket: "lake").description == "arn:aws:s3:::lake")
        #expect(ARN.s3(bucket: "lake", key: "a/b").description == "arn:aws:s3:::lake/a/b")
    }
}

@Suite struct `An account's id` {
    @Test(arguments: ["000000000000", "012345678901", "999999999999"])
    func `is twelve digits`(_ text: String) {
        #expect(AccountID(rawValue: text)?.description == text)
    }

    @Test(arguments: [
        "", "1", "12345678901", "1234567890123", "12345678901x", "-12345678901", " 12345678901",
        "12345678901\n", "１２３４５６７８９０１２", "123456789٠١٢",
    ])
    func `is nothing else`(_ text: String) {
        #expect(AccountID(rawValue: text) == nil)
    }
}
