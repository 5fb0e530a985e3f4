public import AWSAPI
public import FoundationEssentials

extension Bourse {
    /// Rows that are taken out of a product for good: of the lake, of what was published, and of what the
    /// exchange keeps.
    public struct Erasure: AWSShape, Equatable {
        public enum State: String, Codable, Sendable {
            /// A dry run: nothing was changed, and nothing will be.
            case counted = "COUNTED"
            case running = "RUNNING"
            /// Linked files hold rows: the provider has to replace them.
            case waiting = "WAITING"
            case completed = "COMPLETED"
            /// By an error. What was erased by then stays so; another erasure does the rest.
            case failed = "FAILED"
            case cancelled = "CANCELLED"
        }

        /// Nil for a dry run.
        public var erasureId: String?
        public var productId: String
        public var tables: [String]
        /// True of the rows that go, in the language of row filters.
        public var expression: String
        public var reason: String
        public var state: String
        public var startedAt: Date
        public var completedAt: Date?
        /// In the lake, each counted once, whatever revisions had them.
        public var rows: Int
        public var objects: [ErasedObject]
        /// Revisions that had the rows. Revoked, unless it is a dry run.
        public var revoked: [RevisionName]
        /// What was published in the place of those that were read.
        public var published: [RevisionName]
        /// Keys below the tables' folders that are no Parquet, and were not looked into.
        public var notExamined: [String]
        /// Why it failed.
        public var fault: String?
        public var certificate: SignedCertificate?

        public init(
            erasureId: String?, productId: String, tables: [String], expression: String,
            reason: String, state: State, startedAt: Date, completedAt: Date? = nil, rows: Int,
            objects: [ErasedObject], revoked: [RevisionName], published: [RevisionName] = [],
            notExamined: [String], fault: String? = nil, certificate: SignedCertificate? = nil
        ) {
            self.erasureId = erasureId
            self.productId = productId
            self.tables = tables
            self.expression = expression
            self.reason = reason
            self.state = state.rawValue
            self.startedAt = startedAt
            self.completedAt = completedAt
            self.rows = rows
            self.objects = objects
            self.revoked = revoked
            self.published = published
            self.notExamined = notExamined
            self.fault = fault
            self.certificate = certificate
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            erasureId = try reader.optional("ErasureId")
            productId = try reader.required("ProductId")
            tables = try reader.required("Tables")
            expression = try reader.required("Where")
            reason = try reader.required("Reason")
            state = try reader.required("State")
            startedAt = try reader.required("StartedAt")
            completedAt = try reader.optional("CompletedAt")
            rows = try reader.required("Rows")
            objects = try reader.required("Objects")
            revoked = try reader.required("Revoked")
            published = try reader.required("Published")
            notExamined = try reader.required("NotExamined")
            fault = try reader.optional("Fault")
            certificate = try reader.optional("Certificate")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("ErasureId", erasureId)
            writer.put("ProductId", productId)
            writer.put("Tables", tables)
            writer.put("Where", expression)
            writer.put("Reason", reason)
            writer.put("State", state)
            writer.put("StartedAt", startedAt)
            writer.put("CompletedAt", completedAt)
            writer.put("Rows", rows)
            writer.put("Objects", objects)
            writer.put("Revoked", revoked)
            writer.put("Published", published)
            writer.put("NotExamined", notExamined)
            writer.put("Fault", fault)
            writer.put("Certificate", certificate)
        }
    }

    /// One object that held rows.
    public struct ErasedObject: AWSShape, Equatable {
        public enum State: String, Codable, Sendable {
            case found = "FOUND"
            /// It lies in a linked directory: the provider replaces it, by renaming another file over it.
            case toReplace = "TO_REPLACE"
            case erased = "ERASED"
        }

        public var bucket: String
        public var key: String
        /// Nil in a linked bucket.
        public var versionId: String?
        public var rows: Int
        public var state: String
        /// The version without the rows. Nil: there is none, since nothing would be left in it.
        public var replacedBy: String?
        public var erasedAt: Date?

        public init(
            bucket: String, key: String, versionId: String?, rows: Int, state: State,
            replacedBy: String? = nil, erasedAt: Date? = nil
        ) {
            self.bucket = bucket
            self.key = key
            self.versionId = versionId
            self.rows = rows
            self.state = state.rawValue
            self.replacedBy = replacedBy
            self.erasedAt = erasedAt
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            bucket = try reader.required("Bucket")
            key = try reader.required("Key")
            versionId = try reader.optional("VersionId")
            rows = try reader.required("Rows")
            state = try reader.required("State")
            replacedBy = try reader.optional("ReplacedBy")
            erasedAt = try reader.optional("ErasedAt")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Bucket", bucket)
            writer.put("Key", key)
            writer.put("VersionId", versionId)
            writer.put("Rows", rows)
            writer.put("State", state)
            writer.put("ReplacedBy", replacedBy)
            writer.put("ErasedAt", erasedAt)
        }
    }

