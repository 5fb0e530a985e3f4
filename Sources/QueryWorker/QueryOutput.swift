/// Where a statement's rows go, and in which form.
public enum QueryOutput: Codable, Hashable, Sendable {
    /// A new file in the staging directory, in the form in which Athena writes results.
    case csv(StagingFile)
    /// A JSON array of arrays, sent down the socket. More rows than `max` are an error.
    case rows(max: Int)
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

    /// The name in a tree of a column that has none: in the result it is `_col` and its place.
    public static let unnamed = "_unnamed_column_"
}
