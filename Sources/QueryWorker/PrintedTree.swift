internal import AWSAPI
internal import DuckDB

/// Whether SQL that the engine printed from a tree still says what the tree says.
///
/// A tree can only be run as text, and the engine's printer was not made for strangers' names: it pastes
/// some as they are, and `"x FROM y --".*` would become SQL that nobody has checked. So the text is
/// parsed again, and runs only if that gives the same tree. The few forms that the printer turns into
/// other words for the same are named here; whatever else differs is refused.
enum PrintedTree {
    /// - Parameters:
    ///   - tree: What was printed.
    ///   - printed: What the text parses to.
    static func isSame(_ tree: JSONValue, _ printed: JSONValue) -> Bool {
        switch (tree, printed) {
        case (.object(let object), .object(let other)): isSame(object, other)
        case (.array(let items), .array(let others)):
            items.count == others.count && zip(items, others).allSatisfy(isSame)
        default: tree == printed
        }
    }

    private static func isSame(_ object: JSONObject, _ other: JSONObject) -> Bool {
        if object["class"] == "CONSTANT", isConstant(.object(other)), !isText(object) {
            // `1e10` is printed as a decimal, `true` as a cast.
            return object["alias"] == other["alias"]
        }
        if object["type"] == "EXPRESSION_LIST", let list = listInside(other) {
            return isSame(.object(object), list)
        }
        return object.members.map(\.name) == other.members.map(\.name)
            && zip(object.members, other.members).allSatisfy { member, other in
                isSame(member.name, member.value, other.value)
            }
    }

    private static func isSame(_ name: String, _ value: JSONValue, _ other: JSONValue) -> Bool {
        switch name {
        case "query_location": true
        // CUBE and ROLLUP are printed as the sets that they make, which have an order of their own.
        case "group_sets": true
        case "group_expressions", "qualified_exclude_list": isSame(sorted(value), sorted(other))
        // The table before `.*`, which is printed as it stands.
        case "relation_name":
            value == other || value.string == other.string.map(\.sqlIdentifier)
        default: isSame(value, other)
        }
    }

    private static func isText(_ constant: JSONObject) -> Bool {
        constant["value"]?["type"]?["id"] == "VARCHAR"
    }

    /// Whether it is a constant, cast or not.
    private static func isConstant(_ expression: JSONValue) -> Bool {
        switch expression["class"]?.string {
        case "CONSTANT": true
        case "CAST": expression["child"].map(isConstant) ?? false
        default: false
        }
    }

    /// The VALUES in `(SELECT * FROM VALUES …)`, as which it is printed, if there is nothing else in it.
    private static func listInside(_ table: JSONObject) -> JSONValue? {
        guard table["type"] == "SUBQUERY", let select = table["subquery"]?["node"]?.object,
            select["type"] == "SELECT_NODE", let list = select["from_table"],
            list["type"] == "EXPRESSION_LIST", let star = select["select_list"]?.array,
            star.count == 1, star[0]["class"] == "STAR"
        else { return nil }
        let said: Set<String> = ["aggregate_handling", "from_table", "select_list", "type"]
        let ofStar: Set<String> = ["class", "query_location", "type"]
        let isBare =
            select.members.allSatisfy { said.contains($0.name) || saysNothing($0.value) }
            && (star[0].object?.members ?? []).allSatisfy {
                ofStar.contains($0.name) || saysNothing($0.value)
            }
        return isBare ? list : nil
    }

    private static func saysNothing(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .bool(let flag): !flag
        case .number: false
        case .string(let text): text.isEmpty
        case .array(let items): items.allSatisfy(saysNothing)
        case .object(let object): object.members.allSatisfy { saysNothing($0.value) }
        }
    }

    private static func sorted(_ list: JSONValue) -> JSONValue {
        let items = (list.array ?? []).map { (item: $0, text: withoutPositions($0).text) }
        return .array(items.sorted { $0.text < $1.text }.map(\.item))
    }

    private static func withoutPositions(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let items): return .array(items.map(withoutPositions))
        case .object(var object):
            object["query_location"] = nil
            object.mapValues(withoutPositions)
            return .object(object)
        default: return value
        }
    }
}
