import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import GlueAPI
import LakeFormationAPI
import S3API
import SQSAPI
import STSAPI
import Testing

@Suite struct `The door answers byte for byte` {
    @Test func `by query`() {
        let reply = STS.GetCallerIdentity.reply(
            .init(
                userId: "AIDA", account: "111111111111", arn: "arn:aws:iam::111111111111:user/a&b"),
            requestID: "1f-2e")
        #expect(reply.status == 200)
        #expect(
            reply.headers == [
                WireHeader("content-type", "text/xml"), WireHeader("x-amzn-requestid", "1f-2e"),
            ])
        #expect(
            reply.text
                == "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                + "<GetCallerIdentityResult><UserId>AIDA</UserId><Account>111111111111</Account>"
                + "<Arn>arn:aws:iam::111111111111:user/a&amp;b</Arn></GetCallerIdentityResult>"
                + "<ResponseMetadata><RequestId>1f-2e</RequestId></ResponseMetadata>"
                + "</GetCallerIdentityResponse>")
    }

    @Test func `by S3's XML`() {
        let reply = S3.ListObjectsV2.reply(
            .init(
                isTruncated: true,
                contents: [
                    .init(
                        key: "a&<b>\".csv",
                        lastModified: Date(timeIntervalSince1970: 1_708_266_721.123),
                        eTag: "\"9e10\"", size: 12, storageClass: .standard)
                ],
                name: "lake", prefix: "a", delimiter: "/", maxKeys: 1,
                commonPrefixes: [.init(prefix: "a/")], keyCount: 2, nextContinuationToken: "t"),
            requestID: "ID")
        #expect(reply.status == 200)
        #expect(
            reply.headers == [
                WireHeader("x-amz-request-id", "ID"), WireHeader("content-type", "application/xml"),
            ])
        #expect(
            reply.text
                == """
                <?xml version="1.0" encoding="UTF-8"?>
                <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
                <IsTruncated>true</IsTruncated>
                <Contents>
                <Key>a&amp;&lt;b&gt;&quot;.csv</Key>
                <LastModified>2024-02-18T14:32:01.123Z</LastModified>
                <ETag>&quot;9e10&quot;</ETag>
                <Size>12</Size>
                <StorageClass>STANDARD</StorageClass>
                </Contents>
                <Name>lake</Name>
                <Prefix>a</Prefix>
                <Delimiter>/</Delimiter>
                <MaxKeys>1</MaxKeys>
                <CommonPrefixes>
                <Prefix>a/</Prefix>
                </CommonPrefixes>
                <KeyCount>2</KeyCount>
                <NextContinuationToken>t</NextContinuationToken>
                </ListBucketResult>
                """.replacing(">\n<", with: "><").replacing("?><List", with: "?>\n<List"))
    }

    @Test func `by S3's headers alone`() {
        let reply = S3.HeadObject.reply(
            .init(
                lastModified: Date(timeIntervalSince1970: 1_708_266_721), contentLength: 12,
                eTag: "\"9e10\"", contentType: "text/csv", metadata: ["b": "2", "a": "1"]),
            requestID: "ID")
        #expect(reply.body.isEmpty)
        #expect(
            reply.headers == [
                WireHeader("x-amz-request-id", "ID"),
                WireHeader("last-modified", "Sun, 18 Feb 2024 14:32:01 GMT"),
                WireHeader("content-length", "12"), WireHeader("etag", "\"9e10\""),
                WireHeader("content-type", "text/csv"), WireHeader("x-amz-meta-a", "1"),
                WireHeader("x-amz-meta-b", "2"),
            ])
    }

    @Test func `by S3's root alone where there is nothing to say`() {
        let reply = S3.GetBucketVersioning.reply(.init(), requestID: "ID")
        #expect(
            reply.text
                == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                + "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + "</VersioningConfiguration>")
        #expect(S3.PutBucketVersioning.reply(.init(), requestID: "ID").body.isEmpty)
    }

    @Test func `by JSON`() {
        let date = Date(timeIntervalSince1970: 1_708_266_721.5)
        let reply = Glue.GetDatabase.reply(
            .init(database: .init(name: "n", createTime: date)), requestID: "1f-2e")
        #expect(reply.status == 200)
        #expect(
            reply.headers == [
                WireHeader("content-type", "application/x-amz-json-1.1"),
                WireHeader("x-amzn-requestid", "1f-2e"),
            ])
        #expect(reply.text == "{\"Database\":{\"Name\":\"n\",\"CreateTime\":1708266721.5}}")
        #expect(Glue.CreateTable.reply(.init(), requestID: "").text == "{}")
    }

    @Test func `by REST's JSON`() {
        let started = DataExchange.StartJob.reply(.init(), requestID: "1f-2e")
        #expect(started.status == 202)
        #expect(started.text == "{}")
        let deleted = DataExchange.DeleteDataGrant.reply(.init(), requestID: "1f-2e")
        #expect(deleted.status == 204)
        #expect(deleted.headers == [WireHeader("x-amzn-requestid", "1f-2e")])
        #expect(deleted.body.isEmpty)
    }
}

@Suite struct `The door refuses` {
    static let error = AWSError(
        "ResourceNotFoundException", status: 404, "No \"x\".",
        members: [.init("ResourceId", "x")])

