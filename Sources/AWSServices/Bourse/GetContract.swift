public import AWSAPI

extension Bourse {
    /// Where one contract stands.
    ///
    /// - Throws: `ResourceNotFoundException` if there is no such contract.
    public struct GetContract: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "GetContract"
        public static let route = Route("GET", "/bourse/v1/contracts/{ContractId}")

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
