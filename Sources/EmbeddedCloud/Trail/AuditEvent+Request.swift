import AWSAPI
import FoundationEssentials

extension AuditEvent {
    /// Parameters longer than this are left out of the event, which says so. UTF-8 bytes.
    static let parametersBytesMax = 64 << 10

    /// What the trail says of an operation that succeeds.
    init<Operation: AWSOperation>(of operation: Operation, in call: Call, region: String) {
        self.init(
            eventID: UUID(), eventTime: call.time, eventSource: Operation.service.eventSource,
            eventName: Operation.name, awsRegion: region,
            sourceIPAddress: call.origin.sourceAddress,
            userIdentity: UserIdentity(of: call.caller),
            readOnly: Self.onlyReads(Operation.name),
            recipientAccountId: call.caller.account.rawValue)
        userAgent = call.origin.userAgent
        requestID = call.origin.requestID.uuidString
        let parameters = ShapeWriter.audited(operation)
        requestParameters =
            parameters.utf8.count <= Self.parametersBytesMax
            ? parameters : #"{"omitted":"longer than \#(Self.parametersBytesMax) bytes"}"#
        eventCategory = Self.dataEvents.contains(Operation.name) ? .data : .management
    }

    /// What the trail says of a request that never became an operation.
    ///
    /// - Parameter account: Whose trail it is if nobody knows the caller.
    init(
        refusing name: String, of service: AWSService, error: AWSError, caller: Caller?,
        origin: Call.Origin, at time: Date, region: String, account: AccountID
    ) {
        self.init(
            eventID: UUID(), eventTime: time, eventSource: service.eventSource, eventName: name,
            awsRegion: region, sourceIPAddress: origin.sourceAddress,
            userIdentity: caller.map(UserIdentity.init(of:)) ?? UserIdentity(type: "Unknown"),
            readOnly: Self.onlyReads(name),
            recipientAccountId: (caller?.account ?? account).rawValue)
        userAgent = origin.userAgent
        requestID = origin.requestID.uuidString
        errorCode = error.code
        errorMessage = error.message
    }

    /// The same event with what became of the request.
    func with(_ outcome: Result<some Sendable, AWSError>) -> AuditEvent {
        guard case .failure(let error) = outcome else { return self }
        var event = self
        event.errorCode = error.code
        event.errorMessage = error.message
        return event
    }

    private static let dataEvents: Set<String> = [
        "DeleteObject", "GetObject", "HeadObject", "PutObject",
        "ChangeMessageVisibility", "DeleteMessage", "DeleteMessageBatch", "ReceiveMessage",
        "SendMessage", "SendMessageBatch",
    ]

    private static func onlyReads(_ name: String) -> Bool {
        ["Get", "List", "Head", "Describe", "Explain", "Infer"].contains { name.hasPrefix($0) }
    }
}

extension AuditEvent.UserIdentity {
    init(of caller: Caller) {
        switch caller.kind {
        case .anonymous: self.init(type: "Unknown")
        case .user(let name):
            self.init(
                type: "IAMUser", principalId: caller.userID, arn: caller.arn.description,
                accountId: caller.account.rawValue, accessKeyId: caller.accessKeyID,
                userName: name)
        case .session(let role, _, let issuedAt):
            self.init(
                type: "AssumedRole", principalId: caller.userID, arn: caller.arn.description,
                accountId: caller.account.rawValue, accessKeyId: caller.accessKeyID,
                sessionContext: .init(
                    issuer: .init(
                        type: "Role", arn: caller.principal.description,
                        accountId: caller.account.rawValue, userName: role),
                    creationDate: issuedAt))
        }
    }
}
