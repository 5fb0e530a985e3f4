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

@Suite struct `A request that cannot be read is refused` {
    struct Row: Sendable, CustomTestStringConvertible {
        var operation: any AWSOperation.Type
        var body: String
        var expected: String

        var testDescription: String { "\(operation.name) \(body)" }

        init(_ operation: any AWSOperation.Type, _ body: String, _ expected: String) {
            self.operation = operation
            self.body = body
            self.expected = expected
        }
    }

    static func fault(
        of operation: any AWSOperation.Type, _ request: WireRequest, labels: [String: String] = [:]
    ) -> AWSError? {
        do {
            _ = try operation.init(reading: request, labels: labels)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        Row(Glue.GetTable.self, "", "DatabaseName is required."),
        Row(Glue.GetTable.self, "{}", "DatabaseName is required."),
        Row(Glue.GetTable.self, #"{"DatabaseName":null,"Name":"n"}"#, "DatabaseName is required."),
        Row(
            Glue.GetTable.self, #"{"DatabaseName":1,"Name":"n"}"#, "DatabaseName must be a string."),
        Row(
            Glue.GetTable.self, #"{"DatabaseName":"d","Name":"n","QueryAsOfTime":"soon"}"#,
            "QueryAsOfTime must be a timestamp."),
        Row(
            Glue.GetTable.self, #"{"DatabaseName":"d","Name":"n","QueryAsOfTime":1e300}"#,
            "QueryAsOfTime must be a timestamp."),
        Row(
            Glue.CreateTable.self,
            #"{"DatabaseName":"d","TableInput":{"Name":"n","StorageDescriptor":{"Columns":[{"Name":"a"},{}]}}}"#,
            "TableInput.StorageDescriptor.Columns.1.Name is required."),
        Row(
            Glue.CreateTable.self,
            #"{"DatabaseName":"d","TableInput":{"Name":"n","Parameters":{"k":1}}}"#,
            "TableInput.Parameters.k must be a string."),
        Row(
            Glue.CreateTable.self, #"{"DatabaseName":"d","TableInput":[]}"#,
            "TableInput must be an object."),
        Row(
            Glue.CreateTable.self,
            #"{"DatabaseName":"d","TableInput":{"Name":"n","Retention":1.5}}"#,
            "TableInput.Retention must be a whole number."),
        Row(
            Glue.CreateTable.self,
            #"{"DatabaseName":"d","TableInput":{"Name":"n","StorageDescriptor":{"Compressed":"true"}}}"#,
            "TableInput.StorageDescriptor.Compressed must be true or false."),
        Row(
            LakeFormation.GrantPermissions.self,
            #"{"Principal":{},"Resource":{},"Permissions":"SELECT"}"#,
            "Permissions must be a list."),
        Row(
            LakeFormation.GrantPermissions.self,
            #"{"Principal":{},"Resource":{},"Permissions":["SELECT",null]}"#,
            "Permissions.1 must be a string."),
        Row(EventBridge.PutEvents.self, #"{"Entries":{}}"#, "Entries must be a list."),
        Row(
            SQS.SendMessage.self,
            #"{"QueueUrl":"u","MessageBody":"b","MessageAttributes":{"a":{"StringValue":"s"}}}"#,
            "MessageAttributes.a.DataType is required."),
        Row(
            SQS.SendMessage.self,
            #"{"QueueUrl":"u","MessageBody":"b","MessageAttributes":{"a":{"DataType":"Binary","BinaryValue":"*"}}}"#,
            "MessageAttributes.a.BinaryValue must be base64."),
        Row(
            DataExchange.CreateJob.self, #"{"Type":"T","Details":{"ImportAssetsFromS3":{}}}"#,
            "Details.ImportAssetsFromS3.AssetSources is required."),
        Row(STS.AssumeRoleWithWebIdentity.self, "RoleArn=r", "RoleSessionName is required."),
        Row(
            STS.AssumeRoleWithWebIdentity.self,
            "RoleArn=r&RoleSessionName=s&WebIdentityToken=t&DurationSeconds=soon",
            "DurationSeconds must be a whole number."),
        Row(
            Glue.GetTable.self, "[]", "The request's body cannot be read: it must be an object."),
        Row(
            Glue.GetTable.self, "{\"a\"",
            "The request's body cannot be read: not JSON at byte 4: a colon is expected."),
    ])
    func `with the path to what is wrong`(_ row: Row) {
        let request = WireRequest(method: "POST", path: "/", body: Array(row.body.utf8))
        let error = Self.fault(of: row.operation, request)
        #expect(error?.message == row.expected)
        #expect(error?.code == row.operation.service.invalidInputCode)
        #expect(error?.status == 400)
    }

    @Test(arguments: [
        ("max-keys=many", "max-keys must be a whole number."),
        ("max-keys=", "max-keys must be a whole number."),
        ("fetch-owner=1", "fetch-owner must be true or false."),
    ])
    func `also in the query`(query: String, message: String) {
        let request = WireRequest(method: "GET", path: "/lake", query: query)
        let error = Self.fault(of: S3.ListObjectsV2.self, request, labels: ["Bucket": "lake"])
        #expect(error?.message == message)
    }

    @Test func `also in headers and labels`() {
        let request = WireRequest(
            method: "HEAD", path: "/lake/k", headers: [WireHeader("if-modified-since", "once")])
        let labels = ["Bucket": "lake", "Key": "k"]
        #expect(
            Self.fault(of: S3.HeadObject.self, request, labels: labels)?.message
                == "if-modified-since must be a timestamp.")
        #expect(
            Self.fault(of: S3.HeadObject.self, request, labels: ["Bucket": "lake"])?.message
                == "Key is required.")
    }

    @Test func `by S3 with its own code for XML`() {
        let request = WireRequest(
            method: "PUT", path: "/lake", query: "versioning", body: Array("<a>".utf8))
        let error = Self.fault(
            of: S3.PutBucketVersioning.self, request, labels: ["Bucket": "lake"])
        #expect(error?.code == "MalformedXML")
        #expect(error?.status == 400)
    }

    @Test func `but not for what it has besides, or empty`() throws {
        let body = """
            {"DatabaseName":"","Name":"n","New":{"a":[1,2]},"AuditContext":{},"QueryAsOfTime":null}
            """
        let request = WireRequest(method: "POST", path: "/", body: Array(body.utf8))
        let operation = try Glue.GetTable(reading: request, labels: [:])
        #expect(operation.databaseName == "")
        #expect(operation.auditContext != nil)
        #expect(operation.queryAsOfTime == nil)
    }

    @Test func `but not for a whole number with a fraction of zero`() throws {
        let body = #"{"QueryExecutionId":"q","MaxResults":1e1}"#
        let request = WireRequest(method: "POST", path: "/", body: Array(body.utf8))
        #expect(try Athena.GetQueryResults(reading: request, labels: [:]).maxResults == 10)
    }

    @Test func `but not for an enumeration's new value`() throws {
        let body = #"{"Type":"IMPORT_ASSETS_FROM_SPACE","Details":{}}"#
        let request = WireRequest(method: "POST", path: "/v1/jobs", body: Array(body.utf8))
        let job = try DataExchange.CreateJob(reading: request, labels: [:])
        #expect(job.type.rawValue == "IMPORT_ASSETS_FROM_SPACE")
        #expect(!job.type.isKnown)
    }

    @Test(arguments: UInt64(1)...300)
    func `and random bytes are read or refused, never more`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let operations =
            Glue.operations + SQS.operations + STS.operations + S3.operations
            + DataExchange.operations
        for operation in operations {
            let body = JSONValue.random(nesting: 3, using: &random).text + random.text(upTo: 3)
            let request = WireRequest(
                method: "POST", path: "/\(random.text(upTo: 5))", query: random.text(upTo: 20),
                headers: [WireHeader("x-amz-meta-a", random.text(upTo: 5))],
                body: Array(body.utf8))
            _ = try? operation.init(reading: request, labels: ["Bucket": "b", "Key": "k"])
            _ = try? OperationTable(operation.service, operations).match(request)
        }
    }
}

