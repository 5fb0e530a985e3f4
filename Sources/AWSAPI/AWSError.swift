/// The one way in which an operation refuses.
///
/// The named constructors stand in one file per service (`AWSError+Glue.swift`). What a door does not
/// foresee becomes ``internalFailure``, and the log has the rest under the request's id.
public struct AWSError: Error, Equatable, Sendable {
    /// As the service names it: `EntityNotFoundException`, `NoSuchKey`.
    public var code: String
    /// HTTP status.
    public var status: Int
    public var message: String
    /// What some errors carry besides: Data Exchange's `ResourceId`, S3's `BucketName`.
    public var members: [Member]
    /// What travels in the answer's head besides: an ETag with 304, the size with 416.
    public var headers: [WireHeader] = []
    /// The code under which clients of an older, query-protocol form of the service know it (SQS).
    public var legacyQueryCode: String?

    public struct Member: Equatable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(_ code: String, status: Int = 400, _ message: String, members: [Member] = []) {
        self.code = code
        self.status = status
        self.message = message
        self.members = members
    }
}

/// For whoever typed a command, and for the log.
extension AWSError: CustomStringConvertible {
    public var description: String { "\(message) (\(code))" }
}

extension AWSError {
    /// What we did not foresee. The log has the cause under the request's id; the caller has not.
    public static func internalFailure(_ service: AWSService) -> AWSError {
        let message =
            "The request failed inside the exchange. Its operator finds why under the request id."
        return switch service.wire {
        case .restXML: AWSError("InternalError", status: 500, message)
        case .query: AWSError("InternalFailure", status: 500, message)
        case .restJSON where service.signingName == "dataexchange":
            AWSError("InternalServerException", status: 500, message)
        case .json, .restJSON: AWSError("InternalServiceException", status: 500, message)
        }
    }

    /// An operation that the service has not, or that is not served here.
    ///
    /// Never a 5xx that clients retry: 400 in the JSON and query protocols, 501 in S3's.
    public static func unknownOperation(_ name: String, of service: AWSService) -> AWSError {
        switch service.wire {
        case .query:
            AWSError("InvalidAction", "\(service.name) has no operation \(name) here.")
        case .restXML:
            AWSError(
                "NotImplemented", status: 501,
                "\(service.name): \(name) is not an operation of this exchange.")
        case .json, .restJSON:
            AWSError(
                "UnknownOperationException", "\(service.name) has no operation \(name) here.")
        }
    }

    /// A request that cannot be read as the operation's.
    ///
    /// - Parameter isDocument: Whether the body was to be read, and not the head alone.
    public static func invalidInput(
        _ fault: WireFault, of service: AWSService, isDocument: Bool = false
    ) -> AWSError {
        if case .restXML = service.wire {
            switch fault {
            case .notADocument, .missing, .unexpected: return AWSError("MalformedXML", "\(fault)")
            case .wrongType:
                return AWSError(isDocument ? "MalformedXML" : "InvalidArgument", "\(fault)")
            }
        }
        return AWSError(service.invalidInputCode, "\(fault)")
    }

    /// The caller may not do that.
    public static func accessDenied(
        _ service: AWSService, _ message: String = "Access Denied"
    ) -> AWSError {
        switch service.wire {
        case .query, .restXML: AWSError("AccessDenied", status: 403, message)
        case .json: AWSError("AccessDeniedException", message)
        // Lake Formation's model says 403, the service says 400, and clients match on the text.
        case .restJSON where service.signingName == "lakeformation":
            AWSError("AccessDeniedException", message)
        case .restJSON: AWSError("AccessDeniedException", status: 403, message)
        }
    }
}
