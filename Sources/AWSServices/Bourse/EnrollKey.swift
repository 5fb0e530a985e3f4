public import AWSAPI

extension Bourse {
    /// Registers a subscriber's public key under the account that its one-time code was made for.
    ///
    /// Not signed: the code is the proof. Repeating the call with the same code and key gives the same
    /// answer, so a lost answer loses nothing; the same code with another key is refused.
    ///
    /// - Throws: `EnrolmentRefusedException` for a code that is unknown, used or expired, without saying
    ///   which; `ValidationException` for a key that is neither P-256 nor RSA.
    public struct EnrollKey: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "EnrollKey"
        public static let route = Route("POST", "/bourse/v1/enroll", status: 201)
        public static let isSigned = false

        public var code: String
        /// PEM, SubjectPublicKeyInfo: P-256, or RSA of 2,048 bits or more.
        public var publicKey: String

        public init(code: String, publicKey: String) {
            self.code = code
            self.publicKey = publicKey
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            code = try reader.required("Code")
            publicKey = try reader.required("PublicKey")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.putSensitive("Code", code)
            writer.put("PublicKey", publicKey)
        }

        public struct Response: AWSShape {
            public var accountId: String
            public var keyId: String
            /// The role whose sessions the key can open.
            public var roleArn: String
            /// The `aud` that the key's tokens must carry.
            public var audience: String
            public var region: String
            /// The provider's name, for people.
            public var exchangeName: String

            public init(
                accountId: String, keyId: String, roleArn: String, audience: String,
                region: String, exchangeName: String
            ) {
                self.accountId = accountId
                self.keyId = keyId
                self.roleArn = roleArn
                self.audience = audience
                self.region = region
                self.exchangeName = exchangeName
            }

            public init(from reader: ShapeReader) throws(WireFault) {
                accountId = try reader.required("AccountId")
                keyId = try reader.required("KeyId")
                roleArn = try reader.required("RoleArn")
                audience = try reader.required("Audience")
                region = try reader.required("Region")
                exchangeName = try reader.required("ExchangeName")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("AccountId", accountId)
                writer.put("KeyId", keyId)
                writer.put("RoleArn", roleArn)
                writer.put("Audience", audience)
                writer.put("Region", region)
                writer.put("ExchangeName", exchangeName)
            }
        }
    }
}
