import Dispatch
import DuckDB
import Foundation
import Synchronization

/// What Parquet files say of themselves: rows, columns, and the bounds of what is in them.
struct ParquetFooters {
    let connection: Connection

    /// Files in one statement.
    private static let batch = 256
    /// Batches that are read at the same time.
    private static let threadsMax = 4
    /// Leaf columns of a file of which bounds are kept, counted from the first.
    private static let columnsMax = 32
    /// UTF-8 bytes of a bound; longer texts are not worth their space.
    private static let boundBytesMax = 128

    /// Fills the tables `footer` and `bound` for those of the files that are Parquet.
    ///
    /// - Parameter tell: Is told, from any thread, of how many further files that is done.
    /// - Throws: ``ManifestFault/unreadable(key:)`` for a file with Parquet's mark and no footer.
    func read(_ files: [PinnedFile], telling tell: @Sendable (Int) -> Void) throws {
        let batches = stride(from: 0, to: files.count, by: Self.batch).map {
            files[$0..<min($0 + Self.batch, files.count)]
        }
        let threads = min(
            Self.threadsMax, ProcessInfo.processInfo.activeProcessorCount, batches.count)
        let readers = try (0..<threads).map { _ in
            ParquetFooters(connection: try connection.another())
        }
        let state = Mutex((next: 0, fault: (any Error)?.none))
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            while true {
                let place = state.withLock { state -> Int? in
                    guard state.fault == nil, state.next < batches.count else { return nil }
                    defer { state.next += 1 }
                    return state.next
                }
                guard let place else { return }
                do {
                    try readers[thread].read(batches[place])
                    tell(batches[place].count)
                } catch {
                    state.withLock { $0.fault = $0.fault ?? error }
                }
            }
        }
        if let fault = state.withLock({ $0.fault }) { throw fault }
    }

    private func read(_ files: ArraySlice<PinnedFile>) throws {
        var keys: [String: String] = [:]
        for file in files where try isParquet(file.path) { keys[file.path] = file.key }
        let paths = keys.keys.sorted()
        guard !paths.isEmpty else { return }
        do {
            try read(paths: paths)
        } catch {
            // A batch says that something is wrong, not with which file.
            for path in paths where !isReadable(path) {
                throw ManifestFault.unreadable(key: keys[path] ?? path)
            }
            throw error
        }
    }

    private func isReadable(_ path: String) -> Bool {
        let list = "[\(path.sqlFileLiteral)]"
        return
            (try? connection.rows("SELECT count(*) FROM parquet_metadata(\(list))")) != nil
    }

    /// Whether the file begins with Parquet's mark. What ends otherwise is a Parquet file half written.
    private func isParquet(_ path: String) throws -> Bool {
        try OpenFile.file(path).read(4, at: 0) == Array("PAR1".utf8)
    }

    private func read(paths: [String]) throws {
        let list = "[\(paths.map(\.sqlFileLiteral).joined(separator: ", "))]"
        try connection.execute(
            """
            INSERT INTO footer
            SELECT file_name, num_rows, columns.schema
            FROM parquet_file_metadata(\(list)) JOIN (
                -- Not the root, which every writer calls something else.
                SELECT file_name, md5(string_agg(
                    concat_ws(' ', name, duckdb_type, converted_type, num_children), chr(10)
                    ORDER BY column_id)) AS schema
                FROM parquet_schema(\(list)) WHERE column_id > 0 GROUP BY file_name
            ) AS columns USING (file_name)
            """)
        try connection.execute(Self.bounds(of: list))
    }

    /// The least and the greatest value of each column, over all row groups that have any.
    ///
    /// A column of which one row group says nothing has no bounds. The engine shows bytes that are no
    /// UTF-8, such as a bound that was cut off inside a character, as `\\x..`, which sorts elsewhere.
    private static func bounds(of list: String) -> String {
        let kinds = PruneKind.allCases.map { kind in
            "WHEN duckdb_type IN (\(kind.engineTypes.map(\.sqlLiteral).joined(separator: ", "))) "
                + "THEN '\(kind.rawValue)'"
        }.joined(separator: " ")
        func extreme(_ function: String, _ value: String) -> String {
            let cases = PruneKind.allCases.map {
                "WHEN '\($0.rawValue)' THEN \(function)(try_cast(\(value) AS \($0.sqlType)))::VARCHAR"
            }.joined(separator: " ")
            return "CASE kind \(cases) END"
        }
        let converts = PruneKind.allCases.map {
            "WHEN '\($0.rawValue)' THEN try_cast(low AS \($0.sqlType)) IS NOT NULL "
                + "AND try_cast(high AS \($0.sqlType)) IS NOT NULL"
        }.joined(separator: " ")
        return """
            INSERT INTO bound
            WITH leaf AS (
                SELECT file_name, name, CASE \(kinds) END AS kind,
                    row_number() OVER (PARTITION BY file_name ORDER BY column_id) - 1 AS leaf
                FROM parquet_schema(\(list))
                WHERE column_id > 0 AND coalesce(num_children, 0) = 0
            ), part AS (
                SELECT leaf.file_name AS path, kind, lower(name) AS name, name AS spelling,
                    stats_min_value AS low, stats_max_value AS high,
                    coalesce(stats_null_count = num_values, false) AS isEmpty
                FROM parquet_metadata(\(list)) AS metadata JOIN leaf
                    ON metadata.file_name = leaf.file_name AND metadata.column_id = leaf
                    AND path_in_schema = name
                WHERE kind IS NOT NULL AND leaf < \(columnsMax) AND row_group_num_rows > 0
                    AND NOT contains(name, chr(0))
            )
            SELECT path, kind, name, \(extreme("min", "low")), \(extreme("max", "high"))
            FROM part GROUP BY path, kind, name
            HAVING count(DISTINCT spelling) = 1 AND bool_and(
                isEmpty OR coalesce(
                    CASE kind \(converts) END AND strlen(low) <= \(boundBytesMax)
                    AND strlen(high) <= \(boundBytesMax)
                    AND NOT contains(low, '\\x') AND NOT contains(high, '\\x'), false))
            """
    }
}
