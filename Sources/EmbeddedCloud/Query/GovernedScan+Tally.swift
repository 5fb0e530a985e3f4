import AWSAPI
import DuckDB

/// A table whose manifest answers in the place of its files.
extension GovernedScan {
    /// What the manifest has to know of the files, so that it can say what the SELECT asks. Nil where the files
    /// have to be read.
    ///
    /// Only where no row and no cell is hidden: a manifest knows of no filter.
    func bounds(for tally: Tally) -> [ManifestTally.Bound]? {
        let own = columns.filter { !$0.isPartition }
        guard hidesNothing, tally.leaves(own.map(\.name)) else { return nil }
        var bounds: [ManifestTally.Bound] = []
        for column in own where tally.extremes.contains(column.name) {
            // Writers shorten the bounds of texts.
            guard let kind = column.pruneKind, kind != .text else { return nil }
            bounds.append(ManifestTally.Bound(column: column.name, kind: kind))
        }
        return bounds
    }

    /// The name of the column that says for how many rows each stands.
    var countColumn: String {
        var name = "rows in the manifest"
        while columns.contains(where: { $0.name == name }) { name += "_" }
        return name
    }

    /// The table expression: a group's least values in one row, which counts for all of its rows, and its
    /// greatest in another, which counts for none. Other columns are there, for names to be found as ever.
    func sql(of tally: ManifestTally, bounds: [ManifestTally.Bound]) -> String {
        let partitions = columns.filter(\.isPartition)
        let names =
            ["n"] + partitions.indices.map { "p\($0)" } + bounds.indices.map { "b\($0)" }
        let rows = tally.groups.flatMap { group in
            let keys = group.partitions.map { $0?.sqlLiteral ?? "NULL" }
            return [(group.rows, group.lows), (0, group.highs)]
                .prefix(group.lows == group.highs ? 1 : 2)
                .map { count, ends in
                    "(\(([String(count)] + keys + ends.map(\.sqlLiteral)).joined(separator: ", ")))"
                }
        }
        let list = access.columns.compactMap { granted in
            columns.first { $0.name == granted.name }
        }.map { column in
            let value =
                partitions.firstIndex { $0.name == column.name }.map { "p\($0)" }
                ?? bounds.firstIndex { $0.column == column.name }.map { "b\($0)" } ?? "NULL"
            return "CAST(\(value) AS \(column.type)) AS \(column.name.sqlIdentifier)"
        }
        let nothing = "(\(names.map { _ in "NULL" }.joined(separator: ", ")))"
        return """
            (SELECT \(list.joined(separator: ", ")), CAST(n AS BIGINT) AS \(countColumn.sqlIdentifier)
            FROM (VALUES \(rows.isEmpty ? nothing : rows.joined(separator: ", "))) \
            AS manifest(\(names.joined(separator: ", ")))\(rows.isEmpty ? " WHERE false" : ""))
            """
    }
}
