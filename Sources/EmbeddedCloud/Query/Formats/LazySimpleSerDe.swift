import DuckDB

/// Lines of fields between separators, without quotes. A field that is no value of its column's type is
/// NULL, a field that a line does not have is NULL too, and what is beyond the columns does not count.
///
/// Source: Amazon Athena User Guide, "Lazy Simple SerDe for CSV, TSV, and custom-delimited files".
struct LazySimpleSerDe: Sendable {
    let separator: Character
    let escape: Character?
    /// What stands for NULL, before escapes are undone.
    let null: String
    let headerLines: Int

    init(_ properties: SerDe.Properties) throws(QueryFault) {
        separator = try properties.character("field.delim", "serialization.format", or: "\u{1}")
        escape =
            properties.values["escape.delim"] == nil
            ? nil : try properties.character("escape.delim", or: "\\")
        null = properties.values["serialization.null.format"] ?? "\\N"
        headerLines = properties.headerLines
        try properties.refuse("line.delim") { ["\n", "10", ""].contains($0) }
        try properties.refuse("skip.footer.line.count") { $0 == "0" }
        try properties.refuse("serialization.last.column.takes.rest") { $0.lowercased() != "true" }
        try properties.refuse("serialization.encoding") {
            ["utf-8", "utf8"].contains($0.lowercased())
        }
    }

    func scan(
        of files: [TableFiles.File], compression: String, _ columns: [GovernedScan.Column]
    ) -> TableScan {
        let partitions = columns.filter(\.isPartition).map(\.name)
        let lines = TextLines(headerLines: headerLines, partitions: partitions)
            .sql(over: files, compression: compression)
        let values = columns.filter { !$0.isPartition }.enumerated().map { place, column in
            let text = text(of: "\"$fields\"[\(place + 1)]")
            // Here already, and not above the filters: what does not parse is NULL to everyone.
            let value =
                column.type == "VARCHAR" ? text : "TRY_CAST(\(text) AS \(column.type))"
            return "\(value) AS \(column.name.sqlIdentifier)"
        }
        let list = (values + partitions.map(\.sqlIdentifier)).joined(separator: ", ")
        let inner = (["\(fields) AS \"$fields\""] + partitions.map(\.sqlIdentifier))
            .joined(separator: ", ")
        return TableScan(
            sql: "(SELECT \(list) FROM (SELECT \(inner) FROM \(lines) \(TextLines.once)))")
    }

    /// A line's fields, as they are written.
    private var fields: String {
        let line = TextLines.line
        let split = "string_split(\(line), \(separator.sqlLiteral))"
        guard let escape else { return split }
        let field = "((?:[^\(separator.pattern)\(escape.pattern)]|\(escape.pattern).?)*)"
        let pattern = (separator.pattern + field).sqlLiteral
        let slow = "regexp_extract_all(concat(\(separator.sqlLiteral), \(line)), \(pattern), 1)"
        return "CASE WHEN contains(\(line), \(escape.sqlLiteral)) THEN \(slow) ELSE \(split) END"
    }

    private func text(of field: String) -> String {
        var text = field
        if let escape {
            let undone = "regexp_replace(\(field), '\(escape.pattern)(.?)', '\\1', 'g')"
            text =
                "CASE WHEN contains(\(field), \(escape.sqlLiteral)) THEN \(undone) ELSE \(field) END"
        }
        return "CASE WHEN \(field) <> \(null.sqlLiteral) THEN \(text) END"
    }
}
