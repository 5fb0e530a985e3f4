import AWSAPI
import AthenaAPI
import DataExchangeAPI
import EventBridgeAPI
import FoundationEssentials
import GlueAPI
import LakeFormationAPI
import S3API
import SQSAPI
import STSAPI
import Testing

/// What the door makes of `operation` when our own client sends it.
func received<Operation: AWSOperation>(
    _ operation: Operation, among operations: [any AWSOperation.Type],
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> Operation {
    let request = operation.request
    let match = try OperationTable(Operation.service, operations).match(request)
    #expect(match.operation is Operation.Type, sourceLocation: sourceLocation)
    let received = try Operation(reading: request, labels: match.labels)
    let again = received.request
    #expect(again.method == request.method, sourceLocation: sourceLocation)
    #expect(again.target == request.target, sourceLocation: sourceLocation)
    #expect(again.headers == request.headers, sourceLocation: sourceLocation)
    #expect(again.text == request.text, sourceLocation: sourceLocation)
    return received
}

/// What our own client makes of the door's answer.
func answered<Operation: AWSOperation>(
    _: Operation.Type, _ response: Operation.Response,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> Operation.Response {
    let reply = Operation.reply(response, requestID: "id")
    let received = try Operation.response(from: reply)
    let again = Operation.reply(received, requestID: "id")
    #expect(again.status == reply.status, sourceLocation: sourceLocation)
    #expect(again.headers == reply.headers, sourceLocation: sourceLocation)
    #expect(again.text == reply.text, sourceLocation: sourceLocation)
    return received
}

extension WireRequest {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension WireReply {
    var text: String { String(decoding: body, as: UTF8.self) }
}

@Suite struct `A request reaches the door as it was sent` {
    @Test func `by JSON`() throws {
        let sent = Glue.GetTable(
            databaseName: "nomura", name: "nav \"daily\" 漢",
            queryAsOfTime: Date(timeIntervalSince1970: 1_708_266_721.5))
        #expect(sent.request.path == "/")
        #expect(sent.request.headers["x-amz-target"] == "AWSGlue.GetTable")
        #expect(sent.request.headers["content-type"] == "application/x-amz-json-1.1")
        let got = try received(sent, among: Glue.operations)
        #expect(got.databaseName == "nomura")
        #expect(got.name == "nav \"daily\" 漢")
        #expect(got.queryAsOfTime == sent.queryAsOfTime)
        #expect(got.catalogId == nil)
    }

    @Test func `by JSON, with maps and bytes`() throws {
        let sent = SQS.SendMessage(
            queueUrl: "http://127.0.0.1:5600/111111111111/q", messageBody: "{\"a\":1}\n",
            messageAttributes: [
                "text": .init(dataType: "String", stringValue: "a=b&c"),
                "bytes": .init(dataType: "Binary", binaryValue: Data([0, 255, 62, 63])),
            ])
        #expect(sent.request.headers["content-type"] == "application/x-amz-json-1.0")
        let got = try received(sent, among: SQS.operations)
        #expect(got.messageBody == sent.messageBody)
        #expect(got.messageAttributes?.count == 2)
        #expect(got.messageAttributes?["text"]?.stringValue == "a=b&c")
        #expect(got.messageAttributes?["bytes"]?.binaryValue == Data([0, 255, 62, 63]))

        let created = try received(
            SQS.CreateQueue(queueName: "q", attributes: ["DelaySeconds": "0"], tags: [:]),
            among: SQS.operations)
        #expect(created.attributes == ["DelaySeconds": "0"])
        #expect(created.tags == [:])
    }

    @Test func `by JSON, with lists of structures`() throws {
        let sent = EventBridge.PutEvents(entries: [
            .init(
                time: Date(timeIntervalSince1970: 1_708_266_721), source: "nomura",
                resources: ["arn:aws:s3:::lake"], detailType: "Published",
                detail: "{\"key\":\"a/b\"}"),
            .init(),
        ])
        let got = try received(sent, among: EventBridge.operations)
        #expect(got.entries.count == 2)
        #expect(got.entries[0].time == sent.entries[0].time)
        #expect(got.entries[0].detail == "{\"key\":\"a/b\"}")
        #expect(got.entries[0].resources == ["arn:aws:s3:::lake"])
        #expect(got.entries[1].source == nil)
    }

    @Test func `by REST with a JSON body`() throws {
        let sent = LakeFormation.GrantPermissions(
            principal: .init(dataLakePrincipalIdentifier: "222222222222"),
            resource: .init(
                tableWithColumns: .init(
                    databaseName: "nomura", name: "nav", columnNames: ["isin", "nav"])),
            permissions: [.select], permissionsWithGrantOption: [])
        #expect(sent.request.path == "/GrantPermissions")
        #expect(sent.request.headers["content-type"] == "application/json")
        let got = try received(sent, among: LakeFormation.operations)
        #expect(got.principal.dataLakePrincipalIdentifier == "222222222222")
        #expect(got.resource.tableWithColumns?.columnNames == ["isin", "nav"])
        #expect(got.resource.table == nil)
        #expect(got.permissions == [.select])
        #expect(got.permissionsWithGrantOption == [])
    }

    @Test func `by REST with labels and a query`() throws {
        let arn = "arn:aws:dataexchange:us-east-1::data-grants/abc"
        let accepted = DataExchange.AcceptDataGrant(dataGrantArn: arn)
        #expect(
            accepted.request.path
                == "/v1/data-grants/arn%3Aaws%3Adataexchange%3Aus-east-1%3A%3Adata-grants%2Fabc/accept"
        )
        #expect(accepted.request.body.isEmpty)
        #expect(accepted.request.headers.isEmpty)
        #expect(try received(accepted, among: DataExchange.operations).dataGrantArn == arn)

        let listed = DataExchange.ListReceivedDataGrants(
            maxResults: 5, nextToken: "a+b/=",
            acceptanceState: [.accepted, .pendingReceiverAcceptance])
        let got = try received(listed, among: DataExchange.operations)
        #expect(got.maxResults == 5)
        #expect(got.nextToken == "a+b/=")
        #expect(got.acceptanceState == listed.acceptanceState)
    }

    @Test func `by REST, a job`() throws {
        let sent = DataExchange.CreateJob(
            details: .init(
                importAssetsFromS3: .init(
                    assetSources: [.init(bucket: "lake", key: "gold/nav.csv")], dataSetId: "d",
                    revisionId: "r")),
            type: .importAssetsFromS3)
        let got = try received(sent, among: DataExchange.operations)
        #expect(got.type == .importAssetsFromS3)
        #expect(got.details.importAssetsFromS3?.assetSources.first?.key == "gold/nav.csv")
        #expect(got.details.exportAssetsToS3 == nil)
    }

    @Test func `by query`() throws {
        let asked = STS.GetCallerIdentity()
        #expect(asked.request.text == "Action=GetCallerIdentity&Version=2011-06-15")
        _ = try received(asked, among: STS.operations)

        let sent = STS.AssumeRoleWithWebIdentity(
            roleArn: "arn:aws:iam::111111111111:role/reader", roleSessionName: "s",
            webIdentityToken: "a.b+c/=&d",
            policyArns: [.init(arn: "arn:aws:iam::aws:policy/A"), .init(arn: "b")],
            durationSeconds: 900)
        #expect(sent.request.text.contains("&PolicyArns.member.2.arn=b&"))
        let got = try received(sent, among: STS.operations)
        #expect(got.webIdentityToken == "a.b+c/=&d")
        #expect(got.policyArns?.map(\.arn) == ["arn:aws:iam::aws:policy/A", "b"])
        #expect(got.durationSeconds == 900)
    }

    @Test func `by query, with more than nine items in a list`() throws {
        let arns = (1...12).map { STS.PolicyDescriptorType(arn: "arn-\($0)") }
        let got = try received(
            STS.AssumeRoleWithWebIdentity(
                roleArn: "r", roleSessionName: "s", webIdentityToken: "t", policyArns: arns),
            among: STS.operations)
        #expect(got.policyArns?.map(\.arn) == arns.map(\.arn))
        let none = try received(
            STS.AssumeRoleWithWebIdentity(
                roleArn: "r", roleSessionName: "s", webIdentityToken: "t", policyArns: []),
            among: STS.operations)
        #expect(none.policyArns?.isEmpty == true)
    }

    @Test func `by REST with an XML body`() throws {
        let sent = S3.PutBucketVersioning(
            bucket: "lake", versioningConfiguration: .init(status: .enabled))
        #expect(sent.request.target == "/lake?versioning")
        #expect(
            sent.request.text
                == "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + "<Status>Enabled</Status></VersioningConfiguration>")
        let got = try received(sent, among: S3.operations)
        #expect(got.bucket == "lake")
        #expect(got.versioningConfiguration.status == .enabled)

        let created = try received(
            S3.CreateBucket(
                bucket: "lake", createBucketConfiguration: .init(locationConstraint: .euWest1)),
            among: S3.operations)
        #expect(created.createBucketConfiguration?.locationConstraint == .euWest1)
        #expect(S3.CreateBucket(bucket: "lake").request.body.isEmpty)
    }

    @Test func `by REST in the query and in headers`() throws {
        let sent = S3.ListObjectsV2(
            bucket: "lake", delimiter: "/", encodingType: .url, maxKeys: 10, prefix: "a b/é&=+",
            optionalObjectAttributes: [.restoreStatus])
        #expect(
            sent.request.headers == [
                WireHeader("x-amz-optional-object-attributes", "RestoreStatus")
            ])
        let got = try received(sent, among: S3.operations)
        #expect(got.delimiter == "/")
        #expect(got.encodingType == .url)
        #expect(got.maxKeys == 10)
        #expect(got.prefix == "a b/é&=+")
        #expect(got.optionalObjectAttributes == [.restoreStatus])
    }

    @Test func `by REST, dates in headers`() throws {
        let date = Date(timeIntervalSince1970: 1_708_266_721)
        let sent = S3.GetObject(
            bucket: "lake", key: "k", ifMatch: "\"e\"", ifModifiedSince: date, range: "bytes=0-9",
            responseExpires: date)
        #expect(
            sent.request.query == "response-expires=Sun%2C%2018%20Feb%202024%2014%3A32%3A01%20GMT")
        #expect(
            sent.request.headers == [
                WireHeader("if-match", "\"e\""),
                WireHeader("if-modified-since", "Sun, 18 Feb 2024 14:32:01 GMT"),
                WireHeader("range", "bytes=0-9"),
            ])
        let got = try received(sent, among: S3.operations)
        #expect(got.ifModifiedSince == date)
        #expect(got.responseExpires == date)

        let put = S3.PutObject(
            bucket: "lake", key: "k", metadata: ["Owner": "nomura", "b": "c"],
            objectLockRetainUntilDate: date)
        #expect(
            put.request.headers["x-amz-object-lock-retain-until-date"]
                == "2024-02-18T14:32:01.000Z")
        #expect(put.request.headers["x-amz-meta-owner"] == "nomura")
        let stored = try received(put, among: S3.operations)
        #expect(stored.metadata == ["owner": "nomura", "b": "c"])
        #expect(stored.objectLockRetainUntilDate == date)
    }

    @Test(arguments: UInt64(1)...300)
    func `by REST, whatever the key`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let key = random.text(upTo: 20) + "k"
        let got = try received(
            S3.HeadObject(bucket: "lake", key: key, versionId: random.text(upTo: 5)),
            among: S3.operations)
        #expect(Array(got.key.utf8) == Array(key.utf8))
    }

    @Test(arguments: UInt64(1)...100)
    func `by query, whatever the text`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let token = random.text(upTo: 30)
        let got = try received(
            STS.AssumeRoleWithWebIdentity(
                roleArn: "r", roleSessionName: random.text(upTo: 5), webIdentityToken: token),
            among: STS.operations)
        #expect(Array(got.webIdentityToken.utf8) == Array(token.utf8))
    }
}

