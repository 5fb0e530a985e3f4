/// What one principal may see of one table: the union of its grants.
///
/// Source: Lake Formation Developer Guide, "Data filters in Lake Formation".
struct TableAccess: Equatable, Sendable {
    /// The columns it may name, in the table's order.
    var columns: [ColumnAccess]
    /// The rows that are there at all. Nil: every row.
    var rows: RowPredicate?

    /// Every row of every column.
    static func whole(_ columns: [String]) -> TableAccess {
        TableAccess(columns: columns.map { ColumnAccess(name: $0, visible: nil) }, rows: nil)
    }

    /// Whether nothing is hidden of those columns.
    func isWhole(_ columns: [String]) -> Bool { self == .whole(columns) }
}

struct ColumnAccess: Equatable, Sendable {
    var name: String
    /// The visible rows in which the column shows its value; in the others it is NULL. Nil: in all
    /// of them.
    var visible: RowPredicate?
}

/// One grant of SELECT on a part of a table: these columns in those rows.
struct SelectGrant: Equatable, Sendable {
    var columns: ColumnSelection
    /// Nil: every row.
    var rows: RowPredicate?
}

/// What a grant shows of a table's data.
enum GrantedData: Equatable, Sendable {
    case none, all
    case part(SelectGrant)
}

/// Some of a table's columns. Names in lower case: case does not count.
enum ColumnSelection: Hashable, Sendable {
    case only(Set<String>)
    case except(Set<String>)

    static let all = ColumnSelection.except([])

    func contains(_ column: String) -> Bool {
        switch self {
        case .only(let names): names.contains(column.lowercased())
        case .except(let names): !names.contains(column.lowercased())
        }
    }
}

extension TableAccess {
    /// Adds grants up: a row is there if one grant shows it, and a column has its value in a row if
    /// one grant shows that column there. Nothing takes away.
    ///
    /// - Parameter columns: The table's, partition keys included, in its order.
    /// - Returns: Nil where the grants show no column at all.
    init?(adding grants: [SelectGrant], columns: [String]) {
        let shown = columns.compactMap { column in
            let showing = grants.filter { $0.columns.contains(column) }
            return showing.isEmpty ? nil : (name: column, rows: Self.union(showing))
        }
        guard !shown.isEmpty else { return nil }
        let rows = Self.union(
            grants.filter { grant in columns.contains(where: grant.columns.contains) })
        self.columns = shown.map { column in
            ColumnAccess(name: column.name, visible: column.rows == rows ? nil : column.rows)
        }
        self.rows = rows
    }

    /// The rows that at least one of the grants shows; nil for every row. Grants in the same order
    /// give the same predicate, so two unions can be compared.
    private static func union(_ grants: [SelectGrant]) -> RowPredicate? {
        var predicates: [RowPredicate] = []
        for grant in grants {
            guard let rows = grant.rows else { return nil }
            if !predicates.contains(rows) { predicates.append(rows) }
        }
        return predicates.count == 1 ? predicates[0] : .any(predicates)
    }
}
