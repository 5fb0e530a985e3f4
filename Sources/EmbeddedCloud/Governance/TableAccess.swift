/// What one principal may see of one table: the union of its grants.
///
/// Source: Lake Formation Developer Guide, "Data filters in Lake Formation".
struct TableAccess: Equatable, Sendable {
    /// The columns it may name, in the table's order.
    var columns: [ColumnAccess]
    /// The rows that are there at all. Nil: every row.
    var rows: RowPredicate?
}

struct ColumnAccess: Equatable, Sendable {
    var name: String
    /// The visible rows in which the column shows its value; in the others it is NULL. Nil: in all of them.
    var visible: RowPredicate?
}

/// A row filter as a tree: made by a parser from what the grantor wrote, never pasted from it.
indirect enum RowPredicate: Hashable, Codable, Sendable {
    enum Comparison: String, Codable, Sendable {
        case equal = "="
        case notEqual = "<>"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// A constant, in the type that the column has.
    enum Literal: Hashable, Codable, Sendable {
        case string(String)
        /// As written.
        case number(String)
        case boolean(Bool)
    }

    case always
    case compare(column: String, Comparison, Literal)
    case among(column: String, [Literal])
    case between(column: String, low: Literal, high: Literal)
    /// SQL's LIKE with `%` and `_`.
    case like(column: String, pattern: String)
    case isNull(column: String)
    case not(RowPredicate)
    case all([RowPredicate])
    case any([RowPredicate])
}
