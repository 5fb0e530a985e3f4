/// Where a statement's rows go, and in which form.
public enum QueryOutput: Codable, Hashable, Sendable {
    /// A new file in the staging directory, in the form in which Athena writes results.
    case csv(StagingFile)
    /// A JSON array of arrays, sent down the socket. More rows than `max` are an error.
    case rows(max: Int)
    /// Nowhere: what the columns are is all that is asked. Nothing runs.
    case columns
    /// Files below a new directory in the staging directory, as tables are made of.
    case files(FileOutput)
}

/// How a statement's rows are written as files.
public struct FileOutput: Codable, Hashable, Sendable {
    public enum Format: String, Codable, Sendable { case parquet, json, csv }

    /// A column of the table that the rows go into.
    public struct Column: Codable, Hashable, Sendable {
        public var name: String
        /// The engine's name of its type.
        public var type: String

        public init(name: String, type: String) {
            self.name = name
            self.type = type
        }
    }

    public var directory: StagingFile
    public var format: Format
    /// The engine's word for it: `snappy`, `zstd`, `gzip`, ...
    public var compression: String
    /// Between the values of CSV.
    public var delimiter = ","
    /// Columns that name folders, `column=value`, in place of standing in the files.
    public var partitionedBy: [String] = []
    /// What the statement's columns are, one after the other, in the table. Empty: what they are in the
    /// statement, in types that a table can have.
    public var columns: [Column] = []

    public init(directory: StagingFile, format: Format, compression: String) {
        self.directory = directory
        self.format = format
        self.compression = compression
    }
}

/// The name of a file directly inside the staging directory.
public struct StagingFile: RawRepresentable, Codable, Hashable, Sendable {
    public let rawValue: String

    /// Nil unless `rawValue` is 1 to 255 bytes, without `/`, and begins with a letter or a digit.
    public init?(rawValue: String) {
        guard (1...255).contains(rawValue.utf8.count), let first = rawValue.unicodeScalars.first,
            first.properties.isAlphabetic || first.properties.numericType != nil,
            !rawValue.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
        else { return nil }
        self.rawValue = rawValue
    }
}

/// A statement that ran to its end.
public struct QueryOutcome: Hashable, Sendable {
    public var summary: ResultSummary
    /// The rows as JSON text, where ``QueryOutput/rows(max:)`` was asked for.
    ///
    /// Numbers are JSON numbers with all their digits (NaN and the infinities are strings), nested
    /// values are arrays and objects, everything else is a string in the form that CSV has too.
    public var rows: [UInt8]?
}

/// What a result consists of.
public struct ResultSummary: Codable, Hashable, Sendable {
    public var columns: [ResultColumn]
    public var rowCount: Int
    /// Bytes written: of the file, header included, or of the JSON text.
    public var byteCount: Int
}

/// One column, in Athena's words.
public struct ResultColumn: Codable, Hashable, Sendable {
    public var name: String
    /// `varchar`, `bigint`, `timestamp with time zone`, `row`, ...
    public var type: String
    public var precision: Int
    public var scale: Int
    /// As catalogues write the type that a table's column of these values has: `array<int>`. Nil in results
    /// of earlier versions.
    public var catalogueType: String?

    public init(
        name: String, type: String, precision: Int = 0, scale: Int = 0,
        catalogueType: String? = nil
    ) {
        self.name = name
        self.type = type
        self.precision = precision
        self.scale = scale
        self.catalogueType = catalogueType
    }

    /// The name in a tree of a column that has none: in the result it is `_col` and its place.
    public static let unnamed = "_unnamed_column_"
}
