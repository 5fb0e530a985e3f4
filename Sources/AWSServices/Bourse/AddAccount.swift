public import AWSAPI
public import FoundationEssentials

extension Bourse {
    /// Lets an account in, and makes the one-time code with which its holder enrols a key.
    ///
    /// Of an account that is known already, a new code: the one before stops working.
    ///
    /// - Throws: `ValidationException` for a malformed id or an empty name, `AccessDeniedException` for
    ///   anyone but the provider's administrator.
    public struct AddAccount: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "AddAccount"
        public static let route = Route("POST", "/bourse/v1/accounts", status: 201)

        public var accountId: String
        public var displayName: String

        public init(accountId: String, displayName: String) {
            self.accountId = accountId
            self.displayName = displayName
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            accountId = try reader.required("AccountId")
            displayName = try reader.required("DisplayName")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("AccountId", accountId)
            writer.put("DisplayName", displayName)
        }

        public struct Response: AWSShape {
            public var accountId: String
            /// Secret until used. It is shown here and nowhere else.
            public var enrolmentCode: String
            public var expiresAt: Date

            public init(accountId: String, enrolmentCode: String, expiresAt: Date) {
                self.accountId = accountId
                self.enrolmentCode = enrolmentCode
                self.expiresAt = expiresAt
            }

            public init(from reader: ShapeReader) throws(WireFault) {
                accountId = try reader.required("AccountId")
                enrolmentCode = try reader.required("EnrolmentCode")
                expiresAt = try reader.required("ExpiresAt")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("AccountId", accountId)
                writer.put("EnrolmentCode", enrolmentCode)
                writer.put("ExpiresAt", expiresAt)
            }
        }
    }
}