@Suite struct `An answer reaches the client as it was given` {
    static let date = Date(timeIntervalSince1970: 1_708_266_721.123)

    @Test func `by JSON`() throws {
        let table = Glue.Table(
            name: "nav", createTime: Self.date,
            storageDescriptor: .init(
                columns: [.init(name: "isin", type: "string"), .init(name: "nav")],
                location: "s3://lake/gold/", compressed: false, numberOfBuckets: -1),
            partitionKeys: [], parameters: ["classification": "csv"],
            isRegisteredWithLakeFormation: true)
        let got = try answered(Glue.GetTable.self, .init(table: table)).table
        #expect(got?.createTime == Self.date)
        #expect(got?.storageDescriptor?.columns?.map(\.type) == ["string", nil])
        #expect(got?.storageDescriptor?.numberOfBuckets == -1)
        #expect(got?.storageDescriptor?.compressed == false)
        #expect(got?.partitionKeys?.isEmpty == true)
        #expect(got?.parameters == ["classification": "csv"])
        #expect(got?.isRegisteredWithLakeFormation == true)
    }

    @Test func `by JSON, a result with rows and nulls`() throws {
        let got = try answered(
            Athena.GetQueryResults.self,
            .init(
                updateCount: 0,
                resultSet: .init(
                    rows: [.init(data: [.init(varCharValue: "nav"), .init()]), .init(data: [])],
                    resultSetMetadata: .init(columnInfo: [
                        .init(name: "nav", type: "decimal", precision: 18, scale: 4)
                    ]))))
        #expect(got.updateCount == 0)
        #expect(got.resultSet?.rows?[0].data?.map(\.varCharValue) == ["nav", nil])
        #expect(got.resultSet?.rows?[1].data?.isEmpty == true)
        #expect(got.resultSet?.resultSetMetadata?.columnInfo?.first?.scale == 4)
    }

