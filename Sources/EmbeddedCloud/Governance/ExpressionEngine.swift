import AWSAPI
import DuckDB

/// An engine of the exchange's own, for what callers write as expressions and patterns.
///
/// Their text goes in as a parameter, and is only ever read: as a syntax tree, or as a pattern of a
/// linear-time matcher. Nothing of it runs. The engine blocks, so the actor has a queue of its own.
actor ExpressionEngine {
    private static let settings = [
        "threads": "1", "memory_limit": "256MB", "enable_external_access": "false",
        "autoload_known_extensions": "false", "autoinstall_known_extensions": "false",
    ]

    private let executor = BlockingExecutor("bourse.expressions")
    private var engine = DeferredConnection(settings: settings)
    private var serializing: Statement?
    /// By the text's bytes: to Swift, two spellings of a letter are the same text.
    nonisolated let tables = RecentValues<[UInt8], JSONValue>(
        weightMax: tableBytesMax, entryWeightMax: tableEntryBytesMax)

    private var connection: Connection { get throws { try engine.opened() } }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// The engine's own syntax tree of a script.
    ///
    /// - Returns: An object with the script's `statements`, or with `error` and `error_message`.
    func syntaxTree(of script: String) throws -> JSONValue {
        let statement =
            try serializing
            ?? connection.prepare("SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)")
        serializing = statement
        let rows = try statement.execute([.text(script)]).rows()
        return try JSONValue(parsing: rows[0][0].text ?? "")
    }

    /// Those of the names that the pattern describes from beginning to end; case does not count.
    ///
    /// - Parameter pattern: A regular expression as RE2 has it, so without back references.
    /// - Returns: Nil if the pattern is none.
    func names(_ names: [String], matching pattern: String) throws -> Set<String>? {
        let list = JSONValue.array(names.map(JSONValue.string)).text
        do {
            let rows = try connection.rows(
                """
                SELECT name FROM (SELECT unnest(from_json(CAST(? AS JSON), '["VARCHAR"]')) AS name)
                WHERE regexp_full_match(name, CAST(? AS VARCHAR), 'i')
                """, [.text(list), .text(pattern)])
            return Set(rows.compactMap { $0[0].text })
        } catch let error as DuckDBError where error.kind == .invalidInput {
            return nil
        }
    }

    /// Those of the lists for which the predicate holds.
    ///
    /// - Parameters:
    ///   - lists: JSON lists of strings, one string for each of the columns.
    ///   - predicate: On those columns.
    func lists(
        _ lists: [String], of columns: [String], where predicate: RowPredicate
    ) throws -> [String] {
        var list = "list"
        while columns.contains(list) { list += "_" }
        let values = columns.enumerated().map { place, column in
            "json_extract_string(\(list), '$[\(place)]') AS \(column.sqlIdentifier)"
        }
        let rows = try connection.rows(
            """
            SELECT \(list) FROM (SELECT \(list), \(values.joined(separator: ", "))
                FROM (SELECT unnest(from_json(CAST(? AS JSON), '["VARCHAR"]')) AS \(list)))
            WHERE \(predicate.sql)
            """, [.text(JSONValue.array(lists.map(JSONValue.string)).text)])
        let matching = Set(rows.compactMap { $0[0].text })
        return lists.filter(matching.contains)
    }
}
