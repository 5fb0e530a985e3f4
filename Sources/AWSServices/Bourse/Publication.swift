public import AWSAPI
public import FoundationEssentials

extension Bourse {
    /// A revision as whoever answers for the data set knows it.
    public struct Publication: AWSShape, Equatable {
        public enum Standing: String, Sendable {
            case draft = "DRAFT"
            /// What everyone else reads.
            case current = "CURRENT"
            /// There is a newer one.
            case earlier = "EARLIER"
            case blocked = "BLOCKED"
            case revoked = "REVOKED"
        }

        public var revisionId: String
        public var comment: String
        public var standing: String
        /// Why it is blocked or revoked.
        public var reason: String?
        public var createdAt: Date
        public var updatedAt: Date
        /// Objects, their bytes, and the rows of those that are Parquet. Nil for a draft.
        public var objects: Int?
        public var bytes: Int?
        public var rows: Int?
        /// What keeps the weakest of its files from changing: VERSION, REFLINK, HARD_LINK or DETECTION.
        public var guarantee: String?
        /// Of a draft that is being finalized: files of which everything is known, and all.
        public var filesDone: Int?
        public var filesTotal: Int?

        public init(
            revisionId: String, comment: String, standing: Standing, reason: String? = nil,
            createdAt: Date, updatedAt: Date, objects: Int? = nil, bytes: Int? = nil,
            rows: Int? = nil, guarantee: String? = nil, filesDone: Int? = nil,
            filesTotal: Int? = nil
        ) {
            self.revisionId = revisionId
            self.comment = comment
            self.standing = standing.rawValue
            self.reason = reason
            self.createdAt = createdAt
            self.updatedAt = updatedAt
            self.objects = objects
            self.bytes = bytes
            self.rows = rows
            self.guarantee = guarantee
            self.filesDone = filesDone
            self.filesTotal = filesTotal
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            revisionId = try reader.required("RevisionId")
            comment = try reader.required("Comment")
            standing = try reader.required("Standing")
            reason = try reader.optional("Reason")
            createdAt = try reader.required("CreatedAt")
            updatedAt = try reader.required("UpdatedAt")
            objects = try reader.optional("Objects")
            bytes = try reader.optional("Bytes")
            rows = try reader.optional("Rows")
            guarantee = try reader.optional("Guarantee")
            filesDone = try reader.optional("FilesDone")
            filesTotal = try reader.optional("FilesTotal")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("RevisionId", revisionId)
            writer.put("Comment", comment)
            writer.put("Standing", standing)
            writer.put("Reason", reason)
            writer.put("CreatedAt", createdAt)
            writer.put("UpdatedAt", updatedAt)
            writer.put("Objects", objects)
            writer.put("Bytes", bytes)
            writer.put("Rows", rows)
            writer.put("Guarantee", guarantee)
            writer.put("FilesDone", filesDone)
            writer.put("FilesTotal", filesTotal)
        }
    }

    /// The revisions of a data set, the newest first, and which of them is read.
    public struct ListPublications: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "ListPublications"
        public static let route = Route("GET", "/bourse/v1/data-sets/{DataSetId}/publications")

        public var dataSetId: String

        public init(dataSetId: String) { self.dataSetId = dataSetId }

        public init(from reader: ShapeReader) throws(WireFault) {
            dataSetId = try reader.label("DataSetId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("DataSetId", dataSetId)
        }

        public struct Response: AWSShape {
            public var publications: [Publication]

            public init(publications: [Publication]) { self.publications = publications }

            public init(from reader: ShapeReader) throws(WireFault) {
                publications = try reader.required("Publications")
            }

            public func writeMembers(to writer: inout ShapeWriter) {
                writer.put("Publications", publications)
            }
        }
    }

    /// What a published revision changed against the one published before it.
    public struct CompareRevisions: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "CompareRevisions"
        public static let route = Route(
            "GET", "/bourse/v1/data-sets/{DataSetId}/publications/{RevisionId}/changes")

        public var dataSetId: String
        public var revisionId: String

        public init(dataSetId: String, revisionId: String) {
            self.dataSetId = dataSetId
            self.revisionId = revisionId
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            dataSetId = try reader.label("DataSetId")
            revisionId = try reader.label("RevisionId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("DataSetId", dataSetId)
            writer.label("RevisionId", revisionId)
        }

        public typealias Response = RevisionChanges
    }

    public struct RevisionChanges: AWSShape, Equatable {
        public var revision: Publication
        /// Nil: it is the first one.
        public var previous: Publication?
        /// Objects that the one before had not, has with other bytes, and had.
        public var added: Int
        public var changed: Int
        public var removed: Int
        /// Columns of Parquet files, with their types: `fund_id VARCHAR`.
        public var columnsAdded: [String]
        public var columnsRemoved: [String]

        public init(
            revision: Publication, previous: Publication?, added: Int, changed: Int, removed: Int,
            columnsAdded: [String], columnsRemoved: [String]
        ) {
            self.revision = revision
            self.previous = previous
            self.added = added
            self.changed = changed
            self.removed = removed
            self.columnsAdded = columnsAdded
            self.columnsRemoved = columnsRemoved
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            revision = try reader.required("Revision")
            previous = try reader.optional("Previous")
            added = try reader.required("Added")
            changed = try reader.required("Changed")
            removed = try reader.required("Removed")
            columnsAdded = try reader.required("ColumnsAdded")
            columnsRemoved = try reader.required("ColumnsRemoved")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Revision", revision)
            writer.put("Previous", previous)
            writer.put("Added", added)
            writer.put("Changed", changed)
            writer.put("Removed", removed)
            writer.put("ColumnsAdded", columnsAdded)
            writer.put("ColumnsRemoved", columnsRemoved)
        }
    }

    /// Takes a published revision out of sight: readers have the one before, until it is unblocked.
    ///
    /// - Throws: `ConflictException` for a draft, and for one that is blocked or revoked already.
    public struct BlockRevision: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "BlockRevision"
        public static let route = Route(
            "POST", "/bourse/v1/data-sets/{DataSetId}/publications/{RevisionId}/block")

        public var dataSetId: String
        public var revisionId: String
        /// 1 to 512 characters.
        public var reason: String

        public init(dataSetId: String, revisionId: String, reason: String) {
            self.dataSetId = dataSetId
            self.revisionId = revisionId
            self.reason = reason
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            dataSetId = try reader.label("DataSetId")
            revisionId = try reader.label("RevisionId")
            reason = try reader.required("Reason")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("DataSetId", dataSetId)
            writer.label("RevisionId", revisionId)
            writer.put("Reason", reason)
        }

        public typealias Response = Publication
    }

    /// Puts a blocked revision back into sight.
    ///
    /// - Throws: `ConflictException` for one that is not blocked.
    public struct UnblockRevision: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "UnblockRevision"
        public static let route = Route(
            "POST", "/bourse/v1/data-sets/{DataSetId}/publications/{RevisionId}/unblock")

        public var dataSetId: String
        public var revisionId: String

        public init(dataSetId: String, revisionId: String) {
            self.dataSetId = dataSetId
            self.revisionId = revisionId
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            dataSetId = try reader.label("DataSetId")
            revisionId = try reader.label("RevisionId")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.label("DataSetId", dataSetId)
            writer.label("RevisionId", revisionId)
        }

        public typealias Response = Publication
    }
}
