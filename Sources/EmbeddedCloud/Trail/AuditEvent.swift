public import FoundationEssentials

/// One request, or one act of the exchange itself, as the audit trail keeps it.
///
/// The members are CloudTrail's, name for name, so that tools made for CloudTrail read the trail.
/// What AWS leaves out when it is unknown is left out here: a nil member has no place in the line,
/// except `requestParameters` and `responseElements`, which AWS writes as `null`.
///
/// Nothing that opens a door may stand in an event: no secret key, session token, password or
/// signature, and no presigned URL's query. The trail is read by many and never forgets. Whoever
/// makes the event leaves them out; nobody checks afterwards.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail record contents for management, data, and network
/// activity events".
public struct AuditEvent: Codable, Equatable, Sendable {
    /// CloudTrail's version of the record's shape.
    static let version = "1.11"

    public enum Kind: String, Codable, Sendable {
        /// A caller asked for something.
        case awsApiCall = "AwsApiCall"
        /// The exchange did something by itself: it started, a grant ended.
        case awsServiceEvent = "AwsServiceEvent"
    }

    public enum Category: String, Codable, Sendable {
        /// Control plane: who may do what, and what exists.
        case management = "Management"
        /// Data plane: an object was read, a query ran.
        case data = "Data"
    }

    /// Something the request touched.
    public struct Resource: Codable, Equatable, Sendable {
        /// CloudFormation's name of the type, such as `AWS::S3::Object`.
        public var type: String
        public var arn: String
        /// Twelve digits. The account that owns it.
        public var accountId: String?

        public init(type: String, arn: String, accountId: String? = nil) {
            self.type = type
            self.arn = arn
            self.accountId = accountId
        }
    }

    /// Unique for ever. What this event is known by, also in the ledger's outbox.
    public var eventID: UUID
    /// When the request was completed. The line keeps whole seconds, as CloudTrail does; the order
    /// of events is that of their sequence numbers.
    public var eventTime: Date
    /// The service's host name without a region: `s3.amazonaws.com`.
    public var eventSource: String
    /// The operation, as AWS names it: `GetObject`.
    public var eventName: String
    public var eventType = Kind.awsApiCall
    public var eventCategory = Category.management
    public var awsRegion: String
    /// The address that the request came from, or a service's host name.
    public var sourceIPAddress: String
    public var userAgent: String?
    /// The one that the caller got with the answer.
    public var requestID: String?
    public var userIdentity: UserIdentity
    /// Whether the operation only reads, whatever became of it.
    public var readOnly: Bool
    public var errorCode: String?
    public var errorMessage: String?
    /// Encoded JSON, embedded as it is.
    public var requestParameters: String?
    /// Encoded JSON, embedded as it is.
    public var responseElements: String?
    /// Encoded JSON, embedded as it is.
    public var additionalEventData: String?
    public var resources: [Resource] = []
    /// Twelve digits. The account whose trail this event belongs to.
    public var recipientAccountId: String

    public init(
        eventID: UUID,
        eventTime: Date,
        eventSource: String,
        eventName: String,
        awsRegion: String,
        sourceIPAddress: String,
        userIdentity: UserIdentity,
        readOnly: Bool,
        recipientAccountId: String
    ) {
        self.eventID = eventID
        self.eventTime = eventTime
        self.eventSource = eventSource
        self.eventName = eventName
        self.awsRegion = awsRegion
        self.sourceIPAddress = sourceIPAddress
        self.userIdentity = userIdentity
        self.readOnly = readOnly
        self.recipientAccountId = recipientAccountId
    }
}

extension AuditEvent {
    /// Who made the request.
    ///
    /// Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element".
    public struct UserIdentity: Codable, Equatable, Sendable {
        /// `AssumedRole`, `IAMUser`, `WebIdentityUser`, `AWSAccount`, `AWSService` or `Unknown`.
        public var type: String
        public var principalId: String?
        public var arn: String?
        public var accountId: String?
        /// The public half of the key. Never the secret one.
        public var accessKeyId: String?
        public var userName: String?
        /// The service that acted for the caller: `athena.amazonaws.com`.
        public var invokedBy: String?
        public var sessionContext: SessionContext?
        /// Of a web identity, the issuer that vouches for it, or the enrolled key that signed.
        public var identityProvider: String?

        public init(
            type: String,
            principalId: String? = nil,
            arn: String? = nil,
            accountId: String? = nil,
            accessKeyId: String? = nil,
            userName: String? = nil,
            invokedBy: String? = nil,
            sessionContext: SessionContext? = nil,
            identityProvider: String? = nil
        ) {
            self.type = type
            self.principalId = principalId
            self.arn = arn
            self.accountId = accountId
            self.accessKeyId = accessKeyId
            self.userName = userName
            self.invokedBy = invokedBy
            self.sessionContext = sessionContext
            self.identityProvider = identityProvider
        }
    }

    /// The session that a temporary key belongs to.
    public struct SessionContext: Codable, Equatable, Sendable {
        /// The role that the session was made from.
        public struct Issuer: Codable, Equatable, Sendable {
            /// `Role`, or `IAMUser` for a session of a user's own.
            public var type: String
            public var principalId: String?
            public var arn: String?
            public var accountId: String?
            public var userName: String?

            public init(
                type: String,
                principalId: String? = nil,
                arn: String? = nil,
                accountId: String? = nil,
                userName: String? = nil
            ) {
                self.type = type
                self.principalId = principalId
                self.arn = arn
                self.accountId = accountId
                self.userName = userName
            }
        }

        public var issuer: Issuer?
        /// When the session was issued.
        public var creationDate: Date?
        public var mfaAuthenticated = false
        /// The issuer of the web identity, if the session began with one.
        public var federatedProvider: String?

        public init(
            issuer: Issuer? = nil,
            creationDate: Date? = nil,
            mfaAuthenticated: Bool = false,
            federatedProvider: String? = nil
        ) {
            self.issuer = issuer
            self.creationDate = creationDate
            self.mfaAuthenticated = mfaAuthenticated
            self.federatedProvider = federatedProvider
        }
    }
}
