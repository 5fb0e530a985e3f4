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

        var fullName: String {
            [catalog, database, name].filter { !$0.isEmpty }.joined(separator: ".")
        }
    }

    /// What stands in a table's place: a table expression that has only what the caller may see.
    typealias Replacement = (TableReference, _ predicates: [LeakproofPredicate])
        async throws -> JSONValue

    private static let expressionClasses: Set<String> = [
        "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT",
        "FUNCTION", "LAMBDA", "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "WINDOW",
    ]

    private static let queryNodes: Set<String> = [
        "CTE_NODE", "RECURSIVE_CTE_NODE", "SELECT_NODE", "SET_OPERATION_NODE",
    ]

    private static let tableNodes: Set<String> = [
        "EMPTY", "EXPRESSION_LIST", "JOIN", "SUBQUERY", "TABLE_FUNCTION",
    ]

    private let root: JSONValue

    /// - Throws: ``QueryFault`` for more than one statement.
    init(_ text: String) throws {
        root = try JSONValue(parsing: text)
        guard root["statements"]?.array?.count == 1 else {
            throw QueryFault("SYNTAX_ERROR", "Only one statement at a time can be run")
        }
    }

    /// The same statement with every table replaced, as JSON text.
    func replacingTables(_ replacement: Replacement) async throws -> String {
        try await rewrite(root, Scope(), replacement).text
    }

    /// What a node sees of the nodes around it.
    private struct Scope {
        /// Names of common table expressions, in lower case: they are not tables.
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
            if name == "COLUMN_REF" { return .object(Self.shortened(object)) }
            if name == "STAR" { object = Self.quoted(object) }
        } else if let type = object["type"]?.string {
            if type == "BASE_TABLE" {
                return try await table(object, scope, at: position, replacement)
            }
            try checkNode(type, object, at: position)
            if Self.queryNodes.contains(type) {
                scope.commonTables.formUnion(try Self.commonTables(of: object))
                scope.predicates =
                    type == "SELECT_NODE" ? LeakproofPredicate.all(in: object) : []
            } else if type != "JOIN" {
                scope.predicates = []
            }
        }
        for member in object.members {
            object[member.name] = try await rewrite(member.value, scope, replacement)
        }
        return .object(object)
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
        _ object: JSONObject, _ scope: Scope, at position: Int?, _ replacement: Replacement
    ) async throws -> JSONValue {
        let reference = TableReference(
            catalog: object["catalog_name"]?.string ?? "",
            database: object["schema_name"]?.string ?? "",
            name: object["table_name"]?.string ?? "", position: position)
        guard object["at_clause"] ?? .null == .null else {
            throw QueryFault.notSupported("AT", at: position)
        }
        let isCommon =
            reference.catalog.isEmpty && reference.database.isEmpty
            && scope.commonTables.contains(reference.name.lowercased())
        if isCommon { return .object(object) }
        guard var replaced = try await replacement(reference, scope.predicates).object else {
            throw QueryFault.tableNotFound(reference.fullName, at: position)
        }
        let alias = object["alias"]?.string ?? ""
        replaced["alias"] = .string(alias.isEmpty ? reference.name : alias)
        replaced["sample"] = object["sample"] ?? .null
        replaced["column_name_alias"] = object["column_name_alias"] ?? []
        return .object(replaced)
    }

    /// The names that a query's WITH defines.
    ///
    /// - Throws: For a name that the engine could take for a file's.
    private static func commonTables(of object: JSONObject) throws -> Set<String> {
        var names: Set<String> = []
        for entry in object["cte_map"]?["map"]?.array ?? [] {
            guard let name = entry["key"]?.string else { continue }
            guard !name.contains(where: { "./\\:*?[".contains($0) }) else {
                throw QueryFault("SYNTAX_ERROR", "A WITH query's name has no dots or slashes")
            }
            names.insert(name.lowercased())
        }
        if let name = object["cte_name"]?.string, !name.isEmpty {
            names.insert(name.lowercased())
        }
        return names
    }

    /// The table before `.*` in quotes: the engine prints it as it stands.
    private static func quoted(_ star: JSONObject) -> JSONObject {
        guard let table = star["relation_name"]?.string, !table.isEmpty else { return star }
        var quoted = star
        quoted["relation_name"] = .string(table.sqlIdentifier)
        return quoted
    }

    /// `db.table.column`, which BI tools send, as `table.column`: the table has become a sub-query, which
    /// has an alias and no database.
    private static func shortened(_ object: JSONObject) -> JSONObject {
        guard let names = object["column_names"]?.array, names.count > 2 else { return object }
        var shortened = object
        let isFromCatalog =
            names.count > 3 && names[0].string.map(QueryCatalog.isOurs) == true
        shortened["column_names"] = .array(Array(names.dropFirst(isFromCatalog ? 2 : 1)))
        return shortened
    }
}

/// What a query may call the catalogue.
enum QueryCatalog {
    static let name = "AwsDataCatalog"

    static func isOurs(_ text: String) -> Bool { text.lowercased() == name.lowercased() }
}
