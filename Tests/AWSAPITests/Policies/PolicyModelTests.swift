import AWSAPI
import Testing

@Suite struct `The policy evaluator` {
    /// A few dozen decisions a seed, over few letters, so that most statements are nearly about most
    /// requests.
    @Test(arguments: UInt64(1)...300)
    func `decides as the obvious model does`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<25 {
            let request = PolicyModel.Request.random(using: &random)
            let identity = random.statements(for: request, withPrincipals: false)
            let resource =
                Bool.random(using: &random)
                ? random.statements(for: request, withPrincipals: true) : nil
            let session =
                Int.random(in: 0..<4, using: &random) == 0
                ? random.statements(for: request, withPrincipals: false) : nil

            let expected = PolicyModel.decide(
                request, identity: identity, resource: resource, session: session)
            let policies = Policies(
                identity: try [PolicyDocument(parsing: identity.text, as: .identity)],
                resource: try resource.map { try PolicyDocument(parsing: $0.text, as: .resource) },
                session: try session.map { try PolicyDocument(parsing: $0.text, as: .session) })
            let decision = decide(try request.access(), under: policies)
            #expect(
                decision.refusal == expected,
                """
                \(request), identity \(identity.text), resource \(resource?.text ?? "none"), \
                session \(session?.text ?? "none")
                """)
        }
    }
}

extension PolicyModel.Request {
    fileprivate static func random(using random: inout SeededRandom) -> PolicyModel.Request {
        let kind = Int.random(in: 0..<5, using: &random)
        var context: [ConditionKey: [String]] = [:]
        for key in [ConditionKey.prefix, .delimiter, .maxKeys] {
            let count = [0, 1, 1, 1, 2].randomElement(using: &random) ?? 1
            let values = (0..<count).map { _ in
                key == .maxKeys
                    ? ["1", "2", "3", "x"].randomElement(using: &random) ?? "1"
                    : random.word(upTo: 3)
            }
            if !values.isEmpty { context[key] = values }
        }
        if kind < 2 { context[.username] = ["a"] }
        return PolicyModel.Request(
            caller: kind < 2
                ? "arn:aws:iam::222222222222:user/a"
                : "arn:aws:sts::222222222222:assumed-role/r/s",
            account: "222222222222",
            role: kind < 2 ? nil : "arn:aws:iam::222222222222:role/r",
            isAnonymous: kind == 4,
            action: random.chance(2) ? "s3:Get" : "s3:Put",
            key: random.word(upTo: 4).isEmpty ? "a" : "a" + random.word(upTo: 3),
            owner: [nil, "222222222222", "111111111111"].randomElement(using: &random) ?? nil,
            context: context)
    }

    fileprivate func access() throws -> Access {
        let account = try #require(AccountID(rawValue: account))
        let principal: Access.Principal =
            if isAnonymous {
                .anonymous(in: account)
            } else if let role {
                .session(
                    try #require(ARN(caller)), of: try #require(ARN(role)), in: account, id: "R:s")
            } else {
                .user("a", in: account, id: "U")
            }
        var given: Access.Context = [:]
        for (key, values) in context where key != .username {
            for value in values { given.add(key, value) }
        }
        return Access(
            by: principal, action: action,
            resource: try #require(ARN("arn:aws:s3:::" + key)),
            owner: owner.flatMap(AccountID.init(rawValue:)), context: given)
    }
}

extension SeededRandom {
    /// One time in `count`.
    fileprivate mutating func chance(_ count: Int) -> Bool {
        Int.random(in: 0..<count, using: &self) == 0
    }

    fileprivate mutating func word(upTo countMax: Int) -> String {
        let letters: [Character] = ["a", "a", "A", "b", "*", "?", "$", "{", "}", "é"]
        return String(
            (0..<Int.random(in: 0...countMax, using: &self)).map { _ in
                letters.randomElement(using: &self) ?? "a"
            })
    }

