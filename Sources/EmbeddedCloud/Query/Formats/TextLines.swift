import DuckDB

/// Files of lines, each line a row, as the SerDes of text want them.
///
/// The engine's CSV reader finds the lines, and fails on what is no UTF-8. What a line says is the SerDe's:
/// the reader's own idea of quotes, short rows and long ones is another than Hive's.
struct TextLines {
    /// The columns of ``sql(over:)``, beside the partitions and ``TableScan/path``.
    static let line = lineColumn.sqlIdentifier
    private static let lineColumn = "$line"
    /// A separator and a NULL that no line has: Unicode has set both aside as no characters.
    private static let (separator, null) = ("\u{10FFFF}", "\u{10FFFE}")

    /// Behind the SELECT that takes a line apart: what is asked of its parts is not moved below it, where
    /// the line would be taken apart again for each part.
    static let once = "LIMIT \(Int.max)"

    let headerLines: Int
    let partitions: [String]

    /// The files by their compression, which their names tell.
    ///
    /// - Throws: ``QueryFault`` for one that the engine has not.
    static func byCompression(
        _ files: [TableFiles.File]
    ) throws(QueryFault) -> [(compression: String, files: [TableFiles.File])] {
        let groups = Dictionary(grouping: files) { file in
            let name = file.key.split(separator: "/").last ?? ""
            return name.contains(".")
                ? String(name.split(separator: ".").last ?? "").lowercased() : ""
        }
        var found: [String: [TableFiles.File]] = [:]
        for (suffix, files) in groups {
            switch suffix {
            case "gz", "gzip": found["gzip", default: []] += files
            case "zst", "zstd": found["zstd", default: []] += files
            case "bz2", "snappy", "lz4", "lzo", "deflate":
                throw .notSupported(
                    "Text in files compressed as .\(suffix) (.gz and .zst are read)", at: nil)
            default: found["none", default: []] += files
            }
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func sql(over files: [TableFiles.File], compression: String) -> String {
        FileFunction(
            name: "read_csv",
            options: [
                "auto_detect = false", "columns = {\(Self.lineColumn.sqlLiteral): 'VARCHAR'}",
                "header = false",
                "skip = \(headerLines)", "delim = \(Self.separator.sqlLiteral)", "quote = ''",
                "escape = ''", "comment = ''", "nullstr = \(Self.null.sqlLiteral)",
                "compression = '\(compression)'",
                // Lines may end in LF here and in CR LF there, as Hive's may.
                "new_line = '\\n'", "strict_mode = false",
            ], columns: [Self.lineColumn], added: ["filename AS \(TableScan.path)"],
            partitions: partitions
        ).sql(over: files)
    }
}

extension Character {
    /// One that stands for itself in the engine's regular expressions.
    var pattern: String {
        "\\x{\(String(unicodeScalars.first?.value ?? 0, radix: 16))}"
    }

    var sqlLiteral: String { String(self).sqlLiteral }
}
