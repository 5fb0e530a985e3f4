import AWSAPI

extension ExpressionEngine {
    /// The syntax tree of a table expression of our own: what stands after FROM.
    ///
    /// Its positions are blanked, since they are of our text and not of the user's.
    ///
    /// - Throws: ``UnreadableTable`` for what the engine does not parse: a bug of ours.
    func tableTree(of expression: String) throws -> JSONValue {
        let script = try syntaxTree(of: "SELECT * FROM \(expression)")
        guard let statement = script["statements"]?.array?.first,
            let table = statement["node"]?["from_table"]
        else { throw UnreadableTable(expression: expression) }
        return table.withoutPositions()
    }

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
