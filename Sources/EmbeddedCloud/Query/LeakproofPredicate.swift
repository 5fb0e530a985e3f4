import AWSAPI

/// A user's comparison that may run beside a row filter, because it cannot fail and so cannot tell.
///
/// Narrow on purpose: a bare column compared with a constant. Whether the constant fits the column's type
/// is decided where the type is known (``GovernedScan``); one that does not stays above the barrier.
struct LeakproofPredicate: Equatable, Sendable {
    enum Test: Equatable, Sendable {
        /// `=`, `<>`, `<`, `<=`, `>`, `>=`
        case compare(RowPredicate.Comparison, Constant)
        case among([Constant])
        case between(Constant, Constant)
        case isNull
        case isNotNull
    }

    enum Constant: Equatable, Sendable {
        case text(String)
        /// A whole number, as written.
        case integer(String)
        case boolean(Bool)
        /// `DATE '2024-02-18'`: the text of a cast to a date or timestamp.
        case cast(String, to: String)
    }

    var column: String
    /// The table's name or alias before the column, if there is one.
    var qualifier: String?
    var test: Test

    /// What the WHERE of a SELECT says of single columns, as far as it is joined by AND alone.
    ///
    /// Only where FROM is one table: in a join a column's table is not known without binding it.
    static func all(in select: JSONObject, _ qualifiers: Qualifiers) -> [LeakproofPredicate] {
        guard select["from_table"]?["type"]?.string == "BASE_TABLE",
            let condition = select["where_clause"]
        else { return [] }
        return conjuncts(of: condition).compactMap { LeakproofPredicate($0, qualifiers) }
    }

    private static func conjuncts(of condition: JSONValue) -> [JSONValue] {
        guard condition["type"]?.string == "CONJUNCTION_AND" else { return [condition] }
        return (condition["children"]?.array ?? []).flatMap(conjuncts)
    }

    private init?(_ condition: JSONValue, _ qualifiers: Qualifiers) {
        func column(_ node: JSONValue) -> (name: String, qualifier: String?)? {
            Self.column(node, qualifiers)
        }
        switch condition["class"]?.string {
        case "COMPARISON":
            guard let comparison = Self.comparisons[condition["type"]?.string ?? ""],
                let left = condition["left"], let right = condition["right"]
            else { return nil }
            if let column = column(left), let constant = Constant(right) {
                self.init(column, .compare(comparison, constant))
            } else if let column = column(right), let constant = Constant(left) {
                self.init(column, .compare(comparison.mirrored, constant))
            } else {
                return nil
            }
        case "BETWEEN":
            guard let column = condition["input"].flatMap(column),
                let low = condition["lower"].flatMap(Constant.init),
                let high = condition["upper"].flatMap(Constant.init)
            else { return nil }
            self.init(column, .between(low, high))
        case "OPERATOR":
            guard let children = condition["children"]?.array, let first = children.first,
                let column = column(first)
            else { return nil }
            switch condition["type"]?.string {
            case "OPERATOR_IS_NULL": self.init(column, .isNull)
            case "OPERATOR_IS_NOT_NULL": self.init(column, .isNotNull)
            case "COMPARE_IN":
                let constants = children.dropFirst().map(Constant.init)
                guard !constants.contains(where: { $0 == nil }) else { return nil }
                self.init(column, .among(constants.compactMap(\.self)))
            default: return nil
            }
        default: return nil
        }
    }

    private init(_ column: (name: String, qualifier: String?), _ test: Test) {
        self.column = column.name.lowercased()
        qualifier = column.qualifier
        self.test = test
    }

    private static let comparisons: [String: RowPredicate.Comparison] = [
        "COMPARE_EQUAL": .equal, "COMPARE_NOTEQUAL": .notEqual, "COMPARE_LESSTHAN": .less,
        "COMPARE_LESSTHANOREQUALTO": .lessOrEqual, "COMPARE_GREATERTHAN": .greater,
        "COMPARE_GREATERTHANOREQUALTO": .greaterOrEqual,
    ]

    /// Whether the qualifier is the table's is decided where the table is known: what stands before the
    /// dot can also be an outer table, or a column with fields.
    private static func column(
        _ node: JSONValue, _ qualifiers: Qualifiers
    ) -> (name: String, qualifier: String?)? {
        guard node["class"]?.string == "COLUMN_REF", let object = node.object,
            let names = qualifiers.shortened(object)["column_names"]?.array?.compactMap(\.string),
            let name = names.last, names.count <= 2
        else { return nil }
        return (name, names.count == 2 ? names[0] : nil)
    }
}

extension LeakproofPredicate.Constant {
    fileprivate init?(_ node: JSONValue) {
        switch node["class"]?.string {
        case "CONSTANT":
            guard let value = node["value"], value["is_null"]?.bool == false else { return nil }
            switch (value["type"]?["id"]?.string, value["value"]) {
            case ("VARCHAR", .string(let text)?): self = .text(text)
            case ("INTEGER", .number(let text)?), ("BIGINT", .number(let text)?):
                self = .integer(text)
            case ("BOOLEAN", .bool(let flag)?): self = .boolean(flag)
            default: return nil
            }
        case "CAST":
            guard let child = node["child"], case .text(let text)? = Self(child),
                node["try_cast"]?.bool == false,
                let type = node["cast_type"]?["id"]?.string,
                ["DATE", "TIMESTAMP"].contains(type)
            else { return nil }
            self = .cast(text, to: type)
        default: return nil
        }
    }
}

extension RowPredicate.Comparison {
    /// The same comparison with its sides exchanged.
    fileprivate var mirrored: RowPredicate.Comparison {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}
