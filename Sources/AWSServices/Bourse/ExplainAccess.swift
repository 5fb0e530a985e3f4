public import AWSAPI
public import LakeFormationAPI

extension Bourse {
    /// Says why an account may see something, or may not: each rule that a request of its own would meet, in
    /// the order in which it would meet them, and what comes of them.
    ///
    /// The account is taken as its sessions of the role `data-subscriber` are. It changes nothing, and is
    /// recorded as the request of whoever asks.
    ///
    /// - Throws: `ResourceNotFoundException` for an account or a resource that the exchange does not know;
    ///   `ValidationException` for a text that names no resource.
    public struct ExplainAccess: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "ExplainAccess"
        public static let route = Route("POST", "/bourse/v1/explain")

        public var accountId: String
        /// `database.table`, `database`, `s3://bucket/prefix`, the id of a data set, or the ARN of any of them.
        public var resource: String

        public init(accountId: String, resource: String) {
            self.accountId = accountId
            self.resource = resource
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            accountId = try reader.required("AccountId")
            resource = try reader.required("Resource")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("AccountId", accountId)
            writer.put("Resource", resource)
        }

        public typealias Response = AccessExplanation
    }

    public struct AccessExplanation: AWSShape {
        public var accountId: String
        /// As it was understood.
        public var resource: String
        public var verdict: AccessVerdict
        /// The verdict in a sentence.
        public var summary: String
        /// In the order in which they are looked at.
        public var rules: [AccessRule]
        /// Of a table of which something may be read.
        public var table: ReadableTable?
        /// What is read of a table or data set that is published. Nil: nothing is, or what lies there now.
        public var revisionId: String?
        /// The policies of the account's role, as JSON.
        public var identityPolicies: [String]
        /// As JSON. Nil where the bucket has none, or no bucket is concerned.
        public var bucketPolicy: String?
        /// Those that the account's data grants come to, as JSON.
        public var grantPolicies: [String]
        /// The grants that reach the account's role, as `ListPermissions` lists them.
        public var permissions: [LakeFormation.PrincipalResourcePermissions]
        /// The filters that those grants are through.
        public var dataCellsFilters: [LakeFormation.DataCellsFilter]

        public init(accountId: String, resource: String) {
            self.accountId = accountId
            self.resource = resource
            verdict = .denied
            summary = ""
            rules = []
            identityPolicies = []
            grantPolicies = []
            permissions = []
            dataCellsFilters = []
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            accountId = try reader.required("AccountId")
            resource = try reader.required("Resource")
            verdict = try reader.required("Verdict")
            summary = try reader.required("Summary")
            rules = try reader.required("Rules")
            table = try reader.optional("Table")
            revisionId = try reader.optional("RevisionId")
            identityPolicies = try reader.required("IdentityPolicies")
            bucketPolicy = try reader.optional("BucketPolicy")
            grantPolicies = try reader.optional("GrantPolicies") ?? []
            permissions = try reader.required("Permissions")
            dataCellsFilters = try reader.required("DataCellsFilters")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("AccountId", accountId)
            writer.put("Resource", resource)
            writer.put("Verdict", verdict)
            writer.put("Summary", summary)
            writer.put("Rules", rules)
            writer.put("Table", table)
            writer.put("RevisionId", revisionId)
            writer.put("IdentityPolicies", identityPolicies)
            writer.put("BucketPolicy", bucketPolicy)
            writer.put("GrantPolicies", grantPolicies)
            writer.put("Permissions", permissions)
            writer.put("DataCellsFilters", dataCellsFilters)
        }
    }

    public struct AccessVerdict: AWSEnum {
        /// It may read of it, perhaps not all.
        public static let allowed = AccessVerdict(rawValue: "ALLOWED")
        /// It may know that it is there, and read nothing of it.
        public static let metadataOnly = AccessVerdict(rawValue: "METADATA_ONLY")
        public static let denied = AccessVerdict(rawValue: "DENIED")
        public static let known: [AccessVerdict] = [.allowed, .metadataOnly, .denied]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// One rule, and what it said.
    public struct AccessRule: AWSShape, Equatable {
        /// `account`, `role policy`, `bucket policy`, `registered location`, `grant`, ...
        public var name: String
        public var effect: AccessEffect
        public var reason: String

        public init(name: String, effect: AccessEffect, reason: String) {
            self.name = name
            self.effect = effect
            self.reason = reason
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            name = try reader.required("Name")
            effect = try reader.required("Effect")
            reason = try reader.required("Reason")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Name", name)
            writer.put("Effect", effect)
            writer.put("Reason", reason)
        }
    }

    public struct AccessEffect: AWSEnum {
        public static let allows = AccessEffect(rawValue: "ALLOWS")
        /// Allows a part.
        public static let limits = AccessEffect(rawValue: "LIMITS")
        public static let denies = AccessEffect(rawValue: "DENIES")
        /// Decides nothing here; said because one would ask for it.
        public static let notes = AccessEffect(rawValue: "NOTES")
        public static let known: [AccessEffect] = [.allows, .limits, .denies, .notes]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// What the grants on a table come to.
    public struct ReadableTable: AWSShape, Equatable {
        /// In the table's order.
        public var columns: [ReadableColumn]
        public var hiddenColumns: [String]
        /// The rows that are there at all. Nil: every row.
        public var rowFilter: String?

        public init(columns: [ReadableColumn], hiddenColumns: [String], rowFilter: String?) {
            self.columns = columns
            self.hiddenColumns = hiddenColumns
            self.rowFilter = rowFilter
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            columns = try reader.required("Columns")
            hiddenColumns = try reader.required("HiddenColumns")
            rowFilter = try reader.optional("RowFilter")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Columns", columns)
            writer.put("HiddenColumns", hiddenColumns)
            writer.put("RowFilter", rowFilter)
        }
    }

    public struct ReadableColumn: AWSShape, Equatable {
        public var name: String
        public var type: String
        /// The rows in which it shows its value; in the others it is NULL. Nil: in all that are there.
        public var visibleWhere: String?

        public init(name: String, type: String, visibleWhere: String?) {
            self.name = name
            self.type = type
            self.visibleWhere = visibleWhere
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            name = try reader.required("Name")
            type = try reader.required("Type")
            visibleWhere = try reader.optional("VisibleWhere")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Name", name)
            writer.put("Type", type)
            writer.put("VisibleWhere", visibleWhere)
        }
    }
}
