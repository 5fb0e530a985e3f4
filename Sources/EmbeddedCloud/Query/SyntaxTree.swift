import AWSAPI
import DuckDB

/// A statement's syntax tree, as the engine's own parser makes it, read as a stranger's.
///
/// Every kind of node must be known here. What is not is refused, so that a construct of a later engine
/// never reaches data before someone has looked at it.
struct SyntaxTree: Sendable {
    /// A table as the statement names it.
    struct TableReference: Sendable {
        var catalog: String
        var database: String
        var name: String
        /// Bytes from the start of the statement.
        var position: Int?
        /// What its SELECT asks of it, if a list of its parts could answer that.
        var tally: Tally?

        var fullName: String {
            [catalog, database, name].filter { !$0.isEmpty }.joined(separator: ".")
        }
    }

    /// What stands in a table's place: a table expression that has only what the caller may see.
    struct Replaced {
        var table: JSONValue
        /// The column that says for how many rows each of its rows stands. Nil: each for itself.
        var countedBy: String?
    }

    typealias Replacement = (TableReference, _ predicates: [LeakproofPredicate])
        async throws -> Replaced

    private static let expressionClasses: Set<String> = [
        "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT",
        "FUNCTION", "LAMBDA", "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "WINDOW",
    ]

    private static let queryNodes: Set<String> = [
        "RECURSIVE_CTE_NODE", "SELECT_NODE", "SET_OPERATION_NODE",
    ]

    private static let tableNodes: Set<String> = [
        "EMPTY", "EXPRESSION_LIST", "JOIN", "SUBQUERY", "TABLE_FUNCTION",
    ]

    private var root: JSONValue
    private let qualifiers: Qualifiers

    /// - Parameters:
    ///   - parameters: Expressions that stand for the statement's `?`s, one after the other.
    ///   - database: What a name may have in front of a table's that is written without.
    /// - Throws: ``QueryFault`` for more than one statement, one that is nested too deeply, or another number
    ///   of parameters than it has.
    init(_ text: String, parameters: [JSONValue] = [], database: String? = nil) throws {
        var tree: JSONValue
        do {
            tree = try JSONValue(parsing: text)
        } catch {
            throw QueryFault("QUERY_TOO_LARGE", "The statement is nested too deeply")
        }
        var fill = ParameterFill(parameters)
        tree = fill.filling(tree)
        try fill.check()
        root = tree
        qualifiers = Qualifiers(of: root, database: database)
        guard root["statements"]?.array?.count == 1 else {
            throw QueryFault("SYNTAX_ERROR", "Only one statement at a time can be run")
        }
    }

    /// The same statement with a name for each column of the result that has none.
    ///
    /// - Parameter name: The worker makes `_col0`, `_col1`, ... of it, by the columns' places.
    func namingColumns(_ name: String) -> SyntaxTree {
        var tree = self
        guard var object = root.object, var statement = object["statements"]?.array?.first?.object,
            let node = statement["node"]
        else { return self }
        statement["node"] = Self.naming(node, name)
        object["statements"] = .array([.object(statement)])
        tree.root = .object(object)
        return tree
    }

    private static func naming(_ node: JSONValue, _ name: String) -> JSONValue {
        guard var object = node.object else { return node }
        // Of several SELECTs that are united, the first one's names count.
        if let left = object["left"], left.object != nil { object["left"] = naming(left, name) }
        if let first = object["children"]?.array?.first {
            object["children"] = .array(
                [naming(first, name)] + (object["children"]?.array?.dropFirst() ?? []))
        }
        if let list = object["select_list"]?.array {
            object["select_list"] = .array(
                list.map { item in
                    guard var expression = item.object, expression["alias"] == "",
                        expression["class"] != "COLUMN_REF", expression["class"] != "STAR"
                    else { return item }
                    expression["alias"] = .string(name)
                    return .object(expression)
                })
        }
        return .object(object)
    }

    /// Throws where the result cannot be a table: for a column that is `NULL` and nothing else, which has no
    /// type, and for two of one name.
    func checkColumns() throws(QueryFault) {
        let list = root["statements"]?.array?.first?["node"]?["select_list"]?.array ?? []
        var names: Set<String> = []
        for item in list {
            let alias = item["alias"]?.string ?? ""
            if item["class"] == "CONSTANT", item["value"]?["is_null"] == true {
                throw QueryFault("COLUMN_TYPE_UNKNOWN", "Column type is unknown: \(alias)")
            }
            let name = alias.isEmpty ? item["column_names"]?.array?.last?.string ?? "" : alias
            guard name.isEmpty || names.insert(name.lowercased()).inserted else {
                throw QueryFault(
                    "DUPLICATE_COLUMN_NAME", "Column name '\(name)' specified more than once")
            }
        }
    }