@Suite struct `A request in the audit trail` {
    @Test func `is one object, wherever its members travelled`() {
        let listed = ShapeWriter.audited(
            S3.ListObjectsV2(
                bucket: "lake", maxKeys: 5, prefix: "a/", expectedBucketOwner: "111111111111"))
        #expect(
            listed
                == #"{"Bucket":"lake","max-keys":5,"prefix":"a/","#
                + #""x-amz-expected-bucket-owner":"111111111111"}"#)
        let received = ShapeWriter.audited(
            DataExchange.ListReceivedDataGrants(
                acceptanceState: [.accepted, .pendingReceiverAcceptance]))
        #expect(received == #"{"acceptanceState":["ACCEPTED","PENDING_RECEIVER_ACCEPTANCE"]}"#)
    }

    @Test func `shows no secret, not even of a header`() {
        let put = ShapeWriter.audited(
            S3.PutObject(bucket: "lake", key: "k", sseCustomerKey: "a secret"))
        #expect(!put.contains("a secret"))
        #expect(put.contains(ShapeWriter.hidden))
        let assumed = ShapeWriter.audited(
            STS.AssumeRoleWithWebIdentity(
                roleArn: "r", roleSessionName: "s", webIdentityToken: "a secret"))
        #expect(!assumed.contains("a secret"))
    }
}
