import DuckDB

/// A row filter as a tree: made by a parser from what the grantor wrote, never pasted from it.
///
/// As in SQL, what compares with NULL is neither true nor false, and such a row is hidden.
indirect enum RowPredicate: Hashable, Codable, Sendable {
    enum Comparison: String, Codable, Sendable {
        case equal = "="
        case notEqual = "<>"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// A constant that is known to be a value of the column's type.
    struct Literal: Hashable, Codable, Sendable {
        var type: ColumnType
        /// As the engine reads it: `F001`, `-1.50`, `true`, `2024-02-18`.
        var text: String
    }

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

extension RowPredicate {
    /// The columns that it reads, by the table's own names.
    var columns: Set<String> {
        switch self {
        case .compare(let column, _, _), .among(let column, _), .between(let column, _, _),
            .like(let column, _), .isNull(let column):
            [column]
        case .not(let predicate): predicate.columns
        case .all(let predicates), .any(let predicates):
            predicates.reduce(into: []) { $0.formUnion($1.columns) }
        }
    }

    /// What is left where only those columns are known: it holds wherever this one can hold.
    func weakened(to known: Set<String>) -> RowPredicate { weakened(to: known, isNegated: false) }

    private func weakened(to known: Set<String>, isNegated: Bool) -> RowPredicate {
        switch self {
        case .not(let predicate):
            .not(predicate.weakened(to: known, isNegated: !isNegated))
        case .all(let predicates):
            .all(predicates.map { $0.weakened(to: known, isNegated: isNegated) })
        case .any(let predicates):
            .any(predicates.map { $0.weakened(to: known, isNegated: isNegated) })
        default:
            // All of nothing is true, any of nothing is false.
            columns.isSubset(of: known) ? self : isNegated ? .any([]) : .all([])
        }
    }

    /// The predicate for the engine. Names are quoted, constants typed; nothing of it is the
    /// grantor's text as it was.
    ///
    /// Each column is brought to the type that the catalogue declares by `TRY_CAST`: where the file
    /// has that type the engine drops the cast and prunes by the column, and where it has another
    /// one, a value that does not convert hides its row. A plain comparison would convert, fail,
    /// and show a hidden value in its error.
    var sql: String { sql(\.sqlIdentifier) }

    /// - Parameter operand: What stands for a column in the engine's SQL.
    func sql(_ operand: (String) -> String) -> String {
        func typed(_ column: String, _ type: ColumnType) -> String {
            "TRY_CAST(\(operand(column)) AS \(type.sql))"
        }
        func joined(_ predicates: [RowPredicate], by words: String, empty: String) -> String {
            predicates.isEmpty
                ? empty : predicates.map { "(\($0.sql(operand)))" }.joined(separator: words)
        }
        return switch self {
        case .compare(let column, let comparison, let literal):
            "\(typed(column, literal.type)) \(comparison.rawValue) \(literal.sql)"
        case .among(let column, let literals):
            if let type = literals.first?.type {
                "\(typed(column, type)) IN (\(literals.map(\.sql).joined(separator: ", ")))"
            } else {
                "FALSE"
            }
        case .between(let column, let low, let high):
            "\(typed(column, low.type)) BETWEEN \(low.sql) AND \(high.sql)"
        case .like(let column, let pattern):
            "\(typed(column, .string)) LIKE \(pattern.sqlLiteral)"
        case .isNull(let column): "\(operand(column)) IS NULL"
        case .not(let predicate): "NOT (\(predicate.sql(operand)))"
        case .all(let predicates): joined(predicates, by: " AND ", empty: "TRUE")
        case .any(let predicates): joined(predicates, by: " OR ", empty: "FALSE")
        }
    }
}

extension RowPredicate.Literal {
    var sql: String {
        type == .string ? text.sqlLiteral : "CAST(\(text.sqlLiteral) AS \(type.sql))"
    }
}
