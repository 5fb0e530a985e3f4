public import AWSAPI

extension Bourse {
    /// Registers the OpenID Connect issuer of a subscriber's people and programs, under the account that
    /// the one-time code was made for: tokens of its for the named subjects open the account's sessions.
    ///
    /// Not signed: the code is the proof. The issuer is asked for its keys before it is registered.
    /// Repeating the call with the same code and issuer gives the same answer.
    ///
    /// - Throws: `EnrolmentRefusedException` for a code that is unknown, used or expired, without saying
    ///   which; `ValidationException` for an issuer or subject that cannot be;
    ///   `IDPCommunicationError` where the issuer does not answer as OpenID Connect says;
    ///   `EntityAlreadyExists` where the account has it already.
    public struct EnrollIssuer: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "EnrollIssuer"
        public static let route = Route("POST", "/bourse/v1/enroll-issuer", status: 201)
        public static let isSigned = false

        public var code: String
        /// As the tokens say it in `iss`.
        public var url: String
        /// Patterns of `sub`, with `*` and `?`.
        public var subjects: [String]
        /// The audiences that tokens may be made for. Nil: the exchange's.
        public var clientIds: [String]?

        public init(code: String, url: String, subjects: [String], clientIds: [String]? = nil) {
            self.code = code
            self.url = url
            self.subjects = subjects
            self.clientIds = clientIds
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            code = try reader.required("Code")
            url = try reader.required("Url")
            subjects = try reader.required("Subjects")
            clientIds = try reader.optional("ClientIds")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.putSensitive("Code", code)
            writer.put("Url", url)
            writer.put("Subjects", subjects)
            writer.put("ClientIds", clientIds)
        }

        public struct Response: AWSShape {
            public var accountId: String
            public var issuerArn: String
            /// The role whose sessions the tokens open.
            public var roleArn: String
            /// What the tokens may carry as `aud`.
            public var audiences: [String]
            public var region: String
            /// The provider's name, for people.
            public var exchangeName: String

            public init(
                accountId: String, issuerArn: String, roleArn: String, audiences: [String],
                region: String, exchangeName: String
            ) {
                self.accountId = accountId
                self.issuerArn = issuerArn
                self.roleArn = roleArn
                self.audiences = audiences
                self.region = region
                self.exchangeName = exchangeName
            }

            public init(from reader: ShapeReader) throws(WireFault) {
                accountId = try reader.required("AccountId")
                issuerArn = try reader.required("IssuerArn")
                roleArn = try reader.required("RoleArn")
                audiences = try reader.required("Audiences")
                region = try reader.required("Region")
                exchangeName = try reader.required("ExchangeName")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("AccountId", accountId)
                writer.put("IssuerArn", issuerArn)
                writer.put("RoleArn", roleArn)
                writer.put("Audiences", audiences)
                writer.put("Region", region)
                writer.put("ExchangeName", exchangeName)
            }
        }
    }
}
