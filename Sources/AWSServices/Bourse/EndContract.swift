public import AWSAPI

extension Bourse {
    /// Ends a contract now, whatever its end date: what it granted is taken back.
    ///
    /// The taking back begins when this returns. A contract that is ending or has ended stays so.
    ///
    /// - Throws: `ResourceNotFoundException` if there is no such contract.
    public struct EndContract: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "EndContract"
        public static let route = Route(
            "POST", "/bourse/v1/contracts/{ContractId}/end", status: 202)

        public var contractId: String

        public init(contractId: String) { self.contractId = contractId }

        public init(from reader: ShapeReader) throws(WireFault) {
            contractId = try reader.label("ContractId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("ContractId", contractId)
        }

        public typealias Response = ContractStatus
    }
}
