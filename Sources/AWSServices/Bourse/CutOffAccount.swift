public import AWSAPI
public import FoundationEssentials

extension Bourse {
    /// Ends everything that an account has open, now: its sessions, its queries, what it is being sent; and
    /// lets nobody of it in until ``LiftCutOff``.
    ///
    /// What it was granted stays granted, and its keys stay enrolled. Again: nothing more.
    ///
    /// - Throws: `ResourceNotFoundException` for an unknown account, `ValidationException` for the exchange's
    ///   own.
    public struct CutOffAccount: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "CutOffAccount"
        public static let route = Route("PUT", "/bourse/v1/accounts/{AccountId}/cutoff")

        public var accountId: String

        public init(accountId: String) { self.accountId = accountId }

        public init(from reader: ShapeReader) throws(WireFault) {
            accountId = try reader.label("AccountId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("AccountId", accountId)
        }

        public struct Response: AWSShape {
            /// What was opened until then is over for good.
            public var cutOffAt: Date

            public init(cutOffAt: Date) { self.cutOffAt = cutOffAt }

            public init(from reader: ShapeReader) throws(WireFault) {
                cutOffAt = try reader.required("CutOffAt")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("CutOffAt", cutOffAt)
            }
        }
    }

    /// Lets an account in again. What was open when it was cut off stays closed.
    ///
    /// - Throws: `ResourceNotFoundException` for an unknown account.
    public struct LiftCutOff: AWSOperation {
        public typealias Response = EmptyResponse
        public static let service = AWSService.bourse
        public static let name = "LiftCutOff"
        public static let route = Route(
            "DELETE", "/bourse/v1/accounts/{AccountId}/cutoff", status: 204)

        public var accountId: String

        public init(accountId: String) { self.accountId = accountId }

        public init(from reader: ShapeReader) throws(WireFault) {
            accountId = try reader.label("AccountId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("AccountId", accountId)
        }
    }
}
