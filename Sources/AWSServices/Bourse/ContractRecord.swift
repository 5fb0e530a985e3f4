public import AWSAPI

extension Bourse {
    /// A signed contract as the CRM has it, in the CRM's own field names.
    ///
    /// A member that is not known here is refused: of a mistyped `Funds__c` nothing would be left but a
    /// contract over every fund. Salesforce's own `attributes` is let through.
    ///
    /// What the values must be, docs/doors/contracts.md says.
    public struct ContractRecord: AWSShape, Equatable {
        public var id: String
        public var clientName: String
        /// Twelve digits.
        public var awsAccountId: String
        /// Names of products with `;` between them: a multi-select list.
        public var products: String
        public var clientEmail: String
        /// `2026-01-31`, both days included.
        public var startDate: String
        public var endDate: String
        /// Nothing in it: every fund. It has to be there.
        public var funds: [String]
        /// Who looks after the client at the provider's.
        public var ownerName: String?
        public var ownerEmail: String?

        public init(
            id: String, clientName: String, awsAccountId: String, products: String,
            clientEmail: String, startDate: String, endDate: String, funds: [String],
            ownerName: String? = nil, ownerEmail: String? = nil
        ) {
            self.id = id
            self.clientName = clientName
            self.awsAccountId = awsAccountId
            self.products = products
            self.clientEmail = clientEmail
            self.startDate = startDate
            self.endDate = endDate
            self.funds = funds
            self.ownerName = ownerName
            self.ownerEmail = ownerEmail
        }

        private static let known: Set<String> = [
            "Id", "Client_Name", "AWS_Account_ID__c", "ADX_Data_Products__c", "Client_Email",
            "Start_Date", "End_Date", "Funds__c", "Owner_Name", "Owner_Email", "attributes",
        ]

        public init(from reader: ShapeReader) throws(WireFault) {
            try reader.refuseMembers(except: Self.known)
            id = try reader.required("Id")
            clientName = try reader.required("Client_Name")
            awsAccountId = try reader.required("AWS_Account_ID__c")
            products = try reader.required("ADX_Data_Products__c")
            clientEmail = try reader.required("Client_Email")
            startDate = try reader.required("Start_Date")
            endDate = try reader.required("End_Date")
            funds = try reader.required("Funds__c")
            ownerName = try reader.optional("Owner_Name")
            ownerEmail = try reader.optional("Owner_Email")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Id", id)
            writer.put("Client_Name", clientName)
            writer.put("AWS_Account_ID__c", awsAccountId)
            writer.put("ADX_Data_Products__c", products)
            // Of people, not of the company: the trail keeps them for ever, so it does not get them.
            writer.putSensitive("Client_Email", clientEmail)
            writer.put("Start_Date", startDate)
            writer.put("End_Date", endDate)
            writer.put("Funds__c", funds)
            writer.putSensitive("Owner_Name", ownerName)
            writer.putSensitive("Owner_Email", ownerEmail)
        }
    }
}
