public import AWSAPI

extension Bourse {
    /// What the provider offers under one name: a part of its lake, the tables in it, and what has to hold of
    /// them before a revision of it is finalized.
    public struct Product: AWSShape, Equatable {
        /// Lower-case letters, digits and dashes.
        public var productId: String
        /// The data set's name: what contracts and people call it.
        public var title: String
        public var description: String
        public var bucket: String
        public var keyPrefixes: [String]
        public var database: String
        public var tables: [String]
        public var expectations: [TableExpectations]
        /// Whether the newest objects are read, and none is pinned. Of a data set from its beginning.
        public var live: Bool
        /// What its subscribers see of the tables. Of one that is not named: everything.
        public var tableTerms: [TableTerms]
        /// SQL that is told to subscribers. Nil: one is made.
        public var sampleQuery: String?
        /// Columns for a first dashboard. Empty: they are chosen.
        public var dashboardFields: [String]
        public var price: Price?
        /// Months by which contracts over it are renewed when they are over. Nil: they end.
        public var renewalMonths: Int?
        /// Where it may be served from. Empty: anywhere.
        public var regions: [String]
        /// Whom subscribers may ask.
        public var contacts: [Contact]
        /// The data set that carries it.
        public var dataSetId: String

        public init(
            productId: String, title: String, description: String, bucket: String,
            keyPrefixes: [String], database: String, tables: [String],
            expectations: [TableExpectations] = [], live: Bool = false,
            tableTerms: [TableTerms] = [],
            sampleQuery: String? = nil, dashboardFields: [String] = [], price: Price? = nil,
            renewalMonths: Int? = nil,
            regions: [String] = [], contacts: [Contact] = [], dataSetId: String
        ) {
            self.productId = productId
            self.title = title
            self.description = description
            self.bucket = bucket
            self.keyPrefixes = keyPrefixes
            self.database = database
            self.tables = tables
            self.expectations = expectations
            self.live = live
            self.tableTerms = tableTerms
            self.sampleQuery = sampleQuery
            self.dashboardFields = dashboardFields
            self.price = price
            self.renewalMonths = renewalMonths
            self.regions = regions
            self.contacts = contacts
            self.dataSetId = dataSetId
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            productId = try reader.required("ProductId")
            title = try reader.required("Title")
            description = try reader.required("Description")
            bucket = try reader.required("Bucket")
            keyPrefixes = try reader.required("KeyPrefixes")
            database = try reader.required("Database")
            tables = try reader.required("Tables")
            expectations = try reader.optional("Expectations") ?? []
            live = try reader.optional("Live") ?? false
            tableTerms = try reader.optional("TableTerms") ?? []
            sampleQuery = try reader.optional("SampleQuery")
            dashboardFields = try reader.optional("DashboardFields") ?? []
            price = try reader.optional("Price")
            renewalMonths = try reader.optional("RenewalMonths")
            regions = try reader.optional("Regions") ?? []
            contacts = try reader.optional("Contacts") ?? []
            dataSetId = try reader.required("DataSetId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("ProductId", productId)
            writer.put("Title", title)
            writer.put("Description", description)
            writer.put("Bucket", bucket)
            writer.put("KeyPrefixes", keyPrefixes)
            writer.put("Database", database)
            writer.put("Tables", tables)
            writer.put("Expectations", expectations)
            writer.put("Live", live ? true : nil)
            writer.put("TableTerms", tableTerms)
            writer.put("SampleQuery", sampleQuery)
            writer.put("DashboardFields", dashboardFields)
            writer.put("Price", price)
            writer.put("RenewalMonths", renewalMonths)
            writer.put("Regions", regions)
            writer.put("Contacts", contacts)
            writer.put("DataSetId", dataSetId)
        }
    }

    /// What has to hold of one table's rows. What is not said is not asked.
    public struct TableExpectations: AWSShape, Equatable {
        public var table: String
        /// Columns that have to be there, and their types as Glue writes them.
        public var columns: [String: String]
        public var notNull: [String]
        /// Columns of which no two rows have the same values.
        public var unique: [String]
        public var rowsMin: Int?
        public var rowsMax: Int?
        public var freshness: Freshness?
        public var ranges: [AllowedRange]

