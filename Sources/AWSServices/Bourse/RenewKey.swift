public import AWSAPI

extension Bourse {
    /// Puts a new key in the place of an enrolled one. The old key opens no session from then on; those that
    /// it opened go on to their ends.
    ///
    /// Not signed: the token is the proof, and only who holds the old key itself can make it: a session
    /// that got lost cannot make itself last. It is a token as for `AssumeRoleWithWebIdentity`, with one
    /// claim more: `renewsWith`, the new key's id. Repeating the call with the same new key and a new
    /// token gives the same answer.
    ///
    /// - Throws: `InvalidIdentityToken` and `ExpiredTokenException` as for `AssumeRoleWithWebIdentity`;
    ///   `ValidationException` for a key that cannot be, or one that is enrolled already.
    public struct RenewKey: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "RenewKey"
        public static let route = Route("POST", "/bourse/v1/renew", status: 200)
        public static let isSigned = false

        public var token: String
        /// PEM, SubjectPublicKeyInfo: P-256, or RSA of 2,048 bits or more.
        public var publicKey: String

        public init(token: String, publicKey: String) {
            self.token = token
            self.publicKey = publicKey
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            token = try reader.required("Token")
            publicKey = try reader.required("PublicKey")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.putSensitive("Token", token)
            writer.put("PublicKey", publicKey)
        }

        public struct Response: AWSShape {
            public var accountId: String
            public var keyId: String

            public init(accountId: String, keyId: String) {
                self.accountId = accountId
                self.keyId = keyId
            }

            public init(from reader: ShapeReader) throws(WireFault) {
                accountId = try reader.required("AccountId")
                keyId = try reader.required("KeyId")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("AccountId", accountId)
                writer.put("KeyId", keyId)
            }
        }
    }
}
