import DuckDB

/// Something that is true of every row that a reader wants, so that files without such rows are not read.
///
/// It only ever leaves out files of which the manifest proves that no row passes; the reader still filters.
struct PrunePredicate: Hashable, Sendable {
    enum Place: Sendable {
        /// A partition column: its value stands in the key.
        case path
        /// A column of the file itself.
        case file
    }

    enum Test: Hashable, Sendable {
        case among([String])
        /// Both inclusive; nil is unbounded.
        case range(low: String?, high: String?)
    }

    var column: String
    var place: Place
    var kind: PruneKind
    /// Constants in the engine's spelling: `2024-02-18`.
    var test: Test

    /// Constants beyond which a list is not looked at.
    static let constantsMax = 256

    /// True of the rows of a manifest that may hold a wanted row. Nil: the manifest says nothing of it.
    ///
    /// Whatever is unknown, or does not convert, is NULL and counts as true.
    func condition(columns: Set<String>) -> String? {
        let name = column.lowercased()
        let low: String
        let high: String
        switch place {
        case .path:
            low = ManifestColumn.partition(name)
            high = low
        case .file:
            low = ManifestColumn.low(kind, name)
            high = ManifestColumn.high(kind, name)
        }
        guard columns.contains(low), columns.contains(high) else { return nil }
        switch test {
        case .among(let constants):
            guard constants.count <= Self.constantsMax else { return nil }
            let each = constants.map {
                "(\(typed(low)) <= \($0.typed(kind)) AND \(typed(high)) >= \($0.typed(kind)))"
            }
            return each.isEmpty ? "false" : "coalesce(\(each.joined(separator: " OR ")), true)"
        case .range(let first, let last):
            let ends = [
                first.map { "\(typed(high)) >= \($0.typed(kind))" },
                last.map { "\(typed(low)) <= \($0.typed(kind))" },
            ].compactMap(\.self)
            return ends.isEmpty ? nil : "coalesce(\(ends.joined(separator: " AND ")), true)"
        }
    }

    private func typed(_ column: String) -> String {
        "try_cast(\(column.sqlIdentifier) AS \(kind.sqlType))"
    }
}

extension String {
    fileprivate func typed(_ kind: PruneKind) -> String {
        "try_cast(\(sqlLiteral) AS \(kind.sqlType))"
    }
}
