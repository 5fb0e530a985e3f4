public import AWSAPI

extension Bourse {
    /// Takes a key back, or an issuer, and ends every session that was opened with it.
    ///
    /// - Throws: `ResourceNotFoundException` for one that the account does not have.
    public struct RevokeKey: AWSOperation {
        public typealias Response = EmptyResponse
        public static let service = AWSService.bourse
        public static let name = "RevokeKey"
        public static let route = Route(
            "DELETE", "/bourse/v1/accounts/{AccountId}/keys/{KeyId}", status: 204)

        public var accountId: String
        /// Of an issuer, its URL.
        public var keyId: String

        public init(accountId: String, keyId: String) {
            self.accountId = accountId
            self.keyId = keyId
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            accountId = try reader.label("AccountId")
            keyId = try reader.label("KeyId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("AccountId", accountId)
            writer.label("KeyId", keyId)
        }
    }
}
