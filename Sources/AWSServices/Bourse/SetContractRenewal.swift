public import AWSAPI

extension Bourse {
    /// Whether a contract is renewed by itself when its term is over, or ends then.
    ///
    /// - Throws: `ResourceNotFoundException` if there is no such contract; `ConflictException` for one that is not in
    ///   force, or of whose products not all are renewed.
    public struct SetContractRenewal: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "SetContractRenewal"
        public static let route = Route("PUT", "/bourse/v1/contracts/{ContractId}/renewal")

        public var contractId: String
        public var isRenewed: Bool

        public init(contractId: String, isRenewed: Bool) {
            self.contractId = contractId
            self.isRenewed = isRenewed
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            contractId = try reader.label("ContractId")
            isRenewed = try reader.required("IsRenewed")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("ContractId", contractId)
            writer.put("IsRenewed", isRenewed)
        }

        public typealias Response = ContractStatus
    }
}