    /// The literals of `SELECT a, b, ...`.
    ///
    /// - Parameter text: The tree.
    /// - Returns: Nil where there is anything else in it.
    static func literals(in text: String) -> [JSONValue]? {
        guard let root = try? JSONValue(parsing: text),
            let statements = root["statements"]?.array, statements.count == 1,
            let node = statements[0]["node"], node["type"] == "SELECT_NODE",
            node["from_table"]?["type"] == "EMPTY", node["where_clause"] == .null,
            node["modifiers"]?.array?.isEmpty == true, let list = node["select_list"]?.array,
            list.allSatisfy(isLiteral)
        else { return nil }
        return list.map { $0.withoutPositions() }
    }

    private static func isLiteral(_ expression: JSONValue) -> Bool {
        switch expression["class"]?.string {
        case "CONSTANT": true
        case "CAST": expression["child"].map(isLiteral) ?? false
        case "OPERATOR":
            expression["type"] == "ARRAY_CONSTRUCTOR"
                && expression["children"]?.array?.allSatisfy(isLiteral) ?? false
        case "FUNCTION":
            // INTERVAL '1' DAY.
            expression["function_name"]?.string?.hasPrefix("to_") == true
                && expression["children"]?.array?.allSatisfy(isLiteral) ?? false
        default: false
        }
    }

    /// The constant that is this text.
    static func constant(_ text: String) -> JSONValue {
        .object([
            "class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "",
            "query_location": JSONValue.nowhere,
            "value": .object([
                "type": .object(["id": "VARCHAR", "type_info": .null]), "is_null": .bool(false),
                "value": .string(text),
            ]),
        ])
    }

    /// The query itself, to stand in another one's FROM, with its tables replaced.
    func query(replacingTables replacement: Replacement) async throws -> JSONValue? {
        guard let node = root["statements"]?.array?.first?["node"] else { return nil }
        return try await rewrite(node, Scope(), replacement).withoutPositions()
    }

    /// The same statement with every table replaced, as JSON text.
    func replacingTables(_ replacement: Replacement) async throws -> String {
        try await rewrite(root, Scope(), replacement).text
    }

    /// What a node sees of the nodes around it.
    private struct Scope {
        /// Names of common table expressions, folded: they are not tables.
        var commonTables: Set<String> = []
        /// What WHERE says of the only table of its SELECT.
        var predicates: [LeakproofPredicate] = []
    }

    private func rewrite(
        _ value: JSONValue, _ scope: Scope, _ replacement: Replacement
    ) async throws -> JSONValue {
        switch value {
        case .array(let items):
            var rewritten: [JSONValue] = []
            rewritten.reserveCapacity(items.count)
            for item in items { rewritten.append(try await rewrite(item, scope, replacement)) }
            return .array(rewritten)
        case .object(let object):
            return try await rewrite(object, scope, replacement)
        default:
            return value
        }
    }

    private func rewrite(
        _ given: JSONObject, _ scope: Scope, _ replacement: Replacement
    ) async throws -> JSONValue {
        var object = given
        let position = object["query_location"].flatMap(\.int)
        var scope = scope
        if let name = object["class"]?.string {
            guard Self.expressionClasses.contains(name) else {
                throw QueryFault.notSupported(name.lowercased(), at: position)
            }
            try checkFunction(object, at: position)
            scope.predicates = []
            if name == "COLUMN_REF" { return .object(qualifiers.shortened(object)) }
            if name == "STAR" { object = Self.quoted(object) }
        } else if let type = object["type"]?.string {
            if type == "BASE_TABLE" {
                return try await table(object, scope, at: position, tally: nil, replacement).table
            }
            try checkNode(type, object, at: position)
            scope.predicates = []
            if Self.queryNodes.contains(type) {
                return try await query(object, scope, replacement)
            }
        } else if object["method"] == "System" {
            // It takes whole blocks of rows, and so would tell how many hidden ones lie between.
            object["method"] = "Bernoulli"
        }
        for member in object.members {
            object[member.name] = try await rewrite(member.value, scope, replacement)
        }
        return .object(object)
    }

    /// A query, in which the names that its WITH defines are tables: each for those that follow it, and
    /// for itself only where it is recursive.
    private func query(
        _ given: JSONObject, _ scope: Scope, _ replacement: Replacement
    ) async throws -> JSONValue {
        var query = given
        var scope = scope
        var entries: [JSONValue] = []
        for entry in query["cte_map"]?["map"]?.array ?? [] {
            guard let name = entry["key"]?.string else { continue }
            entries.append(try await rewrite(entry, scope, replacement))
            scope.commonTables.insert(try Self.checked(name))
        }
        // A sample is taken before WHERE is asked.
        if query["type"] == "SELECT_NODE", query["sample"] ?? .null == .null {
            scope.predicates = LeakproofPredicate.all(in: query, qualifiers)
        }
        query["select_list"] = query["select_list"].map(Self.namingSubqueries)
        var countedBy: String?
        for member in query.members {
            var inner = scope
            if member.name == "cte_map" {
                query["cte_map"] = ["map": .array(entries)]
                continue
            }
            if member.name == "right", let own = query["cte_name"]?.string {
                inner.commonTables.insert(try Self.checked(own))
            }
            if member.name == "from_table", let table = member.value.object,
                table["type"] == "BASE_TABLE"
            {
                let replaced = try await self.table(
                    table, inner, at: table["query_location"].flatMap(\.int),
                    tally: Tally(of: given, from: Self.alias(of: table), qualifiers), replacement)
                query["from_table"] = replaced.table
                countedBy = replaced.countedBy
                continue
            }
            query[member.name] = try await rewrite(member.value, inner, replacement)
        }
        return .object(countedBy.map { Tally.counting(by: $0, in: query) } ?? query)
    }

