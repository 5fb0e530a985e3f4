import AWSAPI

extension ExpressionEngine {
    /// The syntax tree of a table expression of our own: what stands after FROM.
    ///
    /// Its positions are blanked, since they are of our text and not of the user's.
    ///
    /// - Throws: ``UnreadableTable`` for what the engine does not parse: a bug of ours.
    nonisolated func tableTree(of expression: String) async throws -> JSONValue {
        let text = Array(expression.utf8)
        return try await tables.value(of: text, weighing: { _ in text.count }) {
            let script = try await syntaxTree(of: "SELECT * FROM \(expression)")
            guard let statement = script["statements"]?.array?.first,
                let table = statement["node"]?["from_table"]
            else { throw UnreadableTable(expression: expression) }
            return table.withoutPositions()
        }
    }

    /// Bytes of table expressions whose trees are remembered, of all and of one. A tree takes some thirty times
    /// as many.
    static let tableBytesMax = 512 << 10
    static let tableEntryBytesMax = 16 << 10

    struct UnreadableTable: Error {
        let expression: String
    }
}

extension JSONValue {
    /// DuckDB's word for a place that is not known.
    static let nowhere = JSONValue.number("18446744073709551615")

    func withoutPositions() -> JSONValue {
        switch self {
        case .array(let items): return .array(items.map { $0.withoutPositions() })
        case .object(var object):
            object.mapValues { $0.withoutPositions() }
            if object["query_location"] != nil { object["query_location"] = Self.nowhere }
            return .object(object)
        default: return self
        }
    }
}
