/// One AWS service: how it is named in requests and which protocol it speaks.
public struct AWSService: Hashable, Sendable {
    public enum WireProtocol: Hashable, Sendable {
        /// `X-Amz-Target: <prefix>.<Operation>`, body `application/x-amz-json-<version>`.
        case json(version: String, targetPrefix: String)
        case restJSON
        /// A form with `Action` and `Version`, answered in XML.
        case query(version: String, namespace: String)
        case restXML(namespace: String)
    }

    /// What people call it: `Glue`.
    public let name: String
    /// As in the credential scope: `glue`.
    public let signingName: String
    /// As in IAM actions: `glue` in `glue:GetTable`.
    public let actionPrefix: String
    /// As in endpoints and in CloudTrail's `eventSource`: `glue` in `glue.amazonaws.com`.
    public let endpointPrefix: String
    public let wire: WireProtocol
    /// The code of the error with which the service answers a request that it cannot read.
    public let invalidInputCode: String

    public init(
        name: String, signingName: String, actionPrefix: String? = nil,
        endpointPrefix: String? = nil, wire: WireProtocol, invalidInputCode: String
    ) {
        self.name = name
        self.signingName = signingName
        self.actionPrefix = actionPrefix ?? signingName
        self.endpointPrefix = endpointPrefix ?? signingName
        self.wire = wire
        self.invalidInputCode = invalidInputCode
    }

    public var eventSource: String { "\(endpointPrefix).amazonaws.com" }
}
