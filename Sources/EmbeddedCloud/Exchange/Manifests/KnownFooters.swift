import DuckDB
import FoundationEssentials

/// What an earlier manifest says of files that are the same still: their footers need not be read again.
struct KnownFooters {
    let connection: Connection

    /// The numbers of the files of which everything is known.
    func examined() throws -> Set<Int> {
        Set(
            try connection.rows("SELECT number FROM examined").compactMap {
                $0[0].int64.map(Int.init)
            })
    }

    /// Fills the tables `footer` and `bound` for those files of `pinned` that the manifest knows and that are not
    /// examined yet, and `examined` with them; also with those that it knows to be no Parquet.
    func take(from manifest: URL) throws {
        guard FileManager.default.fileExists(atPath: manifest.localPath) else { return }
        defer { try? connection.execute("DROP TABLE IF EXISTS known") }
        do {
            try connection.execute(
                """
                DROP TABLE IF EXISTS known;
                CREATE TEMP TABLE known AS
                SELECT pinned.number, pinned.path AS pinnedPath, earlier.*
                FROM pinned JOIN read_parquet(
                    \(manifest.localPath.sqlFileLiteral), hive_partitioning = false) AS earlier
                    ON pinned.bucket = earlier.bucket AND pinned.key = earlier.key
                WHERE number NOT IN (SELECT number FROM examined) AND \(Self.isSame);
                """)
        } catch {
            // Its revision may have been reopened meanwhile: then all footers are read.
            return
        }
        try connection.execute(
            """
            INSERT INTO footer
            SELECT pinnedPath, "rowCount", schema FROM known WHERE schema IS NOT NULL
            """)
        for (kind, name) in try bounds() {
            let low = ManifestColumn.low(kind, name).sqlIdentifier
            let high = ManifestColumn.high(kind, name).sqlIdentifier
            try connection.execute(
                """
                INSERT INTO bound
                SELECT pinnedPath, '\(kind.rawValue)', \(name.sqlLiteral), \(low), \(high)
                FROM known WHERE \(low) IS NOT NULL OR \(high) IS NOT NULL
                """)
        }
        try connection.execute("INSERT INTO examined SELECT number FROM known")
    }

    private func bounds() throws -> [(PruneKind, String)] {
        let columns = try connection.rows(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = 'known'")
        return columns.compactMap { row in
            guard let column = row[0].text, let kind = ManifestColumn.boundKind(of: column) else {
                return nil
            }
            let prefix = ManifestColumn.low(kind, "")
            return column.hasPrefix(prefix) ? (kind, String(column.dropFirst(prefix.count))) : nil
        }
    }

    /// A version never changes. A second name of a file stands for it as long as the file's content does
    /// (see ``PinGuarantee/accepts(_:for:)``); a clone is another file each time, of which the ETag says
    /// what it was made of. A file that had just been written when it got its second name is read again: its
    /// times may not tell of a write in the same tick.
    private static let isSame = """
        pinned.guarantee = earlier.guarantee AND pinned.size = earlier.size
        AND (
            pinned.etag = earlier.etag OR pinned.device = earlier.device
                AND pinned.inode = earlier.inode AND pinned.modified = earlier.modified
                AND (pinned.guarantee = 'VERSION' OR pinned.guarantee = 'HARD_LINK'
                    AND earlier.changed - earlier.modified > \(settled)))
        """

    /// Nanoseconds from a file's last write until its second name, which is a change of it too.
    private static let settled = 1_000_000_000
}
