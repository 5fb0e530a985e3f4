import DuckDB
import FoundationEssentials

/// What a manifest says of the files under a prefix without a look into them: a group for each combination of
/// the partitions' values.
struct ManifestTally: Sendable {
    struct Group: Sendable {
        /// In the order of the columns asked for. Nil: Hive's null.
        var partitions: [String?]
        var rows: Int
        /// In the order of the bounds asked for, in the engine's spelling.
        var lows: [String]
        var highs: [String]
    }

    /// A column of the files, and how its values are compared.
    struct Bound: Hashable, Sendable {
        var column: String
        var kind: PruneKind
    }

    /// Groups beyond which the files themselves are read.
    static let groupsMax = 10_000

    var groups: [Group]
}

extension Planner {
    /// Counts the rows of the files that may hold a wanted one, and finds the extremes of columns in them.
    ///
    /// - Parameters:
    ///   - partitions: Columns that the keys give. All of them have to.
    ///   - bounds: Whose footers' bounds are exact: not text, which writers shorten.
    /// - Returns: Nil where the manifest does not say it of every file.
    func tally(
        in manifest: URL, of revision: ExchangeID, bucket: String, prefix: String,
        where predicates: [PrunePredicate], by partitions: [String], bounds: [ManifestTally.Bound]
    ) throws -> ManifestTally? {
        let (table, columns) = try table(of: revision, in: manifest)
        let keys = partitions.map(ManifestColumn.partition)
        let ends = bounds.map {
            (
                low: ManifestColumn.low($0.kind, $0.column),
                high: ManifestColumn.high($0.kind, $0.column)
            )
        }
        guard columns.names.isSuperset(of: keys),
            columns.names.isSuperset(of: ends.flatMap { [$0.low, $0.high] })
        else { return nil }
        let known = ends.flatMap { [$0.low, $0.high] }.map { "\($0.sqlIdentifier) IS NOT NULL" }
        let isKnown = (["rowCount IS NOT NULL"] + known).joined(separator: " AND ")
        func extremes(_ function: String, _ end: (ManifestTally.Bound) -> String) -> [String] {
            bounds.map {
                "\(function)(try_cast(\(end($0).sqlIdentifier) AS \($0.kind.sqlType)))::VARCHAR"
            }
        }
        let list =
            ["sum(rowCount)::BIGINT", "coalesce(bool_and(\(isKnown)), true)"]
            + keys.map(\.sqlIdentifier)
            + extremes("min") { ManifestColumn.low($0.kind, $0.column) }
            + extremes("max") { ManifestColumn.high($0.kind, $0.column) }
        let conditions = Self.conditions(
            bucket: bucket, prefix: prefix, where: predicates, columns: columns)
        let rows = try connection.rows(
            """
            SELECT \(list.joined(separator: ", ")) FROM \(table)
            WHERE \(conditions) AND \(Self.isData) AND rowCount IS DISTINCT FROM 0
            \(keys.isEmpty ? "" : "GROUP BY ALL") LIMIT \(ManifestTally.groupsMax + 1)
            """)
        guard rows.count <= ManifestTally.groupsMax else { return nil }
        var found: [ManifestTally.Group] = []
        for row in rows {
            guard row[1].boolean == true else { return nil }
            // Without partitions there is always a row, also of no files.
            guard let count = row[0].int64 else { continue }
            let values = row[2...].map(\.text)
            let extremes = values.dropFirst(keys.count).compactMap(\.self)
            guard extremes.count == 2 * bounds.count else { return nil }
            found.append(
                ManifestTally.Group(
                    partitions: Array(values.prefix(keys.count)), rows: Int(count),
                    lows: Array(extremes.prefix(bounds.count)),
                    highs: Array(extremes.suffix(bounds.count))))
        }
        return ManifestTally(groups: found)
    }

    /// Whether an object is data of a table: what begins with a dot or an underscore is not, nor what is empty.
    static let isData = "size > 0 AND NOT regexp_matches(key, '(^|/)[._][^/]*$')"
}
