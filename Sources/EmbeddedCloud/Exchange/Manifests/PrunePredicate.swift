import DuckDB

/// Something that is true of every row that a reader wants, so that files without such rows are not read.
///
/// It only ever leaves out files of which the manifest proves that no row passes; the reader still filters.
package struct PrunePredicate: Hashable, Sendable {
    package enum Place: Sendable {
        /// A partition column: its value stands in the key.
        case path
        /// A column of the file itself.
        case file
    }

    package enum Test: Hashable, Sendable {
        case among([String])
        /// Both inclusive; nil is unbounded.
        case range(low: String?, high: String?)
    }

    var column: String
    var place: Place
    var kind: PruneKind
    /// Constants in the engine's spelling: `2024-02-18`.
    var test: Test

    package init(column: String, place: Place, kind: PruneKind, test: Test) {
        self.column = column
        self.place = place
        self.kind = kind
        self.test = test
    }

    /// Constants beyond which a list is not looked at, of values and of bounds.
    static let constantsMax = 4_096
    static let boundedConstantsMax = 256

    /// True of the rows of a manifest that may hold a wanted row. Nil: the manifest says nothing of it.
    ///
    /// Whatever is unknown, or does not convert, is NULL and counts as true.
    func condition(columns: ManifestColumns) -> String? {
        let name = column.lowercased()
        let low: String
        let high: String
        switch place {
        case .path:
            let typed = ManifestColumn.partition(kind, name)
            low = columns.names.contains(typed) ? typed : ManifestColumn.partition(name)
            high = low
        case .file:
            low = ManifestColumn.low(kind, name)
            high = ManifestColumn.high(kind, name)
        }
        guard columns.names.isSuperset(of: [low, high]) else { return nil }
        let constants: [String]
        let condition: String
        switch test {
        case .among(let some):
            guard !some.isEmpty else { return "false" }
            guard some.count <= (low == high ? Self.constantsMax : Self.boundedConstantsMax) else {
                return nil
            }
            constants = some
            condition =
                low == high
                ? "\(typed(low)) IN (\(some.map { $0.typed(kind) }.joined(separator: ", ")))"
                : some.map {
                    "(\(typed(low)) <= \($0.typed(kind)) AND \(typed(high)) >= \($0.typed(kind)))"
                }.joined(separator: " OR ")
        case .range(let first, let last):
            let ends = [
                first.map { "\(typed(high)) >= \($0.typed(kind))" },
                last.map { "\(typed(low)) <= \($0.typed(kind))" },
            ].compactMap(\.self)
            guard !ends.isEmpty else { return nil }
            constants = [first, last].compactMap(\.self)
            condition = ends.joined(separator: " AND ")
        }
        let isKnown =
            columns.complete.isSuperset(of: [low, high])
            && constants.allSatisfy(kind.surelyConverts)
        return isKnown ? "(\(condition))" : "coalesce(\(condition), true)"
    }

    private func typed(_ column: String) -> String {
        "try_cast(\(column.sqlIdentifier) AS \(kind.sqlType))"
    }
}

extension PruneKind {
    fileprivate func surelyConverts(_ constant: String) -> Bool {
        switch self {
        case .text: true
        case .integer: Int(constant) != nil
        case .date: CalendarDate(constant) != nil
        case .timestamp: false
        }
    }
}

extension String {
    fileprivate func typed(_ kind: PruneKind) -> String {
        kind == .text ? sqlLiteral : "try_cast(\(sqlLiteral) AS \(kind.sqlType))"
    }
}
