import AWSAPI
import FoundationEssentials

/// Reads the row filters that grantors write: `fund_id = 'F001' AND (nav > 10 OR as_of IS NOT
/// NULL)`.
///
/// The engine's parser makes the tree, and this walks it strictly: a node that the grammar does not
/// have is a refusal, also where it would be harmless.
///
/// Source: Lake Formation Developer Guide, "PartiQL support in row filter expressions".
struct FilterExpressionReader {
    /// UTF-8 bytes; AWS wants fewer than 2,048.
    static let bytesMax = 2_047
    /// Brackets and NOTs within each other.
    static let nestingMax = 32

    /// What can be compared, by name in lower case.
    let columns: [String: FilterColumn]

    /// - Parameter columns: The table's, by name as the table spells it.
    init(columns: [FilterColumn]) {
        self.columns = Dictionary(
            columns.map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Reads one expression.
    ///
    /// - Throws: `InvalidInputException`, in words for whoever wrote the expression.
    func predicate(
        of expression: String, by engine: ExpressionEngine
    ) async throws -> RowPredicate {
        guard expression.utf8.count <= Self.bytesMax else {
            throw Self.refused("It must be shorter than 2,048 bytes.")
        }
        guard !expression.utf8.contains(0) else { throw Self.refused("It holds a zero byte.") }
        let empty = try await Self.tree(of: "'x' = 'x'", by: engine)
        let tree = try await Self.tree(of: expression, by: engine)
        // What the expression must leave as it is: one statement, and nothing after its WHERE.
        guard Self.frame(of: tree) == Self.frame(of: empty),
            let condition = Self.condition(of: tree)
        else { throw Self.notOneCondition }
        return try predicate(condition, nesting: 0)
    }

    // MARK: The statement around it

    private static func tree(
        of expression: String, by engine: ExpressionEngine
    ) async throws -> JSONValue {
        let tree: JSONValue
        do {
            tree = try await engine.syntaxTree(of: "SELECT 1 FROM t WHERE " + expression)
        } catch is JSONFault {
            throw refused("It is nested too deeply.")
        }
        if tree["error"]?.bool != false {
            // Its other kinds of error speak of statements, which the grantor did not write.
            let message =
                tree["error_type"]?.string == "parser" ? tree["error_message"]?.string : nil
            throw message.map(refused) ?? notOneCondition
        }
        return tree
    }

    private static let notOneCondition = refused("It must be one condition and nothing else.")

    private static func condition(of tree: JSONValue) -> JSONValue? {
        tree["statements"]?.array?.first?["node"]?["where_clause"]
    }

    /// The tree without its condition.
    private static func frame(of tree: JSONValue) -> JSONValue? {
        guard var statement = tree["statements"]?.array?.first?.object,
            tree["statements"]?.array?.count == 1, var node = statement["node"]?.object
        else { return nil }
        node["where_clause"] = .null
        statement["node"] = .object(node)
        return .object(statement)
    }

    // MARK: The tree

    private func predicate(_ node: JSONValue, nesting: Int) throws(AWSError) -> RowPredicate {
        guard nesting < Self.nestingMax else {
            throw Self.refused("It is nested too deeply.")
        }
        let children = node["children"]?.array ?? []
        switch (node["class"]?.string, node["type"]?.string) {
        case ("CONJUNCTION", "CONJUNCTION_AND"):
            return .all(try predicates(children, nesting: nesting + 1))
        case ("CONJUNCTION", "CONJUNCTION_OR"):
            return .any(try predicates(children, nesting: nesting + 1))
        case ("OPERATOR", "OPERATOR_NOT") where children.count == 1:
            return .not(try predicate(children[0], nesting: nesting + 1))
        case ("OPERATOR", "OPERATOR_IS_NULL") where children.count == 1:
            return try isNull(children[0])
        case ("OPERATOR", "OPERATOR_IS_NOT_NULL") where children.count == 1:
            return .not(try isNull(children[0]))
        case ("OPERATOR", "COMPARE_IN") where children.count > 1:
            return try among(children)
        case ("OPERATOR", "COMPARE_NOT_IN") where children.count > 1:
            return .not(try among(children))
        case ("BETWEEN", "COMPARE_BETWEEN"):
            let column = try column(node["input"])
            return .between(
                column: column.name, low: try literal(node["lower"], for: column),
                high: try literal(node["upper"], for: column))
        case ("COMPARISON", let type?):
            guard let comparison = Self.comparisons[type] else { throw Self.notInGrammar }
            let column = try column(node["left"])
            return .compare(
                column: column.name, comparison, try literal(node["right"], for: column))
        case ("FUNCTION", _) where node["is_operator"]?.bool == true && children.count == 2:
            return try like(node["function_name"]?.string, children)
        default: throw Self.notInGrammar
        }
    }

    private static let comparisons: [String: RowPredicate.Comparison] = [
        "COMPARE_EQUAL": .equal, "COMPARE_NOTEQUAL": .notEqual, "COMPARE_LESSTHAN": .less,
        "COMPARE_LESSTHANOREQUALTO": .lessOrEqual, "COMPARE_GREATERTHAN": .greater,
        "COMPARE_GREATERTHANOREQUALTO": .greaterOrEqual,
    ]

    private func predicates(
        _ nodes: [JSONValue], nesting: Int
    ) throws(AWSError) -> [RowPredicate] {
        var predicates: [RowPredicate] = []
        for node in nodes { predicates.append(try predicate(node, nesting: nesting)) }
        return predicates
    }

    private func isNull(_ node: JSONValue) throws(AWSError) -> RowPredicate {
        let column = try column(node)
        guard !column.isPartitionKey else {
            throw Self.refused("The partition key \(column.name) is never NULL.")
        }
        return .isNull(column: column.name)
    }

    private func among(_ children: [JSONValue]) throws(AWSError) -> RowPredicate {
        let column = try column(children[0])
        var literals: [RowPredicate.Literal] = []
        for child in children.dropFirst() { literals.append(try literal(child, for: column)) }
        return .among(column: column.name, literals)
    }

    /// `~~` is the engine's name for LIKE, `!~~` for NOT LIKE.
    private func like(
        _ function: String?, _ children: [JSONValue]
    ) throws(AWSError) -> RowPredicate {
        guard function == "~~" || function == "!~~" else { throw Self.notInGrammar }
        let column = try column(children[0])
        guard column.type == .string else {
            throw Self.refused("LIKE is for strings, and \(column.name) is none.")
        }
        let pattern = try literal(children[1], for: column).text
        let like = RowPredicate.like(column: column.name, pattern: pattern)
        return function == "~~" ? like : .not(like)
    }

    private func column(_ node: JSONValue?) throws(AWSError) -> FilterColumn {
        guard node?["class"]?.string == "COLUMN_REF",
            let path = node?["column_names"]?.array?.compactMap(\.string), path.count == 1
        else { throw Self.refused("The left side of each comparison must be a column.") }
        guard let column = columns[path[0].lowercased()] else {
            throw Self.refused("The table has no column \(path[0]) that can be filtered by.")
        }
        return column
    }

    private func literal(
        _ node: JSONValue?, for column: FilterColumn
    ) throws(AWSError) -> RowPredicate.Literal {
        guard let node, let constant = FilterConstant(node) else {
            throw Self.refused("\(column.name) must be compared with a constant.")
        }
        guard let literal = constant.literal(of: column.type) else {
            throw Self.refused(
                "The constant beside \(column.name) is no value of its type, "
                    + "\(column.type.sql.lowercased()).")
        }
        return literal
    }

    private static let notInGrammar = refused(
        "It may have =, <>, !=, <, <=, >, >=, BETWEEN, IN, LIKE, IS NULL, NOT, AND, OR, brackets.")

    private static func refused(_ reason: String) -> AWSError {
        AWSError("InvalidInputException", "The filter expression is not valid. \(reason)")
    }
}

/// A column that a filter may name.
struct FilterColumn: Equatable, Sendable {
    var name: String
    var type: ColumnType
    var isPartitionKey = false
}
