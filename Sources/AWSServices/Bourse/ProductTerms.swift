public import AWSAPI

extension Bourse {
    /// What a product's subscribers see of one of its tables.
    public struct TableTerms: AWSShape, Equatable {
        /// What stands in a row filter for the funds of whoever subscribes: `fund_id IN (entitled funds)`.
        public static let entitledFunds = "(entitled funds)"

        public var table: String
        /// In the language of row filters, with ``entitledFunds`` at most once. Nil: all rows.
        public var rowFilter: String?
        /// Nil: all columns.
        public var columns: [String]?

        public init(table: String, rowFilter: String? = nil, columns: [String]? = nil) {
            self.table = table
            self.rowFilter = rowFilter
            self.columns = columns
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            table = try reader.required("Table")
            rowFilter = try reader.optional("RowFilter")
            columns = try reader.optional("Columns")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Table", table)
            writer.put("RowFilter", rowFilter)
            writer.put("Columns", columns)
        }
    }

    /// Decimal numbers, as they are written.
    public struct Price: AWSShape, Equatable {
        public var perRequest: String?
        public var perTiBScanned: String?
        /// ISO 4217: `USD`.
        public var currency: String

        public init(perRequest: String? = nil, perTiBScanned: String? = nil, currency: String) {
            self.perRequest = perRequest
            self.perTiBScanned = perTiBScanned
            self.currency = currency
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            perRequest = try reader.optional("PerRequest")
            perTiBScanned = try reader.optional("PerTiBScanned")
            currency = try reader.required("Currency")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("PerRequest", perRequest)
            writer.put("PerTiBScanned", perTiBScanned)
            writer.put("Currency", currency)
        }

        /// `USD 0.001 per request, USD 5 per TiB scanned`
        public var words: String {
            [
                perRequest.map { "\(currency) \($0) per request" },
                perTiBScanned.map { "\(currency) \($0) per TiB scanned" },
            ].compactMap(\.self).joined(separator: ", ")
        }
    }

    public struct Contact: AWSShape, Equatable {
        public var name: String
        public var email: String

        public init(name: String, email: String) {
            self.name = name
            self.email = email
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            name = try reader.required("Name")
            email = try reader.required("Email")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Name", name)
            writer.put("Email", email)
        }
    }
}
