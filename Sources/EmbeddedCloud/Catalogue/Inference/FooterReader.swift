import DuckDB

/// Reads the footers of Parquet files where they lie, one file after the other.
///
/// The engine blocks, so the actor has a queue of its own.
actor FooterReader {
    private static let settings = [
        "threads": "1", "memory_limit": "512MB", "temp_directory": "",
        "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
    ]

    private let executor = BlockingExecutor("bourse.footers")
    private var engine = DeferredConnection(settings: settings)

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Those of the files that begin with Parquet's mark.
    func parquet(among files: [StoredObject]) -> [StoredObject] {
        files.filter { file in
            // What cannot be opened is none.
            let head = try? OpenFile.file(file.path).read(4, at: 0)
            return head == Array("PAR1".utf8)
        }
    }

    /// - Returns: Nil for a file without a footer that can be read, such as one that was cut off.
    func footer(of file: StoredObject) throws -> Footer? {
        let connection = try engine.opened()
        let path = file.path.sqlFileLiteral
        do {
            let columns = try connection.query(
                "SELECT * FROM read_parquet(\(path), hive_partitioning = false) LIMIT 0"
            ).columns
            let rows = try connection.rows(
                "SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata(\(path))")
            guard file.isStill(FileIdentity(ofFileAt: file.path)) else { return nil }
            return Footer(rows: Int(rows.first?.first?.int64 ?? 0), columns: columns)
        } catch {
            return nil
        }
    }
}

/// What a Parquet file says of itself.
struct Footer: Sendable {
    var rows: Int
    var columns: [QueryResult.Column]
}
