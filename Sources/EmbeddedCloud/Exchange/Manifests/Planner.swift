import AWSAPI
package import DuckDB
package import FoundationEssentials

/// Answers which files of a revision a reader needs, from manifests that it keeps in memory.
package actor Planner {
    /// Rows of all manifests in memory together; some 250 bytes each. The one used longest ago leaves
    /// first, and a manifest with more rows than this is read from its file each time.
    package static let rowsMax = 5_000_000

    private struct Hot {
        var table: String
        var rows: Int
        var columns: ManifestColumns
        var lastUse: Int
    }

    private let executor = BlockingExecutor("bourse.planner")
    private var engine: DeferredConnection
    private let rowsMax: Int
    private var hot: [ExchangeID: Hot] = [:]
    /// Few files of a manifest in memory, by manifest and question: what is asked again and again.
    private let recent = RecentValues<Question, [PinnedFile]>(
        weightMax: recentBytesMax, entryWeightMax: recentEntryBytesMax)

    private struct Question: Hashable {
        var revision: ExchangeID
        /// Bytes: to Swift, two spellings of a letter are the same text.
        var conditions: [UInt8]
    }

    /// Bytes that are remembered, of all questions and of one: their own, and those of the files found.
    private static let recentBytesMax = 16 << 20
    private static let recentEntryBytesMax = 512 << 10
    private static let recentFileBytes = 600
    private var uses = 0
    /// How often a manifest was read from its file.
    private(set) var loads = 0

    package init(engine: DeferredConnection, rowsMax: Int = Planner.rowsMax) {
        self.engine = engine
        self.rowsMax = rowsMax
    }

    var connection: Connection { get throws { try engine.opened() } }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    package func files(
        in manifest: URL, of revision: ExchangeID, bucket: String, prefix: String,
        where predicates: [PrunePredicate]
    ) throws -> [PinnedFile] {
        let (table, columns) = try table(of: revision, in: manifest)
        let conditions = Self.conditions(
            bucket: bucket, prefix: prefix, where: predicates, columns: columns)
        return try files(of: revision, in: table, where: conditions)
    }

    func allFiles(in manifest: URL, of revision: ExchangeID) throws -> [PinnedFile] {
        try pinned(try table(of: revision, in: manifest).0)
    }

    /// The object of that key. Nil: the revision has none.
    func file(
        _ key: String, in manifest: URL, of revision: ExchangeID, bucket: String
    ) throws -> PinnedFile? {
        let (table, _) = try table(of: revision, in: manifest)
        return try files(
            of: revision, in: table,
            where: "bucket = \(bucket.sqlLiteral) AND key = \(key.sqlLiteral)"
        ).first
    }

    private func files(
        of revision: ExchangeID, in table: String, where conditions: String
    ) throws -> [PinnedFile] {
        let question = Question(revision: revision, conditions: Array(conditions.utf8))
        return try recent.value(
            of: question,
            weighing: { question.conditions.count + ($0.count + 1) * Self.recentFileBytes }
        ) {
            // In the order of the keys, as the manifest was written and its rows stand in memory: see
            // `Manifests.engineSettings`.
            try pinned("\(table) WHERE \(conditions)")
        }
    }

    /// - Parameter source: What stands after FROM.
    func pinned(_ source: String) throws -> [PinnedFile] {
        let result = try connection.query("SELECT \(Self.wanted) FROM \(source)")
        var files: [PinnedFile] = []
        while let chunk = try result.nextChunk() {
            let columns = chunk.vectors
            for row in 0..<chunk.count { files.append(PinnedFile(columns, row)) }
        }
        return files
    }

    /// Of the rows of a manifest that has those columns.
    static func conditions(
        bucket: String, prefix: String, where predicates: [PrunePredicate], columns: ManifestColumns
    ) -> String {
        let conditions =
            ["bucket = \(bucket.sqlLiteral)"]
            + (prefix.isEmpty ? [] : ["starts_with(key, \(prefix.sqlLiteral))"])
            + predicates.compactMap { $0.condition(columns: columns) }
        return conditions.joined(separator: " AND ")
    }

    func forget(_ revision: ExchangeID) throws {
        recent.forget()
        guard let table = hot.removeValue(forKey: revision)?.table else { return }
        try connection.execute("DROP TABLE \(table)")
    }

    /// What to select from, and its columns.
    func table(
        of revision: ExchangeID, in manifest: URL
    ) throws -> (String, ManifestColumns) {
        uses += 1
        if var known = hot[revision] {
            known.lastUse = uses
            hot[revision] = known
            return (known.table, known.columns)
        }
        loads += 1
        let source =
            "read_parquet(\(manifest.localPath.sqlFileLiteral), hive_partitioning = false)"
        let names = Set(
            try connection.query("SELECT * FROM \(source) LIMIT 0").columns.map(\.name))
        let counted = try connection.rows("SELECT count(*) FROM \(source)").first?.first?.int64
        let rows = Int(counted ?? 0)
        guard rows <= rowsMax else { return (source, ManifestColumns(names: names)) }
        try makeRoom(for: rows)
        let table = "manifest_\(revision)"
        let typed = try typedColumns(names, of: source)
        let bounds = names.compactMap { name in
            ManifestColumn.boundKind(of: name).map {
                "try_cast(\(name.sqlIdentifier) AS \($0.sqlType)) AS \(name.sqlIdentifier)"
            }
        }
        let list =
            [bounds.isEmpty ? "*" : "* REPLACE (\(bounds.joined(separator: ", ")))"]
            + typed.map { "\($0.value) AS \($0.key.sqlIdentifier)" }
        try connection.execute(
            "CREATE TABLE \(table) AS SELECT \(list.joined(separator: ", ")) FROM \(source)")
        let columns = ManifestColumns(
            names: names.union(typed.keys),
            complete: try complete(names.union(typed.keys), of: table))
        hot[revision] = Hot(table: table, rows: rows, columns: columns, lastUse: uses)
        return (table, columns)
    }

    /// The values of partitions as they are compared, as far as they all convert: what a cast says, the
    /// engine has to ask of every row.
    private func typedColumns(
        _ names: Set<String>, of source: String
    ) throws -> [String: String] {
        var typed: [String: String] = [:]
        for name in names.compactMap(ManifestColumn.partitionName(of:)) {
            let value = ManifestColumn.partition(name).sqlIdentifier
            for kind in [PruneKind.integer, .date] {
                let cast = "try_cast(\(value) AS \(kind.sqlType))"
                let converts = try connection.rows(
                    "SELECT count(\(cast)) = count(*) FROM \(source)"
                ).first?.first?.boolean
                if converts == true { typed[ManifestColumn.partition(kind, name)] = cast }
            }
        }
        return typed
    }

    private func complete(_ names: Set<String>, of table: String) throws -> Set<String> {
        let names = names.sorted()
        let counts = names.map { "count(\($0.sqlIdentifier)) = count(*)" }
        let row =
            try connection.rows(
                "SELECT \(counts.joined(separator: ", ")) FROM \(table)"
            ).first ?? []
        return Set(zip(names, row).filter { $1.boolean == true }.map(\.0))
    }

    private func makeRoom(for rows: Int) throws {
        while rows + hot.values.reduce(0, { $0 + $1.rows }) > rowsMax,
            let oldest = hot.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            try forget(oldest.key)
        }
    }

    private static let wanted = ManifestColumn.ofFiles.joined(separator: ", ")
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