    @Test func `by JSON, messages`() throws {
        let got = try answered(
            SQS.ReceiveMessage.self,
            .init(messages: [
                .init(
                    messageId: "m", body: "<&>\u{1}", attributes: ["ApproximateReceiveCount": "1"],
                    messageAttributes: ["b": .init(dataType: "Binary", binaryValue: Data([1]))])
            ]))
        #expect(got.messages?.first?.body == "<&>\u{1}")
        #expect(got.messages?.first?.attributes == ["ApproximateReceiveCount": "1"])
        #expect(got.messages?.first?.messageAttributes?["b"]?.binaryValue == Data([1]))
        #expect(try answered(SQS.ReceiveMessage.self, .init()).messages == nil)
    }

    @Test func `by REST with a JSON body and the operation's status`() throws {
        let job = DataExchange.CreateJob.Response(
            arn: "arn", createdAt: Self.date, id: "j", state: .waiting, type: .importAssetsFromS3)
        let reply = DataExchange.CreateJob.reply(job, requestID: "id")
        #expect(reply.status == 201)
        #expect(reply.text.contains("\"CreatedAt\":\"2024-02-18T14:32:01.123Z\""))
        let got = try answered(DataExchange.CreateJob.self, job)
        #expect(got.createdAt == Self.date)
        #expect(got.state == .waiting)
    }

