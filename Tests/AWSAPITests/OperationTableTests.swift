import AWSAPI
import AthenaAPI
import BourseAPI
import DataExchangeAPI
import EventBridgeAPI
import GlueAPI
import LakeFormationAPI
import S3API
import SQSAPI
import STSAPI
import Testing

@Suite struct `A request finds its operation` {
    struct Row: Sendable, CustomTestStringConvertible {
        var request: String
        var headers: [WireHeader]
        var operation: String?
        var labels: [String: String]

        var testDescription: String { request + headers.map { " \($0.name)" }.joined() }

        init(
            _ request: String, with headers: [WireHeader] = [], _ operation: String?,
            _ labels: [String: String] = [:]
        ) {
            self.request = request
            self.headers = headers
            self.operation = operation
            self.labels = labels
        }

        func match(in table: OperationTable) -> (operation: String?, labels: [String: String]) {
            let words = request.split(separator: " ")
            let target = words[1].split(
                separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            let match = try? table.match(
                WireRequest(
                    method: String(words[0]), path: String(target[0]),
                    query: target.count > 1 ? String(target[1]) : "", headers: headers))
            return (match?.operation.name, match?.labels ?? [:])
        }
    }

    @Test(arguments: [
        Row("GET /", "ListBuckets"),
        Row("GET /?x-id=ListBuckets", "ListBuckets"),
        Row("PUT /lake", "CreateBucket", ["Bucket": "lake"]),
        Row("HEAD /lake", "HeadBucket", ["Bucket": "lake"]),
        Row("HEAD /lake/", "HeadBucket", ["Bucket": "lake"]),
        Row("GET /lake?list-type=2", "ListObjectsV2", ["Bucket": "lake"]),
        Row("GET /lake/?prefix=a&list-type=2&delimiter=", "ListObjectsV2", ["Bucket": "lake"]),
        Row("GET /lake?versioning", "GetBucketVersioning", ["Bucket": "lake"]),
        Row("GET /lake?versioning=", "GetBucketVersioning", ["Bucket": "lake"]),
        Row("PUT /lake?versioning", "PutBucketVersioning", ["Bucket": "lake"]),
        Row("GET /lake?location", "GetBucketLocation", ["Bucket": "lake"]),
        Row("GET /lake/k", "GetObject", ["Bucket": "lake", "Key": "k"]),
        Row("GET /lake/k?partNumber=1", "GetObject", ["Bucket": "lake", "Key": "k"]),
        Row("HEAD /lake/k?X-Amz-Signature=0", "HeadObject", ["Bucket": "lake", "Key": "k"]),
        Row("PUT /lake/k?x-id=PutObject", "PutObject", ["Bucket": "lake", "Key": "k"]),
        Row(
            "GET /lake/gold/as_of%3D2024-02-18/a%20b%2Bc.csv", "GetObject",
            ["Bucket": "lake", "Key": "gold/as_of=2024-02-18/a b+c.csv"]),
        Row("GET /lake/a+b", "GetObject", ["Bucket": "lake", "Key": "a+b"]),
        Row("PUT /lake/dir/", "PutObject", ["Bucket": "lake", "Key": "dir/"]),
        Row("PUT /lake//k", "PutObject", ["Bucket": "lake", "Key": "/k"]),
        Row("PUT /lake/a//b", "PutObject", ["Bucket": "lake", "Key": "a//b"]),
        Row("PUT /lake/a%2Fb", "PutObject", ["Bucket": "lake", "Key": "a/b"]),
        Row("PUT /lake/../k", "PutObject", ["Bucket": "lake", "Key": "../k"]),
        Row("PUT /lake/%E6%BC%A2", "PutObject", ["Bucket": "lake", "Key": "漢"]),
        Row("GET /lake", "ListObjects", ["Bucket": "lake"]),
        Row("GET /lake?policy", "GetBucketPolicy", ["Bucket": "lake"]),
        Row("PUT /lake?policy=", "PutBucketPolicy", ["Bucket": "lake"]),
        Row("GET /lake/k?acl", "GetObjectAcl", ["Bucket": "lake", "Key": "k"]),
        Row("GET /lake/k?tagging=", "GetObjectTagging", ["Bucket": "lake", "Key": "k"]),
        Row("GET /lake/k?uploadId=u", "ListParts", ["Bucket": "lake", "Key": "k"]),
        Row("POST /lake/k?uploads", "CreateMultipartUpload", ["Bucket": "lake", "Key": "k"]),
        Row("POST /lake/k?uploadId=u", "CompleteMultipartUpload", ["Bucket": "lake", "Key": "k"]),
        Row("DELETE /lake/k?uploadId=u", "AbortMultipartUpload", ["Bucket": "lake", "Key": "k"]),
        Row("DELETE /lake/k", "DeleteObject", ["Bucket": "lake", "Key": "k"]),
        // A PUT is what its query and its headers say.
        Row("PUT /lake/k?partNumber=1&uploadId=u", "UploadPart", ["Bucket": "lake", "Key": "k"]),
        Row(
            "PUT /lake/k", with: [WireHeader("x-amz-copy-source", "lake/j")], "CopyObject",
            ["Bucket": "lake", "Key": "k"]),
        Row(
            "PUT /lake/k?partNumber=1&uploadId=u",
            with: [WireHeader("x-amz-copy-source", "lake/j")], "UploadPartCopy",
            ["Bucket": "lake", "Key": "k"]),
        // Not served: none of them may pass for the operation without its mark.
        Row("GET /lake?list-type=3", nil),
        Row("GET /lake?notification", nil),
        Row("PUT /lake?acl", nil),
        Row("PUT /lake/k?acl", nil),
        Row("PUT /lake/k?tagging", nil),
        Row("PUT /lake/k?uploadId=u", nil),
        Row("PUT /lake/k?partNumber=1", nil),
        Row("POST /lake/k", nil),
        Row("PATCH /lake/k", nil),
        Row("PUT /", nil),
        Row("GET /lake/%FF", nil),
        Row("GET /lake/%4", nil),
    ])
    func `of S3`(_ row: Row) {
        let match = row.match(in: OperationTable(.s3, S3.operations))
        #expect(match.operation == row.operation)
        #expect(match.labels == row.labels)
    }

