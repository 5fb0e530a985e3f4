/// A statement, ready to be asked.
///
/// An object, so that asking thirty of them copies none.
final class StatementMatcher: Equatable, Sendable {
    let effect: PolicyDocument.Statement.Effect
    private let principals: PrincipalSet?
    private let actions: PolicyDocument.Statement.Values<ActionPattern>
    /// Nil: whatever the policy is attached to.
    private let resources: PolicyDocument.Statement.Values<ARNPattern>?
    private let conditions: [Condition]

    /// - Throws: ``PolicyFault`` for anything that would not be honoured.
    init(_ said: PolicyDocument.Statement, _ syntax: TextPattern.Syntax) throws(PolicyFault) {
        effect = said.effect
        principals =
            if let principals = said.principals {
                try Self.read(principals, as: "Principal") { () throws(PolicyFault) in
                    try PrincipalSet(principals, of: said.effect)
                }
            } else {
                nil
            }
        actions = try Self.read(said.actions, as: "Action") { () throws(PolicyFault) in
            try said.actions.map { text throws(PolicyFault) in try ActionPattern(text) }
        }
        resources =
            if let resources = said.resources {
                try Self.read(resources, as: "Resource") { () throws(PolicyFault) in
                    try resources.map { text throws(PolicyFault) in
                        try ARNPattern(resource: text, syntax)
                    }
                }
            } else {
                nil
            }
        conditions = try PolicyFault.locating("Condition") { () throws(PolicyFault) in
            try Self.read(said.conditions, syntax)
        }
    }

    private static func read<Value, Read>(
        _ values: PolicyDocument.Statement.Values<Value>, as element: String,
        _ body: () throws(PolicyFault) -> Read
    ) throws(PolicyFault) -> Read {
        let place = if case .only = values { element } else { "Not" + element }
        guard !values.all.isEmpty else { throw PolicyFault("The list is empty.", at: place) }
        return try PolicyFault.locating(place, body)
    }

    private static func read(
        _ said: [PolicyDocument.Statement.Condition], _ syntax: TextPattern.Syntax
    ) throws(PolicyFault) -> [Condition] {
        var conditions: [Condition] = []
        // JSON could only say it by joining the values, which would allow more.
        var seen: Set<[String]> = []
        for condition in said {
            guard seen.insert([condition.operator, condition.key.lowercased()]).inserted else {
                throw PolicyFault(
                    "The key \(PolicyFault.quote(condition.key)) is there twice.",
                    at: condition.operator)
            }
            conditions.append(try Condition(condition, syntax))
        }
        return conditions
    }

    static func == (one: StatementMatcher, other: StatementMatcher) -> Bool {
        one.effect == other.effect && one.principals == other.principals
            && one.actions == other.actions && one.resources == other.resources
            && one.conditions == other.conditions
    }

    /// How the statement names the caller. Nil: it names nobody.
    func names(_ principal: Access.Principal) -> PrincipalPattern.Naming? {
        principals?.names(principal)
    }

    /// Whether it is about this access, whoever asks.
    ///
    /// - Parameter action: The access's, in small letters.
    func matches(_ access: Access, action: String) -> Match {
        guard actions.matches({ Match($0.matches(lowercased: action)) }) == .yes else {
            return .no
        }
        let resource = resources?.matches { $0.matches(access.resource, for: access) } ?? .yes
        if resource == .no { return .no }
        return min(resource, conditions.allMatch { $0.holds(for: access) })
    }
}
