public import AWSAPI

extension Bourse {
    /// Takes a signed contract from the CRM. The work that it asks for begins when this returns, and
    /// goes on whatever happens to the exchange meanwhile.
    ///
    /// The same contract again changes nothing and says where it stands; a step that failed is tried
    /// again at once.
    ///
    /// - Throws: `ValidationException` for a record that is not a contract, an account that cannot be
    ///   one, dates that are over, or a product that is not offered. `ConflictException` if the id
    ///   belongs to another contract, or to one that has ended.
    public struct SignContract: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "SignContract"
        public static let route = Route("POST", "/bourse/v1/contracts", status: 202)

        /// The body itself.
        public var record: ContractRecord

        public init(_ record: ContractRecord) { self.record = record }

        public init(from reader: ShapeReader) throws(WireFault) {
            record = try ContractRecord(from: reader)
        }

        public func writeMembers(to writer: inout ShapeWriter) { record.writeMembers(to: &writer) }

        public typealias Response = ContractStatus
    }
}
