import DuckDB

/// Lines of fields that may stand in quotes. Every field is a text, which is brought to its column's type
/// where it is read: one that is no value of that type is an error, and so is a quote that does not end.
///
/// A quote in quotes is doubled or escaped. A date may be a number of days, a timestamp of milliseconds
/// since 1970.
///
/// Source: Amazon Athena User Guide, "Open CSV SerDe for processing CSV".
struct OpenCSVSerDe: Sendable {
    static let name = "org.apache.hadoop.hive.serde2.OpenCSVSerde"

    let separator: Character
    let quote: Character
    let escape: Character
    let headerLines: Int

    init(_ properties: SerDe.Properties) throws(QueryFault) {
        separator = try properties.character("separatorChar", or: ",")
        quote = try properties.character("quoteChar", or: "\"")
        escape = try properties.character("escapeChar", or: "\\")
        headerLines = properties.headerLines
        try properties.refuse("skip.footer.line.count") { $0 == "0" }
    }

    func scan(
        of files: [TableFiles.File], compression: String, _ columns: [GovernedScan.Column]
    ) -> TableScan {
        let partitions = columns.filter(\.isPartition).map(\.name)
        let lines = TextLines(headerLines: headerLines, partitions: partitions)
            .sql(over: files, compression: compression)
        let own = columns.filter { !$0.isPartition }
        let values = own.enumerated().map { place, column in
            "\(text(of: "\"$fields\"[\(place + 1)]", column.type)) AS \(column.name.sqlIdentifier)"
        }
        let passed = partitions.map(\.sqlIdentifier) + [TableScan.path]
        let list = (values + passed).joined(separator: ", ")
        let inner = (["\(fields) AS \"$fields\"", TextLines.line] + passed).joined(separator: ", ")
        return TableScan(
            sql:
                "(SELECT \(list) FROM (SELECT \(inner) FROM \(lines) \(TextLines.once)) WHERE \(isWhole))",
            forms: own.reduce(into: [:]) { forms, column in
                forms[column.name] = column.type == "VARCHAR" ? .declared : .other
            })
    }

    /// Most lines have neither, and are split much faster.
    private func isPlain(_ text: String) -> String {
        "NOT contains(\(text), \(quote.sqlLiteral)) AND NOT contains(\(text), \(escape.sqlLiteral))"
    }

    /// A line's fields, as they are written: what is plain, escaped or in quotes.
    private var fields: String {
        let (line, quote, escape) = (TextLines.line, quote.pattern, escape.pattern)
        let escaped = self.quote == self.escape ? "" : "|\(escape).?"
        let inQuotes = "\(quote)(?:[^\(quote)\(escape)]+\(escaped))*\(quote)"
        let plain = "[^\(separator.pattern)\(quote)\(escape)]+"
        // Without groups to capture, the matcher is much faster; it keeps the separator, then.
        let pattern = "\(separator.pattern)(?:\(plain)\(escaped)|\(inQuotes))*".sqlLiteral
        let separator = separator.sqlLiteral
        return """
            CASE WHEN \(isPlain(line)) THEN string_split(\(line), \(separator)) ELSE \
            list_transform(regexp_extract_all(concat(\(separator), \(line)), \(pattern)), \
            lambda field: substr(field, 2)) END
            """
    }

    /// Whether the fields are all of the line. It says nothing of what is in it.
    private var isWhole: String {
        let fault = TableScan.badData(
            "'Un-terminated quoted field at end of CSV line'", as: "BOOLEAN")
        return """
            CASE WHEN \(isPlain(TextLines.line)) \
            OR array_to_string("$fields", \(separator.sqlLiteral)) = \(TextLines.line) \
            THEN true ELSE \(fault) END
            """
    }

    private func text(of field: String, _ type: String) -> String {
        let (quote, escape) = (quote.pattern, escape.pattern)
        let inner = "\(quote)(.*)\(quote)"
        let bare = "regexp_extract(\(field), '^\\s*\(inner)$', 1)"
        var (unquoted, unescaped) = ("'\(quote)(\(quote))|\(quote)', '\\1'", field)
        if self.quote != self.escape {
            unquoted = "'\(escape)(.?)|\(quote)(\(quote))|\(quote)', '\\1\\2'"
            unescaped = "regexp_replace(\(field), '\(escape)(.?)', '\\1', 'g')"
        }
        let text = """
            CASE WHEN \(isPlain(field)) THEN \(field) \
            WHEN regexp_full_match(\(field), '\\s*\(inner)') \
            THEN regexp_replace(\(bare), \(unquoted), 'g') ELSE \(unescaped) END
            """
        let number = "TRY_CAST(\(text) AS BIGINT)"
        return switch type {
        case "DATE":
            "coalesce(CAST(TRY(DATE '1970-01-01' + CAST(\(number) AS INTEGER)) AS VARCHAR), \(text))"
        case "TIMESTAMP": "coalesce(CAST(TRY(epoch_ms(\(number))) AS VARCHAR), \(text))"
        default: text
        }
    }
}
