public import AWSAPI
public import FoundationEssentials

extension Bourse {
    /// The accounts that the exchange knows, by their ids, with the keys that their holders enrolled.
    public struct ListAccounts: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "ListAccounts"
        public static let route = Route("GET", "/bourse/v1/accounts")

        /// 1 to 100; 50 if nothing is said.
        public var maxResults: Int?
        /// Of the page before. Nil for the first one.
        public var nextToken: String?

        public init(maxResults: Int? = nil, nextToken: String? = nil) {
            self.maxResults = maxResults
            self.nextToken = nextToken
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            maxResults = try reader.query("maxResults")
            nextToken = try reader.query("nextToken")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.query("maxResults", maxResults)
            writer.query("nextToken", nextToken)
        }

        public struct Response: AWSShape {
            public var accounts: [KnownAccount]
            public var nextToken: String?

            public init(accounts: [KnownAccount], nextToken: String?) {
                self.accounts = accounts
                self.nextToken = nextToken
            }

            public init(from reader: ShapeReader) throws(WireFault) {
                accounts = try reader.required("Accounts")
                nextToken = try reader.optional("NextToken")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("Accounts", accounts)
                writer.put("NextToken", nextToken)
            }
        }
    }

    /// An account, and what lets its holder in.
    public struct KnownAccount: AWSShape, Equatable {
        public var accountId: String
        public var displayName: String
        public var isCutOff: Bool
        /// When it was cut off last. Nil: never.
        public var cutOffAt: Date?
        public var keys: [EnrolledKey]
        public var issuers: [EnrolledIssuer]

        public init(
            accountId: String, displayName: String, isCutOff: Bool, cutOffAt: Date?,
            keys: [EnrolledKey], issuers: [EnrolledIssuer]
        ) {
            self.accountId = accountId
            self.displayName = displayName
            self.isCutOff = isCutOff
            self.cutOffAt = cutOffAt
            self.keys = keys
            self.issuers = issuers
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            accountId = try reader.required("AccountId")
            displayName = try reader.required("DisplayName")
            isCutOff = try reader.required("IsCutOff")
            cutOffAt = try reader.optional("CutOffAt")
            keys = try reader.required("Keys")
            issuers = try reader.required("Issuers")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("AccountId", accountId)
            writer.put("DisplayName", displayName)
            writer.put("IsCutOff", isCutOff)
            writer.put("CutOffAt", cutOffAt)
            writer.put("Keys", keys)
            writer.put("Issuers", issuers)
        }
    }

    /// The public half of a key that a machine of the account's made.
    public struct EnrolledKey: AWSShape, Equatable {
        public var keyId: String
        public var enrolledAt: Date
        /// The key in its place, since it was renewed: it opens no session any more.
        public var renewedBy: String?

        public init(keyId: String, enrolledAt: Date, renewedBy: String?) {
            self.keyId = keyId
            self.enrolledAt = enrolledAt
            self.renewedBy = renewedBy
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            keyId = try reader.required("KeyId")
            enrolledAt = try reader.required("EnrolledAt")
            renewedBy = try reader.optional("RenewedBy")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("KeyId", keyId)
            writer.put("EnrolledAt", enrolledAt)
            writer.put("RenewedBy", renewedBy)
        }
    }

    /// An issuer whose tokens open the account's sessions.
    public struct EnrolledIssuer: AWSShape, Equatable {
        public var url: String
        /// Patterns of whose tokens do.
        public var subjects: [String]
        /// The audiences that its tokens may be made for.
        public var clientIds: [String]
        public var enrolledAt: Date

        public init(url: String, subjects: [String], clientIds: [String], enrolledAt: Date) {
            self.url = url
            self.subjects = subjects
            self.clientIds = clientIds
            self.enrolledAt = enrolledAt
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            url = try reader.required("Url")
            subjects = try reader.required("Subjects")
            clientIds = try reader.required("ClientIds")
            enrolledAt = try reader.required("EnrolledAt")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Url", url)
            writer.put("Subjects", subjects)
            writer.put("ClientIds", clientIds)
            writer.put("EnrolledAt", enrolledAt)
        }
    }
}
