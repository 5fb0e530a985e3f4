public import AWSAPI

extension Bourse {
    /// Every contract and where it stands, in the order in which they were signed.
    public struct ListContracts: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "ListContracts"
        public static let route = Route("GET", "/bourse/v1/contracts")

        /// 1 to 100; 50 if nothing is said.
        public var maxResults: Int?
        /// Of the page before. Nil for the first one.
        public var nextToken: String?

        public init(maxResults: Int? = nil, nextToken: String? = nil) {
            self.maxResults = maxResults
            self.nextToken = nextToken
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            maxResults = try reader.query("maxResults")
            nextToken = try reader.query("nextToken")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.query("maxResults", maxResults)
            writer.query("nextToken", nextToken)
        }

        public struct Response: AWSShape {
            public var contracts: [ContractStatus]
            public var nextToken: String?

            public init(contracts: [ContractStatus], nextToken: String?) {
                self.contracts = contracts
                self.nextToken = nextToken
            }

            public init(from reader: ShapeReader) throws(WireFault) {
                contracts = try reader.required("Contracts")
                nextToken = try reader.optional("NextToken")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("Contracts", contracts)
                writer.put("NextToken", nextToken)
            }
        }
    }
}
