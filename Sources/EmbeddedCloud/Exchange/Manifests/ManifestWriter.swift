import DuckDB
import FoundationEssentials
import Glibc

/// Pins files, reads their footers and writes the manifest, one revision at a time.
actor ManifestWriter {
    private let executor = BlockingExecutor("bourse.manifests")
    private var engine: DeferredConnection
    private let checkpointFiles: Int

    /// Files whose footers are read until it is written down how far that is.
    static let checkpointFilesDefault = 20_000

    /// Columns by which pruning is worth its space: the partitions, and the first of the file's own.
    private static let partitionNamesMax = 32
    private static let boundNamesMax = 128

    init(engine: DeferredConnection, checkpointFiles: Int = checkpointFilesDefault) {
        self.engine = engine
        self.checkpointFiles = checkpointFiles
    }

    private var connection: Connection { get throws { try engine.opened() } }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - objects: Each (bucket, key) once.
    ///   - earlier: Manifests that know of some of the files already.
    ///   - checkpoint: A manifest of those files that were read, for an attempt after this one.
    ///   - tell: Is told of how many further files everything is known.
    func write(
        _ objects: [StoredObject], to file: URL, after earlier: [URL], checkpoint: URL,
        pinning folder: URL, telling tell: @Sendable (Int) -> Void
    ) throws -> ManifestSummary {
        var pins = try Pins(making: folder)
        let files = try objects.map { PinnedFile($0, try pins.pin($0)) }
        try pins.sync()
        try connection.execute(Self.tables)
        defer { try? connection.execute(Self.dropTables) }
        try append(files)
        let footers = KnownFooters(connection: try connection)
        for manifest in earlier { try footers.take(from: manifest) }
        let known = try footers.examined()
        tell(known.count)
        var rest = files.indices.filter { !known.contains($0) }[...]
        while !rest.isEmpty {
            let some = rest.prefix(checkpointFiles)
            rest = rest.dropFirst(some.count)
            try ParquetFooters(connection: connection).read(
                some.map { files[$0] }, telling: tell)
            try connection.append(to: "examined") { rows in
                for number in some { try rows.row([.integer(Int64(number))]) }
            }
            if !rest.isEmpty { try put(try manifest(), in: checkpoint) }
        }
        for file in files where !file.isUnchanged() {
            throw ManifestFault.changed(key: file.key)
        }
        let counted = try connection.rows("SELECT sum(rowCount)::BIGINT FROM footer")
        try put(try manifest(), in: file)
        return ManifestSummary(
            objectCount: files.count, bytes: files.reduce(0) { $0 + $1.size },
            rowCount: Int(counted.first?.first?.int64 ?? 0),
            guarantee: files.map(\.guarantee).min() ?? .version)
    }

    /// Takes the least and greatest values out of a manifest, which are values of rows. If there is no
    /// manifest, there is nothing to do.
    func dropBounds(of file: URL) throws {
        guard FileManager.default.fileExists(atPath: file.localPath) else { return }
        let source =
            "FROM read_parquet(\(file.localPath.sqlFileLiteral), hive_partitioning = false)"
        let known = try connection.query("SELECT * \(source) LIMIT 0").columns.map(\.name)
        guard known.contains(where: { ManifestColumn.boundKind(of: $0) != nil }) else { return }
        try put("SELECT \(ManifestColumn.ofFiles.joined(separator: ", ")) \(source)", in: file)
    }

    /// Makes the rows the file: whole, or not at all.
    private func put(_ rows: String, in file: URL) throws {
        let unfinished = file.localPath + ".new"
        try connection.execute(
            "COPY (\(rows)) TO \(unfinished.sqlLiteral) (FORMAT parquet, COMPRESSION zstd)")
        try OpenFile.file(unfinished).sync()
        try systemCall("rename") { Int(rename(unfinished, file.localPath)) }
        try OpenFile.directory(file.deletingLastPathComponent().localPath).sync()
    }

    private func append(_ files: [PinnedFile]) throws {
        try connection.append(to: "pinned") { rows in
            for (number, file) in files.enumerated() {
                try rows.row(
                    [
                        .integer(Int64(number)), .text(file.bucket), .text(file.key),
                        file.versionID.map(Parameter.text) ?? .null, .text(file.etag),
                        .text(file.path), .text(file.guarantee.rawValue),
                        .integer(Int64(bitPattern: file.identity.device)),
                        .integer(Int64(bitPattern: file.identity.inode)),
                        .integer(Int64(file.identity.size)),
                        .integer(Int64(file.identity.modified)),
                        .integer(Int64(file.identity.changed)),
                    ])
            }
        }
        try connection.append(to: "partitionValue") { rows in
            for (number, file) in files.enumerated() {
                for partition in file.partitions {
                    guard let value = partition.value else { continue }
                    try rows.row([.integer(Int64(number)), .text(partition.name), .text(value)])
                }
            }
        }
    }

    /// One row a file that is examined, and a column for everything that planning may prune by.
    private func manifest() throws -> String {
        let partitions = try connection.rows(
            """
            SELECT DISTINCT name FROM partitionValue ORDER BY name LIMIT \(Self.partitionNamesMax)
            """
        ).compactMap { $0[0].text }
        let bounds = try connection.rows(
            "SELECT DISTINCT kind, name FROM bound ORDER BY name, kind LIMIT \(Self.boundNamesMax)"
        ).compactMap { row -> (PruneKind, String)? in
            guard let kind = row[0].text.flatMap(PruneKind.init(rawValue:)), let name = row[1].text
            else { return nil }
            return (kind, name)
        }
        let partitionColumns = partitions.map { name in
            "max(value) FILTER (name = \(name.sqlLiteral)) AS "
                + ManifestColumn.partition(name).sqlIdentifier
        }
        let boundColumns = bounds.flatMap { kind, name in
            [("low", ManifestColumn.low(kind, name)), ("high", ManifestColumn.high(kind, name))].map
            {
                "max(\($0)) FILTER (kind = '\(kind.rawValue)' AND name = \(name.sqlLiteral)) AS "
                    + $1.sqlIdentifier
            }
        }
        return """
            SELECT * EXCLUDE (number) FROM pinned
            LEFT JOIN footer USING (path)
            LEFT JOIN (
                SELECT \((["number"] + partitionColumns).joined(separator: ", "))
                FROM partitionValue GROUP BY number
            ) USING (number)
            LEFT JOIN (
                SELECT \((["path"] + boundColumns).joined(separator: ", "))
                FROM bound GROUP BY path
            ) USING (path)
            WHERE number IN (SELECT number FROM examined)
            ORDER BY bucket, key
            """
    }

    // Not temporary: several connections fill them, and the instance is in memory.
    private static let tables = """
        \(dropTables)
        CREATE TABLE pinned (
            number BIGINT,
            \(ManifestColumn.fixed.map { "\($0) \($1)" }.joined(separator: ", ")));
        CREATE TABLE partitionValue (number BIGINT, name VARCHAR, value VARCHAR);
        CREATE TABLE examined (number BIGINT);
        CREATE TABLE footer (path VARCHAR, rowCount BIGINT, schema VARCHAR);
        CREATE TABLE bound (
            path VARCHAR, kind VARCHAR, name VARCHAR, low VARCHAR, high VARCHAR);
        """
    private static let dropTables = """
        DROP TABLE IF EXISTS pinned; DROP TABLE IF EXISTS examined; DROP TABLE IF EXISTS partitionValue;
        DROP TABLE IF EXISTS footer; DROP TABLE IF EXISTS bound;
        """
}

extension PinnedFile {
    fileprivate init(_ object: StoredObject, _ pin: Pins.Pin) {
        self.init(
            bucket: object.bucket, key: object.key, path: pin.path, identity: pin.identity,
            guarantee: pin.guarantee, etag: object.etag, versionID: object.versionID)
    }
}