    /// The name under which a table's columns are known.
    private static func alias(of table: JSONObject) -> String {
        let alias = table["alias"]?.string ?? ""
        return alias.isEmpty ? table["table_name"]?.string ?? "" : alias
    }

    /// A name for each column that is made of a sub-query and has none: the engine would call it after its
    /// expression, which then holds what stands in a table's place.
    private static func namingSubqueries(_ list: JSONValue) -> JSONValue {
        guard let items = list.array else { return list }
        return .array(
            items.enumerated().map { place, item in
                guard var expression = item.object, expression["alias"] == "",
                    expression["class"] != "COLUMN_REF", expression["class"] != "STAR",
                    hasSubquery(item)
                else { return item }
                expression["alias"] = .string("_col\(place)")
                return .object(expression)
            })
    }

    private static func hasSubquery(_ value: JSONValue) -> Bool {
        switch value {
        case .array(let items): items.contains(where: hasSubquery)
        case .object(let object):
            object["class"] == "SUBQUERY" || object.members.contains { hasSubquery($0.value) }
        default: false
        }
    }

    private func checkNode(_ type: String, _ object: JSONObject, at position: Int?) throws {
        let isKnown =
            Self.queryNodes.contains(type) || Self.tableNodes.contains(type)
            || type.hasSuffix("_MODIFIER") || type.hasSuffix("_TYPE_INFO")
            || type.hasPrefix("ORDER_") || type == "ASCENDING" || type == "DESCENDING"
        guard isKnown else { throw QueryFault.notSupported(type.lowercased(), at: position) }
        if type == "TABLE_FUNCTION" {
            let name = object["function"]?["function_name"]?.string ?? ""
            guard AllowedFunctions.tableFunctions.contains(name.lowercased()) else {
                throw QueryFault.functionNotFound(name, at: position)
            }
        }
    }

    private func checkFunction(_ object: JSONObject, at position: Int?) throws {
        guard let name = object["function_name"]?.string else { return }
        let schema = object["schema"]?.string ?? ""
        guard AllowedFunctions.contains(name), ["", "main"].contains(schema),
            (object["catalog"]?.string ?? "").isEmpty
        else { throw QueryFault.functionNotFound(name, at: position) }
    }

    private func table(
        _ object: JSONObject, _ scope: Scope, at position: Int?, tally: Tally?,
        _ replacement: Replacement
    ) async throws -> Replaced {
        var reference = TableReference(
            catalog: object["catalog_name"]?.string ?? "",
            database: object["schema_name"]?.string ?? "",
            name: object["table_name"]?.string ?? "", position: position)
        guard object["at_clause"] ?? .null == .null else {
            throw QueryFault.notSupported("AT", at: position)
        }
        let isCommon =
            reference.catalog.isEmpty && reference.database.isEmpty
            && scope.commonTables.contains(Self.folded(reference.name))
        if isCommon { return Replaced(table: .object(object)) }
        let alias = Self.alias(of: object)
        let sample = try await rewrite(object["sample"] ?? .null, Scope(), replacement)
        let renamed = object["column_name_alias"]?.array ?? []
        // WHERE speaks of what comes out of a sample, and of columns by their new names.
        let predicates = sample == .null && renamed.isEmpty ? scope.predicates : []
        let own = predicates.filter {
            $0.qualifier == nil || $0.qualifier?.lowercased() == alias.lowercased()
        }
        if sample == .null, renamed.isEmpty { reference.tally = tally }
        let replaced = try await replacement(reference, own)
        guard var table = replaced.table.object else {
            throw QueryFault.tableNotFound(reference.fullName, at: position)
        }
        table["alias"] = .string(alias)
        table["sample"] = sample
        table["column_name_alias"] = .array(renamed)
        return Replaced(table: .object(table), countedBy: replaced.countedBy)
    }

    /// The name of a common table, folded.
    ///
    /// - Throws: For one that the engine could take for a file's.
    private static func checked(_ name: String) throws -> String {
        guard !name.contains(where: { "./\\:*?[".contains($0) }) else {
            throw QueryFault("SYNTAX_ERROR", "A WITH query's name has no dots or slashes")
        }
        return folded(name)
    }

    /// The engine takes A to Z for a to z in names, and nothing else for anything else.
    private static func folded(_ name: String) -> String {
        String(
            decoding: name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// The table before `.*` in quotes: the engine prints it as it stands.
    private static func quoted(_ star: JSONObject) -> JSONObject {
        guard let table = star["relation_name"]?.string, !table.isEmpty else { return star }
        var quoted = star
        quoted["relation_name"] = .string(table.sqlIdentifier)
        return quoted
    }
}
