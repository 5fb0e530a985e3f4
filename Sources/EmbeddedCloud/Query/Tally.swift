import AWSAPI

/// What a SELECT asks of its only table, where a list of the table's parts could answer it: how many rows there
/// are, which partitions, between which extremes.
///
/// Such a SELECT counts rows with `count(*)`, asks for `min(column)` and `max(column)`, groups or tells apart,
/// and says nothing else that depends on how often a row is there. Its table may then be one row for many, with
/// a column that says for how many; ``counting(by:in:)`` adds those up.
struct Tally: Sendable {
    /// Names of which the SELECT makes anything but an extreme. In lower case.
    private(set) var names: Set<String> = []
    /// Names of columns of which it asks the least or the greatest.
    private(set) var extremes: Set<String> = []
    private let table: String
    private var isAggregate = false

    /// Whether none of the columns counts but as an extreme.
    func leaves(_ columns: some Sequence<String>) -> Bool {
        !columns.contains { names.contains($0) || $0 == table }
    }

    private static let expressionClasses: Set<String> = [
        "BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT",
        "FUNCTION",
        "OPERATOR",
    ]

    /// - Parameters:
    ///   - select: A SELECT of one table.
    ///   - table: The name under which its columns are known.
    /// - Returns: Nil if it asks for more.
    init?(of select: JSONObject, from table: String, _ qualifiers: Qualifiers) {
        guard select["sample"] ?? .null == .null, select["qualify"] ?? .null == .null else {
            return nil
        }
        self.table = table.lowercased()
        isAggregate =
            select["group_expressions"]?.array?.isEmpty == false
            || select["aggregate_handling"] != "STANDARD_HANDLING"
        for modifier in select["modifiers"]?.array ?? []
        where modifier["type"] == "DISTINCT_MODIFIER" {
            guard modifier["distinct_on_targets"]?.array?.isEmpty == true else { return nil }
            isAggregate = true
        }
        for part in Self.parts {
            guard let expressions = select[part] else { continue }
            guard collect(expressions, qualifiers) else { return nil }
        }
        // A table's name by itself is all of its columns at once.
        guard isAggregate, !names.contains(self.table) else { return nil }
    }

    private static let parts = [
        "select_list", "where_clause", "group_expressions", "having", "modifiers",
    ]

    /// - Returns: Whether everything in it can be asked of a list of parts.
    private mutating func collect(_ value: JSONValue, _ qualifiers: Qualifiers) -> Bool {
        switch value {
        case .array(let items): return items.allSatisfy { collect($0, qualifiers) }
        case .object(let object):
            guard let kind = object["class"]?.string else {
                return object.members.allSatisfy { collect($0.value, qualifiers) }
            }
            guard Self.expressionClasses.contains(kind) else { return false }
            switch kind {
            case "COLUMN_REF":
                names.formUnion(columns(object, qualifiers))
                return true
            case "FUNCTION": return collect(function: object, qualifiers)
            case "CONSTANT": return true
            default: return object.members.allSatisfy { collect($0.value, qualifiers) }
            }
        default: return true
        }
    }

    private mutating func collect(function: JSONObject, _ qualifiers: Qualifiers) -> Bool {
        let children = function["children"]?.array ?? []
        guard function["order_bys"]?["orders"]?.array?.isEmpty ?? true,
            function["filter"].map({ collect($0, qualifiers) }) ?? true
        else { return false }
        switch function["function_name"]?.string?.lowercased() {
        case "count_star" where children.isEmpty && function["distinct"] == false: break
        case "min", "max":
            guard children.count == 1, let column = children[0].object,
                column["class"] == "COLUMN_REF",
                let name = columns(column, qualifiers).only
            else { return false }
            extremes.insert(name)
        default: return false
        }
        isAggregate = true
        return true
    }

    /// The parts of a column's name, which may be fields of it, without the table.
    private func columns(_ column: JSONObject, _ qualifiers: Qualifiers) -> [String] {
        let parts = qualifiers.shortened(column)["column_names"]?.array ?? []
        let names = parts.compactMap { $0.string?.lowercased() }
        return names.count > 1 && names[0] == table ? Array(names.dropFirst()) : names
    }

    /// The SELECT with each `count(*)` as the sum of a column.
    static func counting(by column: String, in select: JSONObject) -> JSONObject {
        var counted = select
        for part in parts { counted[part] = select[part].map { counting(by: column, in: $0) } }
        return counted
    }

    private static func counting(by column: String, in value: JSONValue) -> JSONValue {
        switch value {
        case .array(let items): return .array(items.map { counting(by: column, in: $0) })
        case .object(var object):
            // The members in the engine's own order: the worker compares trees.
            guard object["class"] == "FUNCTION", object["function_name"] == "count_star" else {
                object.mapValues { counting(by: column, in: $0) }
                return .object(object)
            }
            let alias = object["alias"] ?? ""
            object["alias"] = ""
            object["function_name"] = "sum"
            object["children"] = [
                [
                    "class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "",
                    "query_location": .nowhere, "column_names": [.string(column)],
                ]
            ]
            func type(_ name: JSONValue) -> JSONValue { ["id": name, "type_info": .null] }
            let zero: JSONValue = [
                "class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "",
                "query_location": .nowhere,
                "value": ["type": type("INTEGER"), "is_null": false, "value": 0],
            ]
            return [
                "class": "CAST", "type": "OPERATOR_CAST", "alias": alias,
                "query_location": .nowhere,
                "child": [
                    "class": "OPERATOR", "type": "OPERATOR_COALESCE", "alias": "",
                    "query_location": .nowhere, "children": [.object(object), zero],
                ],
                "cast_type": type("BIGINT"), "try_cast": false,
            ]
        default: return value
        }
    }
}

extension [String] {
    /// Nil unless there is one.
    fileprivate var only: String? { count == 1 ? self[0] : nil }
}
