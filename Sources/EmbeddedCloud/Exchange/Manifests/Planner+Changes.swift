import DuckDB
import FoundationEssentials

/// What one manifest has that another one has not.
struct ManifestChanges: Sendable {
    var added = 0
    var changed = 0
    var removed = 0
    /// `fund_id VARCHAR`
    var columnsAdded: [String] = []
    var columnsRemoved: [String] = []
}

extension Planner {
    /// Files whose footers are read for it, each of another schema.
    private static let schemasMax = 100

    /// - Parameter earlier: Nil: everything is new.
    func changes(
        in manifest: URL, of revision: ExchangeID, since earlier: (id: ExchangeID, manifest: URL)?
    ) throws -> ManifestChanges {
        let (new, _) = try table(of: revision, in: manifest)
        var changes = ManifestChanges()
        guard let earlier else {
            changes.added = try count("SELECT count(*) FROM \(new)")
            changes.columnsAdded = try columns(of: new).sorted()
            return changes
        }
        let (old, _) = try table(of: earlier.id, in: earlier.manifest)
        let row = try connection.rows(
            """
            SELECT count(*) FILTER (WHERE old.etag IS NULL),
                count(*) FILTER (WHERE new.etag IS NULL),
                -- A pin is a further name of a linked file, which changes its ETag and not its bytes.
                count(*) FILTER (WHERE new.etag <> old.etag AND NOT (
                    (new.device, new.inode, new.size, new.modified)
                    = (old.device, old.inode, old.size, old.modified)))
            FROM \(new) AS new FULL JOIN \(old) AS old USING (bucket, key)
            """
        ).first
        let counts = (row ?? []).map { Int($0.int64 ?? 0) }
        guard counts.count == 3 else { return changes }
        (changes.added, changes.removed, changes.changed) = (counts[0], counts[1], counts[2])
        let (after, before) = (try columns(of: new), try columns(of: old))
        changes.columnsAdded = after.subtracting(before).sorted()
        changes.columnsRemoved = before.subtracting(after).sorted()
        return changes
    }

    private func count(_ sql: String) throws -> Int {
        Int(try connection.rows(sql).first?.first?.int64 ?? 0)
    }

    /// Those that Parquet files under a prefix have, each once.
    func schemas(
        in manifest: URL, of revision: ExchangeID, bucket: String, prefix: String
    ) throws -> [ParquetSchema] {
        let (table, columns) = try table(of: revision, in: manifest)
        return try schemas(
            "\(table) WHERE "
                + Self.conditions(bucket: bucket, prefix: prefix, where: [], columns: columns)
                + " AND \(Self.isData)")
    }

    /// The columns of a manifest's Parquet files, with their types.
    private func columns(of table: String) throws -> Set<String> {
        let schemas = try schemas("\(table) WHERE true")
        return Set(schemas.flatMap { $0.types.map { "\($0.key) \($0.value)" } })
    }

    private func schemas(_ source: String) throws -> [ParquetSchema] {
        let paths = try connection.rows(
            """
            SELECT any_value(path) FROM \(source) AND schema IS NOT NULL
            GROUP BY schema LIMIT \(Self.schemasMax)
            """
        ).compactMap { $0.first?.text }
        guard !paths.isEmpty else { return [] }
        return try connection.rows(ParquetSchemas.question(paths[...])).compactMap { row in
            guard row.count == 2, let text = row[1].text else { return nil }
            return ParquetSchema(
                try JSONDecoder().decode([[String?]].self, from: Data(text.utf8)))
        }
    }
}
