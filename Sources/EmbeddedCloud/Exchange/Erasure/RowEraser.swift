import DuckDB
import FoundationEssentials

/// Finds rows in Parquet files, and copies files without them.
///
/// The engine blocks, so the actor has a queue of its own.
actor RowEraser {
    /// A table that loses rows.
    struct Table: Sendable {
        var name: String
        /// Where its files lie.
        var folder: S3URL
        /// True of the rows that go.
        var predicate: RowPredicate
        /// The names of the partition keys, whose values are in the keys of the objects.
        var partitions: [String]

        /// Of the partitions, as they are told in this order. A nil inside is a NULL.
        func values(of key: String) -> [String?] {
            let values = HivePartition.values(in: key)
            return partitions.map { values[$0.lowercased()] ?? nil }
        }

        /// The condition for the engine, over files that have those columns.
        ///
        /// - Parameters:
        ///   - columns: In lower case.
        ///   - partition: What stands for the value of the partition of that number.
        func condition(over columns: some Collection<String>, _ partition: (Int) -> String)
            -> String
        {
            predicate.sql { name in
                let name = name.lowercased()
                if let place = partitions.firstIndex(where: { $0.lowercased() == name }) {
                    return partition(place)
                }
                // A table that grows has columns that its older files have not.
                return columns.contains(name) ? "f.\(name.sqlIdentifier)" : "NULL"
            }
        }
    }

    struct File: Sendable {
        /// Absolute.
        var path: String
        var key: String
    }

    private static let settings = [
        "memory_limit": "1GB", "temp_directory": "", "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false", "enable_external_file_cache": "false",
        "preserve_insertion_order": "true",
    ]
    /// Files of one statement.
    private static let batch = 256
    /// The file's own path, and columns beside the file's: no Parquet file of a table has such names.
    private static let path = "\"$path\""

    private let executor = BlockingExecutor("bourse.erasure")
    private var engine = DeferredConnection(settings: settings)

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// How many rows of each file are to go. Nil: it is no Parquet.
    ///
    /// - Throws: ``ErasureFault/unreadable(key:)``.
    func rows(of files: [File], toErase table: Table) throws -> [Int?] {
        var found: [Int?] = Array(repeating: nil, count: files.count)
        var parquet: [Int] = []
        for (place, file) in files.enumerated() where try isParquet(file.path) {
            found[place] = 0
            parquet.append(place)
        }
        for start in stride(from: 0, to: parquet.count, by: Self.batch) {
            let some = Array(parquet[start..<min(start + Self.batch, parquet.count)])
            do {
                for (place, count) in try count(some, of: files, table) { found[place] = count }
            } catch {
                // A batch says that something is wrong, not with which file.
                for place in some {
                    do {
                        for (place, count) in try count([place], of: files, table) {
                            found[place] = count
                        }
                    } catch {
                        // One that has gone meanwhile is nobody's any more.
                        guard try !isParquet(files[place].path) else {
                            throw ErasureFault.unreadable(key: files[place].key)
                        }
                        found[place] = nil
                    }
                }
            }
        }
        return found
    }

    /// Writes what stays of a file into another one.
    ///
    /// - Parameter rows: That are to go.
    /// - Returns: The rows of the new file.
    /// - Throws: ``ErasureFault/miscounted(key:)``.
    func copy(
        _ file: File, without table: Table, losing rows: Int, to path: String
    ) throws -> Int {
        let connection = try engine.opened()
        let columns = try columns(of: [file.path])[Array(file.path.utf8)]?.types ?? [:]
        let values = table.values(of: file.key)
        let goes = table.condition(over: columns.keys) { values[$0]?.sqlLiteral ?? "NULL" }
        try connection.execute(
            """
            COPY (
                SELECT * FROM read_parquet(\(file.path.sqlFileLiteral), hive_partitioning = false) AS f
                WHERE (\(goes)) IS NOT TRUE
            ) TO \(path.sqlLiteral) (FORMAT parquet, COMPRESSION zstd)
            """)
        let (before, after) = (try count(file.path), try count(path))
        guard before - after == rows else { throw ErasureFault.miscounted(key: file.key) }
        return after
    }

    private func count(_ path: String) throws -> Int {
        let rows = try engine.opened().rows(
            "SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata(\(path.sqlFileLiteral))")
        return Int(rows.first?.first?.int64 ?? 0)
    }

    /// By the places of files that have any.
    private func count(
        _ places: [Int], of files: [File], _ table: Table
    ) throws -> [(place: Int, rows: Int)] {
        let schemas = try columns(of: places.map { files[$0].path })
        let groups = Dictionary(grouping: places) {
            schemas[Array(files[$0].path.utf8)]?.types ?? [:]
        }
        var found: [(Int, Int)] = []
        for (columns, places) in groups {
            let sql = Self.question(over: places, of: files, with: columns, table)
            for row in try engine.opened().rows(sql) {
                guard row.count == 2, let place = row[0].int64, let rows = row[1].int64 else {
                    continue
                }
                found.append((Int(place), Int(rows)))
            }
        }
        return found
    }

    /// - Parameter columns: That the files have, in lower case, with their types.
    private static func question(
        over places: [Int], of files: [File], with columns: [String: String], _ table: Table
    ) -> String {
        let rows = places.map { place in
            let values = table.values(of: files[place].key).map {
                $0?.sqlLiteral ?? "NULL::VARCHAR"
            }
            let row = [String(place), files[place].path.sqlLiteral] + values
            return "(\(row.joined(separator: ", ")))"
        }
        let names = ["number", "path"] + table.partitions.indices.map { "\"p\($0)\"" }
        let goes = table.condition(over: columns.keys) { "e.\"p\($0)\"" }
        let paths = places.map { files[$0].path.sqlFileLiteral }.joined(separator: ", ")
        return """
            SELECT e.number::BIGINT, count(*)
            FROM read_parquet([\(paths)], hive_partitioning = false, filename = '$path') AS f
            JOIN (VALUES \(rows.joined(separator: ", "))) AS e(\(names.joined(separator: ", ")))
                ON f.\(path) = e.path
            WHERE \(goes) GROUP BY e.number
            """
    }

    /// By the bytes of the paths: to Swift, two spellings of a letter are the same text.
    private func columns(of paths: [String]) throws -> [[UInt8]: ParquetSchema] {
        var found: [[UInt8]: ParquetSchema] = [:]
        for row in try engine.opened().rows(ParquetSchemas.question(paths[...])) {
            guard row.count == 2, let path = row[0].text, let text = row[1].text else { continue }
            found[Array(path.utf8)] = ParquetSchema(
                try JSONDecoder().decode([[String?]].self, from: Data(text.utf8)))
        }
        return found
    }

    /// Whether the file has Parquet's mark. One that is gone is nobody's any more.
    private func isParquet(_ path: String) throws -> Bool {
        do {
            return try OpenFile.file(path).read(4, at: 0) == Array("PAR1".utf8)
        } catch {
            guard error.isAbsence else { throw error }
            return false
        }
    }
}

/// Why an erasure cannot go on. Keys are the provider's own, and may be shown to it.
enum ErasureFault: Error {
    /// It has Parquet's mark, and cannot be read.
    case unreadable(key: String)
    /// A file that was written has other rows than it should: a bug, or a disk that fails.
    case miscounted(key: String)
    /// More objects hold rows than one erasure lists.
    case tooMany
    case noSpace

    var message: String {
        switch self {
        case .unreadable(let key):
            "\(key) begins as Parquet, but cannot be read as such; replace or delete it, and start again."
        case .miscounted(let key):
            "\(key) was not rewritten, since the copy had other rows than were counted; start again."
        case .noSpace:
            "There is no room on the disk for a copy without the rows; make some, and start again."
        case .tooMany:
            "More than \(ErasureRunner.objectsMax) objects hold such rows; erase fewer at a time."
        }
    }
}
