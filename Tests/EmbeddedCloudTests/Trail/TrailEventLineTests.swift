import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `An audit event's line` {
    /// As a JSON parser other than ours reads it.
    private func object(_ event: AuditEvent) throws -> NSDictionary {
        let body = event.lineBody()
        #expect(body.last == UInt8(ascii: "\n"))
        #expect(body.dropLast().allSatisfy { $0 >= 0x20 })
        return try #require(
            try JSONSerialization.jsonObject(with: Data("{".utf8 + body)) as? NSDictionary)
    }

    @Test func `has CloudTrail's members`() throws {
        var event = AuditEvent(
            eventID: .example(1), eventTime: Date(timeIntervalSince1970: 1_767_225_599.9),
            eventSource: "s3.amazonaws.com", eventName: "GetObject", awsRegion: "us-east-1",
            sourceIPAddress: "203.0.113.7",
            userIdentity: .init(
                type: "AssumedRole", principalId: "AROAEXAMPLE:desk-7",
                arn: "arn:aws:sts::222222222222:assumed-role/subscriber/desk-7",
                accountId: "222222222222", accessKeyId: "ASIAEXAMPLE",
                invokedBy: "athena.amazonaws.com",
                sessionContext: .init(
                    issuer: .init(
                        type: "Role", principalId: "AROAEXAMPLE",
                        arn: "arn:aws:iam::222222222222:role/subscriber",
                        accountId: "222222222222", userName: "subscriber"),
                    creationDate: Date(timeIntervalSince1970: 1_767_222_000),
                    federatedProvider: "https://issuer.example")),
            readOnly: true, recipientAccountId: "222222222222")
        event.userAgent = "aws-cli/2"
        event.requestID = "4442587FB7D0A2F9"
        event.eventCategory = .data
        event.errorCode = "AccessDenied"
        event.errorMessage = "no"
        event.requestParameters = #"{"bucketName": "funds", "key": "a/b"}"#
        event.additionalEventData = #"{"bytesTransferredOut": 0}"#
        event.resources = [
            .init(type: "AWS::S3::Object", arn: "arn:aws:s3:::funds/a/b"),
            .init(
                type: "AWS::S3::Bucket", arn: "arn:aws:s3:::funds", accountId: "111111111111"),
        ]
        let expected: NSDictionary = [
            "eventID": "01020304-0506-0708-090a-0b0c00000001", "eventVersion": "1.11",
            "eventTime": "2025-12-31T23:59:59Z", "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject", "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7",
            "userAgent": "aws-cli/2", "requestID": "4442587FB7D0A2F9",
            "userIdentity": [
                "type": "AssumedRole", "principalId": "AROAEXAMPLE:desk-7",
                "arn": "arn:aws:sts::222222222222:assumed-role/subscriber/desk-7",
                "accountId": "222222222222", "accessKeyId": "ASIAEXAMPLE",
                "invokedBy": "athena.amazonaws.com",
                "sessionContext": [
                    "sessionIssuer": [
                        "type": "Role", "principalId": "AROAEXAMPLE",
                        "arn": "arn:aws:iam::222222222222:role/subscriber",
                        "accountId": "222222222222", "userName": "subscriber",
                    ],
                    "webIdFederationData": ["federatedProvider": "https://issuer.example"],
                    "attributes": [
                        "creationDate": "2025-12-31T23:00:00Z", "mfaAuthenticated": "false",
                    ],
                ] as NSDictionary,
            ] as NSDictionary,
            "readOnly": true, "eventType": "AwsApiCall", "eventCategory": "Data",
            "managementEvent": false, "errorCode": "AccessDenied", "errorMessage": "no",
            "requestParameters": ["bucketName": "funds", "key": "a/b"],
            "responseElements": NSNull(), "additionalEventData": ["bytesTransferredOut": 0],
            "resources": [
                ["type": "AWS::S3::Object", "ARN": "arn:aws:s3:::funds/a/b"],
                [
                    "accountId": "111111111111", "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::funds",
                ],
            ],
            "recipientAccountId": "222222222222",
        ]
        #expect(try object(event) == expected)
    }

    @Test func `leaves out what is unknown, and says null where AWS does`() throws {
        let object = try object(.example())
        let keys: Set = [
            "eventID", "eventVersion", "eventTime", "eventSource", "eventName", "awsRegion",
            "sourceIPAddress", "userIdentity", "readOnly", "eventType", "eventCategory",
            "managementEvent", "requestParameters", "responseElements", "recipientAccountId",
        ]
        #expect(Set(object.allKeys.compactMap { $0 as? String }) == keys)
        #expect(object["requestParameters"] is NSNull)
        #expect(object["userIdentity"] as? NSDictionary == ["type": "AssumedRole"])
    }

    @Test(arguments: [
        "", #"""#, #"\"#, "\u{0}", "\u{1F}", "\u{7F}", "a\nb\r\tc", "ü€😀", "\u{2028}",
        #"","eventName":"Forged"#, "}\n{\"sequence\":1", #"\u0041"#,
    ])
    func `keeps any text, and stays one line`(text: String) throws {
        var event = AuditEvent.example()
        event.userAgent = text
        event.errorMessage = text + text
        let object = try object(event)
        #expect(object["userAgent"] as? String == text)
        #expect(object["errorMessage"] as? String == text + text)
        #expect(object["eventName"] as? String == "GetObject")
    }

    @Test(arguments: UInt64(1)...100)
    func `keeps random text`(seed: UInt64) throws {
        var random = TrailRandom(state: seed)
        let scalars = (0..<40).map { _ in
            Unicode.Scalar(UInt32.random(in: 0...0x2FF, using: &random)) ?? "?"
        }
        var event = AuditEvent.example()
        event.userAgent = String(String.UnicodeScalarView(scalars))
        #expect(try object(event)["userAgent"] as? String == event.userAgent)
    }

    @Test func `makes line breaks between tokens of embedded JSON spaces`() throws {
        var event = AuditEvent.example()
        event.requestParameters = "{\n\t\"a\": [1,\r\n2]\n}"
        #expect(try object(event)["requestParameters"] as? NSDictionary == ["a": [1, 2]])
    }

    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00Z"), (-0.5, "1969-12-31T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"), (951_868_800, "2000-03-01T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        (1_800_000_000.999, "2027-01-15T08:00:00Z"), (-62_167_219_200, "0000-01-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"), (1e18, "9999-12-31T23:59:59Z"),
        (-1e18, "0000-01-01T00:00:00Z"),
    ])
    func `tells the time in whole seconds of UTC`(seconds: Double, expected: String) throws {
        var event = AuditEvent.example()
        event.eventTime = Date(timeIntervalSince1970: seconds)
        #expect(try object(event)["eventTime"] as? String == expected)
    }

    /// From 1600 on: Foundation takes the Julian calendar for earlier dates.
    @Test(arguments: UInt64(1)...50)
    func `agrees with Foundation on any time`(seed: UInt64) throws {
        var random = TrailRandom(state: seed)
        let time = Date(timeIntervalSince1970: .random(in: -1.1e10...2e11, using: &random))
        var event = AuditEvent.example()
        event.eventTime = time
        let whole = Date(timeIntervalSince1970: time.timeIntervalSince1970.rounded(.down))
        #expect(try object(event)["eventTime"] as? String == whole.formatted(.iso8601))
    }
}

@Suite struct `A trail's head` {
    @Test func `reads itself back from its line`() throws {
        let signer = try TrailSigner.example(seed: 3)
        for milliseconds in [0, 1, 1_800_000_000_001, 1_800_000_000_999, 4_102_444_799_123] {
            let time = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
            let head = try signer.head(sequence: 12, hash: .genesis, at: time)
            let again = try #require(TrailHead(head.description))
            #expect(again == head)
            #expect(again.isSigned(by: signer.publicKey))
            #expect(head.description.contains(#""time":\#(milliseconds),"#))
        }
    }

    @Test func `is nothing else than its line, to the byte`() throws {
        let head = try TrailSigner.example(seed: 3)
            .head(sequence: 12, hash: .genesis, at: TrailTestbed.now)
        let line = head.description
        #expect(TrailHead(line + " ") == nil)
        #expect(TrailHead(String(line.dropLast())) == nil)
        #expect(TrailHead(line.replacing(":12,", with: ":012,")) == nil)
        #expect(TrailHead(line.replacing(":12,", with: ":+12,")) == nil)
        #expect(TrailHead(line.replacing(#""signature":""#, with: #""signature":"AB"#)) == nil)
        #expect(TrailHead("") == nil)
    }
}
