public import AWSAPI

extension Bourse {
    /// Answers a question as a subscriber would be answered, for the provider's eyes: what the account was
    /// granted, row by row. It is no access of the subscriber's, and is not counted as one.
    ///
    /// - Throws: `ResourceNotFoundException` for an account that the exchange does not know;
    ///   `QueryFailedException` with what Athena would say.
    public struct PreviewQuery: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "PreviewQuery"
        public static let route = Route("POST", "/bourse/v1/preview")

        public var accountId: String
        /// A SELECT.
        public var query: String
        /// In which names without a database are looked up. Nil: the first one that is shared with the account.
        public var database: String?

        public init(accountId: String, query: String, database: String? = nil) {
            self.accountId = accountId
            self.query = query
            self.database = database
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            accountId = try reader.required("AccountId")
            query = try reader.required("Query")
            database = try reader.optional("Database")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("AccountId", accountId)
            writer.put("Query", query)
            writer.put("Database", database)
        }

        public struct Response: AWSShape {
            public var columns: [String]
            /// A JSON list of lists: numbers as numbers, NULL as null, everything else as Athena writes it.
            public var rows: String
            /// Of the files that would be read.
            public var bytesScanned: Int

            public init(columns: [String], rows: String, bytesScanned: Int) {
                self.columns = columns
                self.rows = rows
                self.bytesScanned = bytesScanned
            }

            public init(from reader: ShapeReader) throws(WireFault) {
                columns = try reader.required("Columns")
                rows = try reader.required("Rows")
                bytesScanned = try reader.required("BytesScanned")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("Columns", columns)
                writer.put("Rows", rows)
                writer.put("BytesScanned", bytesScanned)
            }
        }
    }
}
