public import AWSAPI
public import GlueAPI

extension Bourse {
    /// Proposes a table for the Parquet files under a prefix: columns out of their footers, partition keys out
    /// of the `key=value` folders. It makes nothing.
    ///
    /// What begins with a dot or an underscore is no file of a table. Of many files, some are read, evenly
    /// spread: the answer says how many.
    ///
    /// - Throws: `NoSuchBucket` for a bucket that is not the caller's own; `ValidationException` where there is
    ///   no Parquet, too much of it, or folders that are not one table's.
    public struct InferTable: AWSOperation {
        public static let service = AWSService.bourse
        public static let name = "InferTable"
        public static let route = Route("POST", "/bourse/v1/infer-table")

        public var bucket: String
        /// A folder, with or without the slash at its end. Empty for the whole bucket.
        public var prefix: String
        /// The table's. Nil: after the folder.
        public var tableName: String?

        public init(bucket: String, prefix: String, tableName: String? = nil) {
            self.bucket = bucket
            self.prefix = prefix
            self.tableName = tableName
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            bucket = try reader.required("Bucket")
            prefix = try reader.required("Prefix")
            tableName = try reader.optional("TableName")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Bucket", bucket)
            writer.put("Prefix", prefix)
            writer.put("TableName", tableName)
        }

        public typealias Response = InferredTable
    }

    public struct InferredTable: AWSShape {
        /// As `CreateTable` takes it.
        public var tableInput: Glue.TableInput
        /// Parquet files, and their bytes.
        public var files: Int
        public var bytes: Int
        /// Of how many the footer was read.
        public var filesRead: Int
        /// In the files that were read.
        public var rows: Int
        /// What lies there besides.
        public var skipped: [SkippedFiles]
        /// In what the files differ, and what was made of it.
        public var differences: [SchemaDifference]

        public init(
            tableInput: Glue.TableInput, files: Int, bytes: Int, filesRead: Int, rows: Int,
            skipped: [SkippedFiles], differences: [SchemaDifference]
        ) {
            self.tableInput = tableInput
            self.files = files
            self.bytes = bytes
            self.filesRead = filesRead
            self.rows = rows
            self.skipped = skipped
            self.differences = differences
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            tableInput = try reader.required("TableInput")
            files = try reader.required("Files")
            bytes = try reader.required("Bytes")
            filesRead = try reader.required("FilesRead")
            rows = try reader.required("Rows")
            skipped = try reader.required("Skipped")
            differences = try reader.required("Differences")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("TableInput", tableInput)
            writer.put("Files", files)
            writer.put("Bytes", bytes)
            writer.put("FilesRead", filesRead)
            writer.put("Rows", rows)
            writer.put("Skipped", skipped)
            writer.put("Differences", differences)
        }
    }

    /// Files that say nothing of the table, for one reason.
    public struct SkippedFiles: AWSShape, Equatable {
        public var reason: String
        public var files: Int
        /// The key of the first one.
        public var example: String

        public init(reason: String, files: Int, example: String) {
            self.reason = reason
            self.files = files
            self.example = example
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            reason = try reader.required("Reason")
            files = try reader.required("Files")
            example = try reader.required("Example")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Reason", reason)
            writer.put("Files", files)
            writer.put("Example", example)
        }
    }

    public struct SchemaDifference: AWSShape, Equatable {
        public var column: String
        public var reason: String

        public init(column: String, reason: String) {
            self.column = column
            self.reason = reason
        }

        public init(from reader: ShapeReader) throws(WireFault) {
            column = try reader.required("Column")
            reason = try reader.required("Reason")
        }

        public func writeMembers(to writer: inout ShapeWriter) {
            writer.put("Column", column)
            writer.put("Reason", reason)
        }
    }
}