    public struct RevisionName: AWSShape, Equatable {
        public var dataSetId: String
        public var revisionId: String

        public init(dataSetId: String, revisionId: String) {
            self.dataSetId = dataSetId
            self.revisionId = revisionId
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            dataSetId = try reader.required("DataSetId")
            revisionId = try reader.required("RevisionId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("DataSetId", dataSetId)
            writer.put("RevisionId", revisionId)
        }
    }

    /// A document of the exchange's, and its signature.
    public struct SignedCertificate: AWSShape, Equatable {
        /// JSON. What is signed is its bytes as they stand here.
        public var document: String
        public var keyId: String
        /// Ed25519, 32 bytes in Base64.
        public var publicKey: String
        /// 64 bytes in Base64.
        public var signature: String

        public init(document: String, keyId: String, publicKey: String, signature: String) {
            self.document = document
            self.keyId = keyId
            self.publicKey = publicKey
            self.signature = signature
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            document = try reader.required("Document")
            keyId = try reader.required("KeyId")
            publicKey = try reader.required("PublicKey")
            signature = try reader.required("Signature")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Document", document)
            writer.put("KeyId", keyId)
            writer.put("PublicKey", publicKey)
            writer.put("Signature", signature)
        }
    }

    /// Erases rows of a product's tables. It goes on until it is done, whoever asked for it.
    ///
    /// - Throws: `ValidationException` for an expression that a row filter could not be, for a table whose files
    ///   are no Parquet, and for one with partitions outside of its folder.
    public struct StartErasure: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "StartErasure"
        public static let route = Route("POST", "/bourse/v1/products/{ProductId}/erasures")

        public var productId: String
        /// 1 to 2,047 bytes.
        public var expression: String
        /// 10 to 512 characters: subscribers are told, as the reason of the revisions' revocation.
        public var reason: String
        /// Of the product's. Empty: all.
        public var tables: [String]
        /// Only counts.
        public var dryRun: Bool

        public init(
            productId: String, expression: String, reason: String, tables: [String] = [],
            dryRun: Bool = false
        ) {
            self.productId = productId
            self.expression = expression
            self.reason = reason
            self.tables = tables
            self.dryRun = dryRun
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            productId = try reader.label("ProductId")
            expression = try reader.required("Where")
            reason = try reader.required("Reason")
            tables = try reader.optional("Tables") ?? []
            dryRun = try reader.optional("DryRun") ?? false
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("ProductId", productId)
            writer.put("Where", expression)
            writer.put("Reason", reason)
            writer.put("Tables", tables)
            writer.put("DryRun", dryRun)
        }

        public typealias Response = Erasure
    }

    public struct GetErasure: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "GetErasure"
        public static let route = Route("GET", "/bourse/v1/erasures/{ErasureId}")

        public var erasureId: String

        public init(erasureId: String) { self.erasureId = erasureId }

        public init(from reader: ShapeReader) throws(WireFault) {
            erasureId = try reader.label("ErasureId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("ErasureId", erasureId)
        }

        public typealias Response = Erasure
    }

    /// Those of the last ones, the newest first, without their objects and certificates.
    public struct ListErasures: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "ListErasures"
        public static let route = Route("GET", "/bourse/v1/erasures")

        public init() {}
        public init(from reader: ShapeReader) throws(WireFault) {}
        public func writeMembers(to writer: inout ShapeWriter) {}

        public struct Response: AWSShape {
            public var erasures: [Erasure]

            public init(erasures: [Erasure]) { self.erasures = erasures }

            public init(from reader: ShapeReader) throws(WireFault) {
                erasures = try reader.required("Erasures")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("Erasures", erasures)
            }
        }
    }

    /// Ends an erasure that is not done. What was erased by then stays so.
    ///
    /// - Throws: `ConflictException` for one that has ended.
    public struct CancelErasure: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "CancelErasure"
        public static let route = Route("DELETE", "/bourse/v1/erasures/{ErasureId}")

        public var erasureId: String

        public init(erasureId: String) { self.erasureId = erasureId }

        public init(from reader: ShapeReader) throws(WireFault) {
            erasureId = try reader.label("ErasureId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("ErasureId", erasureId)
        }

        public typealias Response = Erasure
    }
}
