/// A first query on a table: its newest rows, in the columns of the first dashboard.
struct SampleQuery: Equatable, Sendable {
    static let rowsMax = 10

    let sql: String

    init(_ table: OfferedTable) {
        let fields = DashboardFields(table)
        let columns =
            [fields.by, fields.over].compactMap(\.self) + fields.measures + fields.breakdowns
        let order =
            [fields.over.map { Self.name($0) + " DESC" }, fields.by.map(Self.name)]
            .compactMap(\.self)
        sql =
            "SELECT \(columns.isEmpty ? "*" : columns.map(Self.name).joined(separator: ", ")) "
            + "FROM \(Self.name(table.name.table))"
            + (order.isEmpty ? "" : " ORDER BY " + order.joined(separator: ", "))
            + " LIMIT \(Self.rowsMax)"
    }

    /// An identifier as Athena reads it: in quotes where it must be.
    private static func name(_ text: String) -> String {
        let isPlain =
            text.first.map { !$0.isNumber } ?? false
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
        if isPlain, !reserved.contains(text) { return text }
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return "\"" + parts.joined(separator: "\"\"") + "\""
    }

    /// Source: Amazon Athena User Guide, "Escape reserved keywords in queries", SELECT statements.
    private static let reserved: Set<String> = [
        "alter", "and", "as", "between", "by", "case", "cast", "constraint", "create", "cross",
        "cube", "current_date", "current_path", "current_time", "current_timestamp",
        "current_user", "deallocate", "delete", "describe", "distinct", "drop", "else", "end",
        "escape", "except", "execute", "exists", "extract", "false", "first", "for", "from", "full",
        "group", "grouping", "having", "in", "inner", "insert", "intersect", "into", "is", "join",
        "last", "left", "like", "localtime", "localtimestamp", "natural", "normalize", "not",
        "null",
        "on", "or", "order", "outer", "prepare", "recursive", "right", "rollup", "select", "table",
        "then", "true", "uescape", "union", "unnest", "using", "values", "when", "where", "with",
    ]
}

extension String {
    /// As one word of a POSIX shell's command line.
    var shellWord: String {
        "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }
}