        public init(
            table: String, columns: [String: String] = [:], notNull: [String] = [],
            unique: [String] = [], rowsMin: Int? = nil, rowsMax: Int? = nil,
            freshness: Freshness? = nil, ranges: [AllowedRange] = []
        ) {
            self.table = table
            self.columns = columns
            self.notNull = notNull
            self.unique = unique
            self.rowsMin = rowsMin
            self.rowsMax = rowsMax
            self.freshness = freshness
            self.ranges = ranges
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            table = try reader.required("Table")
            columns = try reader.optional("Columns") ?? [:]
            notNull = try reader.optional("NotNull") ?? []
            unique = try reader.optional("Unique") ?? []
            rowsMin = try reader.optional("RowsMin")
            rowsMax = try reader.optional("RowsMax")
            freshness = try reader.optional("Freshness")
            ranges = try reader.optional("Ranges") ?? []
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Table", table)
            writer.put("Columns", columns)
            writer.put("NotNull", notNull)
            writer.put("Unique", unique)
            writer.put("RowsMin", rowsMin)
            writer.put("RowsMax", rowsMax)
            writer.put("Freshness", freshness)
            writer.put("Ranges", ranges)
        }
    }

    /// The newest value of a column of days or times may be so many days old.
    public struct Freshness: AWSShape, Equatable {
        public var column: String
        public var daysMax: Int

        public init(column: String, daysMax: Int) {
            self.column = column
            self.daysMax = daysMax
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            column = try reader.required("Column")
            daysMax = try reader.required("DaysMax")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Column", column)
            writer.put("DaysMax", daysMax)
        }
    }

    /// The values of a column lie between these, both included. NULL lies everywhere.
    public struct AllowedRange: AWSShape, Equatable {
        public var column: String
        /// A number or a day, as it is written.
        public var min: String?
        public var max: String?

        public init(column: String, min: String? = nil, max: String? = nil) {
            self.column = column
            self.min = min
            self.max = max
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            column = try reader.required("Column")
            min = try reader.optional("Min")
            max = try reader.optional("Max")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Column", column)
            writer.put("Min", min)
            writer.put("Max", max)
        }
    }

    /// Makes a product, or changes it. Its expectations are asked of every revision that is finalized from now
    /// on, by whichever client.
    ///
    /// - Throws: `ResourceNotFoundException` for a data set, a bucket, a table or a column that is not there;
    ///   `ValidationException` for what cannot be.
    public struct PutProduct: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "PutProduct"
        public static let route = Route("PUT", "/bourse/v1/products/{ProductId}")

        public var productId: String
        public var product: Product

        public init(_ product: Product) {
            productId = product.productId
            self.product = product
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            productId = try reader.label("ProductId")
            product = try reader.required("Product")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("ProductId", productId)
            writer.put("Product", product)
        }

        public typealias Response = Product
    }

    /// The products, by their ids.
    public struct ListProducts: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "ListProducts"
        public static let route = Route("GET", "/bourse/v1/products")

        public init() {}
        public init(from reader: ShapeReader) throws(WireFault) {}
        public func writeMembers(to writer: inout ShapeWriter) {}

        public struct Response: AWSShape {
            public var products: [Product]

            public init(products: [Product]) { self.products = products }

            public init(from reader: ShapeReader) throws(WireFault) {
                products = try reader.required("Products")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("Products", products)
            }
        }
    }

    /// Forgets a product. Its data set stays, and nothing is asked of its revisions any more.
    public struct DeleteProduct: AWSOperation {
        public typealias Response = EmptyResponse
        public static let service = AWSService.bourse
        public static let name = "DeleteProduct"
        public static let route = Route(
            "DELETE", "/bourse/v1/products/{ProductId}", status: 204)

        public var productId: String

        public init(productId: String) { self.productId = productId }

        public init(from reader: ShapeReader) throws(WireFault) {
            productId = try reader.label("ProductId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("ProductId", productId)
        }
    }
}