    @Test(arguments: [
        Row("POST /v1/data-sets", "CreateDataSet"),
        Row("GET /v1/data-sets", "ListDataSets"),
        Row("GET /v1/data-sets?origin=OWNED&maxResults=5", "ListDataSets"),
        Row("GET /v1/data-sets/d", "GetDataSet", ["DataSetId": "d"]),
        Row("POST /v1/data-sets/d/revisions", "CreateRevision", ["DataSetId": "d"]),
        Row("GET /v1/data-sets/d/revisions", "ListDataSetRevisions", ["DataSetId": "d"]),
        Row(
            "PATCH /v1/data-sets/d/revisions/r", "UpdateRevision",
            ["DataSetId": "d", "RevisionId": "r"]),
        Row(
            "GET /v1/data-sets/d/revisions/r/assets", "ListRevisionAssets",
            ["DataSetId": "d", "RevisionId": "r"]),
        Row("PATCH /v1/jobs/j", "StartJob", ["JobId": "j"]),
        Row(
            "POST /v1/data-grants/arn%3Aaws%3Aa%2Fb/accept", "AcceptDataGrant",
            ["DataGrantArn": "arn:aws:a/b"]),
        Row("DELETE /v1/data-grants/g", "DeleteDataGrant", ["DataGrantId": "g"]),
        Row("GET /v1/received-data-grants/a%3Ab", "GetReceivedDataGrant", ["DataGrantArn": "a:b"]),
        Row("GET /v1", nil),
        Row("GET /v1/data-sets/d/revision", nil),
        Row("GET /v1/data-sets/d/revisions/r/assets/a/b", nil),
        Row("GET /v1//d", nil),
        Row("GET /v2/data-sets", nil),
        Row("POST /v1/data-grants/a:b/c/accept", nil),
        Row("get /v1/data-sets", nil),
    ])
    func `of Data Exchange`(_ row: Row) {
        let match = row.match(in: OperationTable(.dataExchange, DataExchange.operations))
        #expect(match.operation == row.operation)
        #expect(match.labels == row.labels)
    }

