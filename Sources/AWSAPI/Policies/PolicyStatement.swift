extension PolicyDocument {
    /// What a statement says, word for word, and what it was understood to mean.
    public struct Statement: Equatable, Sendable {
        public enum Effect: String, Sendable { case allow = "Allow", deny = "Deny" }

        /// The values of an element, or of the one that negates it: `Action`, `NotAction`.
        public enum Values<Value> {
            case only([Value])
            case allBut([Value])
        }

        public enum Principal: Hashable, Sendable {
            /// `"*"`
            case everyone
            /// An account's id or root ARN, the ARN of a user, role or session, or `*`.
            case aws(String)
            /// An identity provider.
            case federated(String)
            /// `events.amazonaws.com`
            case service(String)
        }

        /// `"StringLike": {"s3:prefix": ["gold/*"]}`
        public struct Condition: Equatable, Sendable {
            public var `operator`: String
            public var key: String
            public var values: [String]

            public init(_ operator: String, _ key: String, _ values: [String]) {
                self.operator = `operator`
                self.key = key
                self.values = values
            }
        }

        public let sid: String?
        public let effect: Effect
        /// Nil in the policies of an identity, where it is the one that has the policy.
        public let principals: Values<Principal>?
        /// `s3:GetObject`, `glue:Get*`, `*`. Case does not count.
        public let actions: Values<String>
        /// ARNs with `*`, `?` and variables. Case counts. Nil in trust policies.
        public let resources: Values<String>?
        /// All have to hold.
        public let conditions: [Condition]

        /// Nil where something was not understood: the statement then allows nothing, or denies
        /// everything.
        let matcher: StatementMatcher?

        /// A statement of our own, in the language of version 2012-10-17.
        ///
        /// A name that is put into it goes through ``pattern(exactly:)`` first. A mistake, such as
        /// an operator that does not exist, makes a statement that allows nothing, or denies
        /// everything.
        ///
        /// - Parameter resources: Nil for a trust policy.
        public init(
            _ effect: Effect, sid: String? = nil, principals: [Principal]? = nil,
            actions: [String], resources: [String]? = ["*"], conditions: [Condition] = []
        ) {
            let said = Statement(
                sid: sid, effect: effect, principals: principals.map(Values.only),
                actions: .only(actions), resources: resources.map(Values.only),
                conditions: conditions)
            self.init(said, matcher: try? StatementMatcher(said, .variables))
        }

        /// A statement as it was read.
        init(
            sid: String?, effect: Effect, principals: Values<Principal>?, actions: Values<String>,
            resources: Values<String>?, conditions: [Condition], _ syntax: TextPattern.Syntax
        ) throws(PolicyFault) {
            let said = Statement(
                sid: sid, effect: effect, principals: principals, actions: actions,
                resources: resources, conditions: conditions)
            self.init(said, matcher: try StatementMatcher(said, syntax))
        }

        private init(
            sid: String?, effect: Effect, principals: Values<Principal>?, actions: Values<String>,
            resources: Values<String>?, conditions: [Condition]
        ) {
            self.sid = sid
            self.effect = effect
            self.principals = principals
            self.actions = actions
            self.resources = resources
            // As JSON has them: those of one operator together.
            var grouped: [Condition] = []
            for condition in conditions
            where !grouped.contains(where: { $0.operator == condition.operator }) {
                grouped += conditions.filter { $0.operator == condition.operator }
            }
            self.conditions = grouped
            matcher = nil
        }

        private init(_ said: Statement, matcher: StatementMatcher?) {
            sid = said.sid
            effect = said.effect
            principals = said.principals
            actions = said.actions
            resources = said.resources
            conditions = said.conditions
            self.matcher = matcher
        }

        /// What to write in `Resource`, or in a condition on text, to mean exactly `name`, whatever
        /// characters it has.
        public static func pattern(exactly name: String) -> String { TextPattern.exactly(name) }
    }
}

extension PolicyDocument.Statement.Values: Equatable where Value: Equatable {}
extension PolicyDocument.Statement.Values: Sendable where Value: Sendable {}

extension PolicyDocument.Statement.Values {
    var all: [Value] {
        switch self {
        case .only(let values), .allBut(let values): values
        }
    }

    func map<Other>(
        _ transform: (Value) throws(PolicyFault) -> Other
    ) throws(PolicyFault) -> PolicyDocument.Statement.Values<Other> {
        var others: [Other] = []
        for value in all { others.append(try transform(value)) }
        return switch self {
        case .only: .only(others)
        case .allBut: .allBut(others)
        }
    }

    func matches(_ match: (Value) -> Match) -> Match {
        switch self {
        case .only(let values): values.anyMatches(match)
        case .allBut(let values): !values.anyMatches(match)
        }
    }
}