    @Test func `by query`() throws {
        let got = try answered(
            STS.AssumeRoleWithWebIdentity.self,
            .init(
                credentials: .init(
                    accessKeyId: "ASIA", secretAccessKey: "s<&>\"", sessionToken: "t==",
                    expiration: Self.date),
                packedPolicySize: 6))
        #expect(got.credentials?.secretAccessKey == "s<&>\"")
        #expect(got.credentials?.expiration == Date(timeIntervalSince1970: 1_708_266_721))
        #expect(got.packedPolicySize == 6)
    }

    @Test func `by REST with an XML body`() throws {
        let got = try answered(
            S3.ListObjectsV2.self,
            .init(
                isTruncated: false,
                contents: [
                    .init(
                        key: " a&b<\u{1F71A}>\r\n", lastModified: Self.date, eTag: "\"e\"",
                        checksumAlgorithm: [.crc32, .sha256], size: 5, storageClass: .standard),
                    .init(key: "c", owner: .init(displayName: "n", id: "1")),
                ],
                name: "lake", prefix: "", maxKeys: 1000,
                commonPrefixes: [.init(prefix: "d/"), .init(prefix: "e/")], keyCount: 4))
        #expect(got.contents?.map(\.key) == [" a&b<\u{1F71A}>\r\n", "c"])
        #expect(got.contents?[0].lastModified == Self.date)
        #expect(got.contents?[0].checksumAlgorithm == [.crc32, .sha256])
        #expect(got.contents?[1].owner?.id == "1")
        #expect(got.isTruncated == false)
        #expect(got.prefix == "")
        #expect(got.commonPrefixes?.map(\.prefix) == ["d/", "e/"])
        #expect(got.nextContinuationToken == nil)
    }

    @Test func `by REST with a list that has an element around it`() throws {
        let got = try answered(
            S3.ListBuckets.self,
            .init(
                buckets: [.init(name: "a", creationDate: Self.date), .init(name: "b")],
                owner: .init(id: "1")))
        #expect(got.buckets?.map(\.name) == ["a", "b"])
        let none = try answered(S3.ListBuckets.self, .init(buckets: []))
        #expect(none.buckets?.isEmpty == true)
    }

    @Test func `by REST in headers alone`() throws {
        let got = try answered(
            S3.HeadObject.self,
            .init(
                acceptRanges: "bytes", lastModified: Date(timeIntervalSince1970: 1_708_266_721),
                contentLength: 0, eTag: "\"e\"", contentType: "text/csv",
                metadata: ["owner": "nomura"], objectLockRetainUntilDate: Self.date))
        #expect(got.lastModified == Date(timeIntervalSince1970: 1_708_266_721))
        #expect(got.contentLength == 0)
        #expect(got.metadata == ["owner": "nomura"])
        #expect(got.objectLockRetainUntilDate == Self.date)
    }

    @Test func `by REST in the root's own text`() throws {
        let ireland = try answered(
            S3.GetBucketLocation.self, .init(locationConstraint: .euWest1))
        #expect(ireland.locationConstraint == .euWest1)
        let virginia = S3.GetBucketLocation.reply(.init(), requestID: "id")
        #expect(virginia.text.hasSuffix("2006-03-01/\"></LocationConstraint>"))
    }

    @Test func `by REST without a word`() throws {
        _ = try answered(DataExchange.DeleteDataGrant.self, .init())
        _ = try answered(DataExchange.StartJob.self, .init())
        _ = try answered(S3.PutBucketVersioning.self, .init())
    }
}