    @Test func `by JSON`() {
        let reply = AWSService.glue.reply(Self.error, requestID: "1f-2e")
        #expect(reply.status == 404)
        #expect(
            reply.text
                == #"{"message":"No \"x\".","Message":"No \"x\".","#
                + #""__type":"ResourceNotFoundException","ResourceId":"x"}"#)
        #expect(reply.headers["x-amzn-query-error"] == nil)
    }

    @Test func `by JSON, with the code of an older protocol`() {
        var error = AWSError("QueueDoesNotExist", "No.")
        error.legacyQueryCode = "AWS.SimpleQueueService.NonExistentQueue"
        let reply = AWSService.sqs.reply(error, requestID: "1f-2e")
        #expect(
            reply.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender")
    }

    @Test func `by REST's JSON`() {
        let reply = AWSService.dataExchange.reply(Self.error, requestID: "1f-2e")
        #expect(
            reply.headers == [
                WireHeader("content-type", "application/json"),
                WireHeader("x-amzn-requestid", "1f-2e"),
                WireHeader("x-amzn-errortype", "ResourceNotFoundException"),
            ])
        #expect(
            reply.text
                == #"{"message":"No \"x\".","Message":"No \"x\".","ResourceId":"x"}"#)
    }

    @Test(arguments: [(403, "Sender"), (500, "Receiver")])
    func `by query`(status: Int, blamed: String) {
        let reply = AWSService.sts.reply(
            AWSError("AccessDenied", status: status, "a<b"), requestID: "1f-2e")
        #expect(reply.status == status)
        #expect(
            reply.text
                == "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
                + "<Type>\(blamed)</Type><Code>AccessDenied</Code><Message>a&lt;b</Message></Error>"
                + "<RequestId>1f-2e</RequestId></ErrorResponse>")
    }

    @Test func `by S3's XML`() {
        let error = AWSError(
            "NoSuchBucket", status: 404, "None.", members: [.init("BucketName", "lake")])
        let reply = AWSService.s3.reply(error, requestID: "ID", resource: "/lake/a&b")
        #expect(
            reply.text
                == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchBucket</Code>"
                + "<Message>None.</Message><BucketName>lake</BucketName>"
                + "<Resource>/lake/a&amp;b</Resource><RequestId>ID</RequestId></Error>")
        #expect(reply.headers["x-amz-request-id"] == "ID")
    }
}

@Suite struct `The client reads a refusal` {
    @Test(arguments: [
        AWSService.glue, .sqs, .lakeFormation, .dataExchange, .sts, .s3,
    ])
    func `as the door meant it`(_ service: AWSService) {
        var error = AWSError("NoSuchThing", status: 404, "No <such> \"thing\".")
        if service != .sts { error.members = [.init("ResourceId", "x&y")] }
        if service == .sqs { error.legacyQueryCode = "AWS.NoSuchThing" }
        let reply = service.reply(error, requestID: "id", resource: "/x")
        #expect(AWSError(reading: reply, from: service) == error)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var service = AWSService.glue
        var status = 400
        var headers: [WireHeader] = []
        var body: String
        var expected: AWSError

        var testDescription: String { name }
    }

    @Test(arguments: [
        Row(
            name: "a namespace before the code",
            body: #"{"__type":"com.amazon.coral#AccessDenied","Message":"No."}"#,
            expected: AWSError("AccessDenied", "No.")),
        Row(
            name: "an address after the code", service: .dataExchange,
            headers: [WireHeader("x-amzn-errortype", "AccessDenied:http://a.b/c#d")],
            body: #"{"message":"No."}"#, expected: AWSError("AccessDenied", "No.")),
        Row(
            name: "the header alone", service: .dataExchange, status: 404,
            headers: [WireHeader("x-amzn-errortype", "NotFound")], body: "",
            expected: AWSError("NotFound", status: 404, "")),
        Row(
            name: "a bare code", service: .dataExchange, body: #"{"code":"NotFound"}"#,
            expected: AWSError("NotFound", #"{"code":"NotFound"}"#)),
        Row(
            name: "not from AWS", status: 502, body: "<html>Bad Gateway</html>",
            expected: AWSError("HTTP502", status: 502, "<html>Bad Gateway</html>")),
        Row(
            name: "no body, as of HEAD", service: .s3, status: 404, body: "",
            expected: AWSError("HTTP404", status: 404, "")),
        Row(
            name: "without an envelope", service: .sts, status: 403,
            body: "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>",
            expected: AWSError("AccessDenied", status: 403, "No.")),
    ])
    func `as far as it can`(_ row: Row) {
        let reply = WireReply(
            status: row.status, headers: row.headers, body: Array(row.body.utf8))
        #expect(AWSError(reading: reply, from: row.service) == row.expected)
    }

    @Test func `and says when an answer is none`() {
        func code(_ reply: WireReply) -> String {
            do {
                _ = try Glue.CreateDatabase.response(from: reply)
                return ""
            } catch { return error.code }
        }
        #expect(code(WireReply(status: 200, body: Array("{".utf8))) == "UnreadableAnswer")
        #expect(code(WireReply(status: 301)) == "HTTP301")
        #expect(code(WireReply(status: 200)) == "")
    }
}
