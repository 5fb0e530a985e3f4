import AWSAPI
import AthenaAPI
import BourseAPI
import DataExchangeAPI
import EventBridgeAPI
import GlueAPI
import IAMAPI
import LakeFormationAPI
import S3API
import SQSAPI
import STSAPI

/// The services on the port, and how a request says which of them it means.
enum ServiceTable {
    private static let tables: [String: OperationTable] = Dictionary(
        [
            OperationTable(.athena, Athena.operations),
            OperationTable(.bourse, Bourse.operations),
            OperationTable(.dataExchange, DataExchange.operations),
            OperationTable(.eventBridge, EventBridge.operations),
            OperationTable(.glue, Glue.operations),
            OperationTable(.iam, IAM.operations),
            OperationTable(.lakeFormation, LakeFormation.operations),
            OperationTable(.s3, S3.operations),
            OperationTable(.sqs, SQS.operations),
            OperationTable(.sts, STS.operations),
        ].map { ($0.service.signingName, $0) }, uniquingKeysWith: { first, _ in first })

    /// The service of the signature's scope, else of what the request looks like.
    ///
    /// A service that is not served is described by what its protocol must be, so that its clients can
    /// read the refusal.
    static func service(of request: WireRequest) -> AWSService {
        if let name = scopedName(request) {
            return tables[name]?.service ?? unserved(name, request)
        }
        if let target = request.headers["x-amz-target"] {
            let prefix = target.split(separator: ".").dropLast().joined(separator: ".")
            let named = tables.values.first { table in
                if case .json(_, prefix) = table.service.wire { true } else { false }
            }
            return named?.service ?? unserved(prefix, request)
        }
        if isForm(request) { return .sts }
        if request.path.hasPrefix("/bourse/v1/") { return .bourse }
        if request.path.hasPrefix("/v1/") || request.path.hasPrefix("/tags/") {
            return .dataExchange
        }
        return .s3
    }

    /// - Throws: ``AWSError/unknownOperation(_:of:)``, which names operation and service.
    static func match(
        _ request: WireRequest, in service: AWSService
    ) throws(AWSError) -> OperationTable.Match {
        // A service that is not served is one without operations.
        let table = tables[service.signingName] ?? OperationTable(service, [])
        return try table.match(request)
    }

    /// `Credential=KEY/DAY/REGION/SERVICE/aws4_request`, in the header or the query.
    private static func scopedName(_ request: WireRequest) -> String? {
        let credential: Substring.UTF8View?
        if let header = request.headers["authorization"] {
            let name = "Credential=".utf8
            credential = header.utf8
                .split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }
                .first { $0.starts(with: name) }?.dropFirst(name.count)
        } else {
            credential =
                QueryItem.parse(request.query)
                .first { $0.name == "X-Amz-Credential" }?.value[...].utf8
        }
        let parts =
            credential?.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) ?? []
        return parts.count == 5 ? String(Substring(parts[3])) : nil
    }

    private static func unserved(_ name: String, _ request: WireRequest) -> AWSService {
        let wire: AWSService.WireProtocol =
            if request.headers["x-amz-target"] != nil {
                .json(version: "1.1", targetPrefix: name)
            } else if isForm(request) {
                .query(version: "", namespace: "https://\(name).amazonaws.com/doc/")
            } else {
                .restJSON
            }
        return AWSService(
            name: name, signingName: name, wire: wire, invalidInputCode: "ValidationException")
    }

    private static func isForm(_ request: WireRequest) -> Bool {
        request.headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") ?? false
    }
}
