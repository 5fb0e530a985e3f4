/// One condition of a statement, ready to be asked.
struct Condition: Hashable, Sendable {
    private let `operator`: ConditionOperator
    private let key: ConditionKey
    private let comparand: Comparand

    /// - Throws: ``PolicyFault`` for an operator or a key that is not served, or a value that is not
    ///   of the operator's kind: it would not be honoured.
    init(
        _ condition: PolicyDocument.Statement.Condition, _ syntax: TextPattern.Syntax
    ) throws(PolicyFault) {
        guard let `operator` = ConditionOperator(condition.operator) else {
            throw PolicyFault(
                "The condition operator \(PolicyFault.quote(condition.operator)) is not served.")
        }
        guard let key = ConditionKey(condition.key) else {
            throw PolicyFault(
                "The condition key \(PolicyFault.quote(condition.key)) is not served.",
                at: condition.operator)
        }
        guard !condition.values.isEmpty else {
            throw PolicyFault("There is no value.", at: "\(condition.operator).\(condition.key)")
        }
        self.operator = `operator`
        self.key = key
        comparand = try PolicyFault.locating("\(condition.operator).\(condition.key)") {
            () throws(PolicyFault) in
            try Comparand(condition.values, of: `operator`.comparison, syntax)
        }
    }

    /// Source: IAM User Guide, "IAM JSON policy elements: Condition operators", the notes on keys
    /// that are not present; "Set operators for multivalued context keys".
    func holds(for access: Access) -> Match {
        switch access.values(of: key) {
        case .absent:
            if case .absence(let flags) = comparand { return Match(flags.contains(true)) }
            switch `operator`.quantifier {
            case .forAllValues: return .yes
            case .forAnyValue: return .no
            case nil: return Match(`operator`.ifExists || `operator`.comparison.isNegated)
            }
        case .one(let value): return compare(value, for: access)
        case .several(let values):
            switch `operator`.quantifier {
            case .forAllValues: return values.allMatch { compare($0, for: access) }
            case .forAnyValue: return values.anyMatches { compare($0, for: access) }
            case nil:
                let match = values.anyMatches { comparand.matches($0, for: access) }
                return `operator`.comparison.isNegated ? !match : match
            }
        }
    }

    private func compare(_ value: String, for access: Access) -> Match {
        let match = comparand.matches(value, for: access)
        return `operator`.comparison.isNegated ? !match : match
    }
}
