import DuckDB
import FoundationEssentials

/// Answers which files of a revision a reader needs, from manifests that it keeps in memory.
actor Planner {
    /// Rows of all manifests in memory together; some 200 bytes each. The one used longest ago leaves
    /// first, and a manifest with more rows than this is read from its file each time.
    static let rowsMax = 2_000_000

    private struct Hot {
        var table: String
        var rows: Int
        var columns: Set<String>
        var lastUse: Int
    }

    private let executor = BlockingExecutor("bourse.planner")
    private var engine: DeferredConnection
    private let rowsMax: Int
    private var hot: [ExchangeID: Hot] = [:]
    private var uses = 0
    /// How often a manifest was read from its file.
    private(set) var loads = 0

    init(engine: DeferredConnection, rowsMax: Int = Planner.rowsMax) {
        self.engine = engine
        self.rowsMax = rowsMax
    }

    var connection: Connection { get throws { try engine.opened() } }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func files(
        in manifest: URL, of revision: ExchangeID, bucket: String, prefix: String,
        where predicates: [PrunePredicate]
    ) throws -> [PinnedFile] {
        let (table, columns) = try table(of: revision, in: manifest)
        let conditions = Self.conditions(
            bucket: bucket, prefix: prefix, where: predicates, columns: columns)
        let result = try connection.query(
            """
            SELECT \(Self.wanted) FROM \(table)
            WHERE \(conditions) ORDER BY key
            """)
        var files: [PinnedFile] = []
        while let chunk = try result.nextChunk() {
            let columns = chunk.vectors
            for row in 0..<chunk.count { files.append(PinnedFile(columns, row)) }
        }
        return files
    }

    /// Of the rows of a manifest that has those columns.
    static func conditions(
        bucket: String, prefix: String, where predicates: [PrunePredicate], columns: Set<String>
    ) -> String {
        let conditions =
            ["bucket = \(bucket.sqlLiteral)"]
            + (prefix.isEmpty ? [] : ["starts_with(key, \(prefix.sqlLiteral))"])
            + predicates.compactMap { $0.condition(columns: columns) }
        return conditions.joined(separator: " AND ")
    }

    func forget(_ revision: ExchangeID) throws {
        guard let table = hot.removeValue(forKey: revision)?.table else { return }
        try connection.execute("DROP TABLE \(table)")
    }

    /// What to select from, and its columns.
    func table(
        of revision: ExchangeID, in manifest: URL
    ) throws -> (String, Set<String>) {
        uses += 1
        if var known = hot[revision] {
            known.lastUse = uses
            hot[revision] = known
            return (known.table, known.columns)
        }
        loads += 1
        let source =
            "read_parquet(\(manifest.localPath.sqlFileLiteral), hive_partitioning = false)"
        let columns = Set(
            try connection.query("SELECT * FROM \(source) LIMIT 0").columns.map(\.name))
        let counted = try connection.rows("SELECT count(*) FROM \(source)").first?.first?.int64
        let rows = Int(counted ?? 0)
        guard rows <= rowsMax else { return (source, columns) }
        try makeRoom(for: rows)
        let table = "manifest_\(revision)"
        try connection.execute("CREATE TABLE \(table) AS FROM \(source)")
        hot[revision] = Hot(table: table, rows: rows, columns: columns, lastUse: uses)
        return (table, columns)
    }

    private func makeRoom(for rows: Int) throws {
        while rows + hot.values.reduce(0, { $0 + $1.rows }) > rowsMax,
            let oldest = hot.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            try forget(oldest.key)
        }
    }

    private static let wanted =
        (ManifestColumn.fixed.map(\.0) + ["rowCount", "schema"]).joined(separator: ", ")
}

extension PinnedFile {
    /// - Parameter columns: As `Planner.wanted` names them.
    fileprivate init(_ columns: [Vector], _ row: Int) {
        func optional(_ column: Int) -> String? {
            columns[column].isNull(row) ? nil : columns[column].text(row)
        }
        func number(_ column: Int) -> Int { Int(columns[column].integer(row)) }
        self.init(
            bucket: columns[0].text(row), key: columns[1].text(row), path: columns[4].text(row),
            identity: FileIdentity(
                device: UInt64(bitPattern: columns[6].integer(row)),
                inode: UInt64(bitPattern: columns[7].integer(row)), size: number(8),
                modified: number(9), changed: number(10)),
            // What no case is known for is trusted least.
            guarantee: PinGuarantee(rawValue: columns[5].text(row)) ?? .detection,
            etag: columns[3].text(row), versionID: optional(2),
            rowCount: columns[11].isNull(row) ? nil : number(11), schema: optional(12))
    }
}
