import DuckDB

extension RowPredicate: CustomStringConvertible {
    /// As a grantor would write it, in the words of filter expressions: `fund_id IN ('F001', 'F002')`.
    ///
    /// For people; the engine is given ``sql``.
    var description: String {
        switch self {
        case .compare(let column, let comparison, let literal):
            "\(Self.name(column)) \(comparison.rawValue) \(literal)"
        case .among(let column, let literals):
            "\(Self.name(column)) IN (\(literals.map(\.description).joined(separator: ", ")))"
        case .between(let column, let low, let high):
            "\(Self.name(column)) BETWEEN \(low) AND \(high)"
        case .like(let column, let pattern): "\(Self.name(column)) LIKE \(pattern.sqlLiteral)"
        case .isNull(let column): "\(Self.name(column)) IS NULL"
        case .not(.isNull(let column)): "\(Self.name(column)) IS NOT NULL"
        case .not(let predicate): "NOT (\(predicate))"
        case .all(let predicates): Self.joined(predicates, by: "AND", empty: "TRUE")
        case .any(let predicates): Self.joined(predicates, by: "OR", empty: "FALSE")
        }
    }

    private static func name(_ column: String) -> String {
        let isPlain = column.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_")
        }
        return isPlain ? column : column.sqlIdentifier
    }

    private static func joined(
        _ predicates: [RowPredicate], by conjunction: String, empty: String
    ) -> String {
        if predicates.count == 1 { return predicates[0].description }
        return predicates.isEmpty
            ? empty : predicates.map { "(\($0))" }.joined(separator: " \(conjunction) ")
    }
}

extension RowPredicate.Literal: CustomStringConvertible {
    var description: String {
        switch type {
        case .string, .date, .timestamp: text.sqlLiteral
        case .boolean, .tinyint, .smallint, .integer, .bigint, .float, .double, .decimal: text
        }
    }
}