    @Test(arguments: [
        Row("POST /", with: [WireHeader("x-amz-target", "AWSGlue.GetTable")], "GetTable"),
        Row("POST /", with: [WireHeader("x-amz-target", "a.b.c.GetTable")], "GetTable"),
        Row("POST /", with: [WireHeader("x-amz-target", "GetTable")], "GetTable"),
        Row("POST /", with: [WireHeader("x-amz-target", "AWSGlue.DropTable")], nil),
        Row("POST /", with: [WireHeader("x-amz-target", "AWSGlue.")], nil),
        Row("POST /", with: [WireHeader("x-amz-target", "")], nil),
        Row("POST /", nil),
    ])
    func `of Glue`(_ row: Row) {
        #expect(row.match(in: OperationTable(.glue, Glue.operations)).operation == row.operation)
    }

    @Test(
        arguments: [
            ("Action=GetCallerIdentity&Version=2011-06-15", "", "GetCallerIdentity"),
            ("Version=2011-06-15&Action=GetCallerIdentity", "", "GetCallerIdentity"),
            ("", "Action=GetCallerIdentity&Version=2011-06-15", "GetCallerIdentity"),
            ("Action=GetCallerIdentity", "Action=AssumeRoleWithWebIdentity", "GetCallerIdentity"),
            ("Action=DecodeAuthorizationMessage", "", nil),
            ("Action=", "", nil),
            ("", "", nil),
        ] as [(String, String, String?)])
    func `of STS, in the form before the query`(body: String, query: String, operation: String?) {
        let table = OperationTable(.sts, STS.operations)
        let request = WireRequest(
            method: "POST", path: "/", query: query, body: Array(body.utf8))
        #expect((try? table.match(request))?.operation.name == operation)
    }

    @Test func `or is told that there is none, in each protocol's words`() {
        func refusal(_ table: OperationTable, _ request: WireRequest) -> AWSError? {
            do {
                _ = try table.match(request)
                return nil
            } catch { return error }
        }
        let json = WireRequest(
            method: "POST", path: "/", headers: [WireHeader("x-amz-target", "AWSGlue.Fly")])
        #expect(
            refusal(OperationTable(.glue, Glue.operations), json)
                == AWSError("UnknownOperationException", "Glue has no operation Fly here."))
        let query = WireRequest(method: "POST", path: "/", body: Array("Action=Fly".utf8))
        #expect(
            refusal(OperationTable(.sts, STS.operations), query)
                == AWSError("InvalidAction", "STS has no operation Fly here."))
        let s3 = WireRequest(
            method: "GET", path: "/lake", query: "notification&X-Amz-Signature=5d67")
        #expect(
            refusal(OperationTable(.s3, S3.operations), s3)
                == AWSError(
                    "NotImplemented", status: 501,
                    "S3: GET /lake?notification&X-Amz-Signature is not an operation of this exchange."
                ))
    }

    /// Two operations with one route would leave one of them out of reach.
    @Test(arguments: [
        Athena.operations, Bourse.operations, DataExchange.operations, EventBridge.operations,
        Glue.operations, LakeFormation.operations, S3.operations, SQS.operations, STS.operations,
    ])
    func `which no other one hides`(_ operations: [any AWSOperation.Type]) throws {
        let service = try #require(operations.first).service
        let table = OperationTable(service, operations)
        for operation in operations {
            var request: WireRequest
            switch service.wire {
            case .json(_, let prefix):
                request = WireRequest(
                    method: "POST", path: "/",
                    headers: [WireHeader("x-amz-target", "\(prefix).\(operation.name)")])
            case .query:
                request = WireRequest(
                    method: "POST", path: "/", body: Array("Action=\(operation.name)".utf8))
            case .restJSON, .restXML:
                let path = operation.route.segments.map { segment in
                    switch segment {
                    case .literal(let text): "/\(text)"
                    case .label, .rest: "/x"
                    }
                }
                let (headers, query) = (
                    operation.route.needs.filter { $0.hasPrefix("x-amz-") },
                    operation.route.needs.filter { !$0.hasPrefix("x-amz-") }
                )
                request = WireRequest(
                    method: operation.route.method, path: path.isEmpty ? "/" : path.joined(),
                    query: (operation.route.marks.map { "\($0.name)=\($0.value)" }
                        + query.map { "\($0)=1" }).joined(separator: "&"),
                    headers: headers.map { WireHeader($0, "1") })
            }
            #expect(try table.match(request).operation == operation)
            #expect(operation.service == service)
        }
    }
}