    /// Often one that was made from the text, so that it has something to match.
    fileprivate mutating func pattern(
        near text: String, wildcards: Bool = true, variables: Bool = true
    ) -> PolicyModel.Pattern {
        var pattern = (chance(4) ? word(upTo: 4) : text).map(PolicyModel.Piece.character)
        for place in pattern.indices where chance(4) {
            switch Int.random(in: 0..<4, using: &self) {
            case 0 where wildcards: pattern[place] = .star
            case 1 where wildcards: pattern[place] = .question
            case 2 where variables:
                let key: ConditionKey = chance(2) ? .username : .prefix
                pattern[place] = .variable(key, fallback: chance(3) ? word(upTo: 2) : nil)
            default: break
            }
        }
        if wildcards, chance(3) { pattern.append(.star) }
        return pattern
    }

    fileprivate mutating func statements(
        for request: PolicyModel.Request, withPrincipals: Bool
    ) -> [PolicyModel.Statement] {
        (0..<Int.random(in: 1...3, using: &self)).map { _ in
            statement(for: request, withPrincipals: withPrincipals)
        }
    }

    private mutating func statement(
        for request: PolicyModel.Request, withPrincipals: Bool
    ) -> PolicyModel.Statement {
        let isAllow = !chance(4)
        let actions: [[PolicyModel.Piece]] = [
            [.star], Array("s3:Get").map(PolicyModel.Piece.character),
            Array("s3:pu").map(PolicyModel.Piece.character) + [.question],
            Array("S3:").map(PolicyModel.Piece.character) + [.star],
        ]
        var principals: [String]?
        if withPrincipals {
            let pool = [
                "arn:aws:iam::222222222222:root", "arn:aws:iam::222222222222:user/a",
                "arn:aws:iam::222222222222:role/r", "arn:aws:sts::222222222222:assumed-role/r/s",
                "arn:aws:iam::333333333333:root",
            ]
            principals = chance(4) ? ["*"] : pool.filter { _ in chance(2) }
            if principals == [] { principals = ["arn:aws:iam::333333333333:root"] }
        }
        return PolicyModel.Statement(
            isAllow: isAllow, principals: principals,
            exceptsPrincipals: !isAllow && principals != ["*"] && withPrincipals && chance(3),
            actions: [actions.randomElement(using: &self) ?? [.star]], exceptsActions: chance(6),
            resources: (0..<Int.random(in: 1...2, using: &self)).map { _ in
                chance(3) ? [.star] : pattern(near: request.key)
            }.map { $0.isEmpty ? [.star] : $0 },
            exceptsResources: chance(6),
            conditions: conditions(for: request))
    }

    /// One of each operator: JSON has a place for no more.
    private mutating func conditions(
        for request: PolicyModel.Request
    ) -> [PolicyModel.Condition] {
        var conditions: [PolicyModel.Condition] = []
        for _ in 0..<max(0, Int.random(in: -1...2, using: &self)) {
            let next = condition(for: request)
            if !conditions.contains(where: { $0.name == next.name }) { conditions.append(next) }
        }
        return conditions
    }

    private mutating func condition(for request: PolicyModel.Request) -> PolicyModel.Condition {
        let comparisons = [
            "StringEquals", "StringNotEquals", "StringLike", "StringNotLike",
            "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "NumericEquals",
            "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals", "Null",
        ]
        let comparison = comparisons.randomElement(using: &self) ?? "Null"
        let isNumeric = comparison.hasPrefix("Numeric")
        let key: ConditionKey = isNumeric ? .maxKeys : chance(2) ? .prefix : .delimiter
        let values = (0..<Int.random(in: 1...2, using: &self)).map { _ -> PolicyModel.Pattern in
            if comparison == "Null" {
                return Array(chance(2) ? "true" : "false").map(PolicyModel.Piece.character)
            }
            if isNumeric {
                return [.character(["1", "2", "3"].randomElement(using: &self) ?? "1")]
            }
            return pattern(
                near: request.context[key]?.first ?? "a", wildcards: comparison.hasSuffix("Like"))
        }
        guard comparison != "Null" else {
            return PolicyModel.Condition(comparison: comparison, key: key, values: values)
        }
        return PolicyModel.Condition(
            quantifier: ["", "", "ForAllValues:", "ForAnyValue:"].randomElement(using: &self) ?? "",
            comparison: comparison, ifExists: chance(4), key: key, values: values)
    }
}
