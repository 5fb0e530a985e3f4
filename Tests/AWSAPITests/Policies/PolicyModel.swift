import AWSAPI

/// Policies the obvious way: patterns as lists of pieces, matching by recursion, one rule a line.
///
/// It shares nothing with what it checks. Nil is what a request leaves open.
enum PolicyModel {
    enum Piece {
        case character(Character)
        case star
        case question
        case variable(ConditionKey, fallback: String?)

        var text: String {
            switch self {
            case .character("*"): "${*}"
            case .character("?"): "${?}"
            case .character("$"): "${$}"
            case .character(let character): String(character)
            case .star: "*"
            case .question: "?"
            case .variable(let key, nil): "${\(key.name)}"
            case .variable(let key, let fallback?): "${\(key.name), '\(fallback)'}"
            }
        }
    }

    typealias Pattern = [Piece]

    struct Request {
        var caller: String
        var account: String
        var role: String?
        var isAnonymous: Bool
        var action: String
        var key: String
        var owner: String?
        var context: [ConditionKey: [String]]
    }

    struct Condition {
        var quantifier = ""
        var comparison: String
        var ifExists = false
        var key: ConditionKey
        var values: [Pattern]

        var name: String { quantifier + comparison + (ifExists ? "IfExists" : "") }
    }

    struct Statement {
        var isAllow: Bool
        var principals: [String]?
        var exceptsPrincipals = false
        var actions: [Pattern]
        var exceptsActions = false
        var resources: [Pattern]
        var exceptsResources = false
        var conditions: [Condition]
    }

    // MARK: Matching

    static func matches(_ pattern: ArraySlice<Piece>, _ text: ArraySlice<Character>) -> Bool {
        guard let piece = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        switch piece {
        case .star:
            return matches(rest, text) || (!text.isEmpty && matches(pattern, text.dropFirst()))
        case .question: return !text.isEmpty && matches(rest, text.dropFirst())
        case .character(let character):
            return text.first == character && matches(rest, text.dropFirst())
        case .variable: return false
        }
    }

    static func matches(_ pattern: Pattern, _ text: String, _ request: Request) -> Bool? {
        var isOpen = false
        let filled = pattern.flatMap { piece -> Pattern in
            guard case .variable(let key, let fallback) = piece else { return [piece] }
            let values = request.context[key] ?? []
            if values.count == 1 { return values[0].map(Piece.character) }
            if values.isEmpty, let fallback { return fallback.map(Piece.character) }
            isOpen = true
            return [.star]
        }
        guard matches(filled[...], Array(text)[...]) else { return false }
        return isOpen ? nil : true
    }

    static func any(_ values: [Bool?]) -> Bool? {
        values.contains(true) ? true : values.contains(nil) ? nil : false
    }

    static func all(_ values: [Bool?]) -> Bool? {
        values.contains(false) ? false : values.contains(nil) ? nil : true
    }

    // MARK: Conditions

    static func holds(_ condition: Condition, _ request: Request) -> Bool? {
        let given = request.context[condition.key] ?? []
        if condition.comparison == "Null" {
            return condition.values.contains { text($0) == (given.isEmpty ? "true" : "false") }
        }
        let isNegated = condition.comparison.contains("Not")
        if given.isEmpty {
            if condition.quantifier == "ForAllValues:" { return true }
            if condition.quantifier == "ForAnyValue:" { return false }
            return condition.ifExists || isNegated
        }
        let positive = given.map { value in
            any(condition.values.map { equals(condition.comparison, value, $0, request) })
        }
        let judged = positive.map { isNegated ? $0.map { !$0 } : $0 }
        switch condition.quantifier {
        case "ForAllValues:": return all(judged)
        case "ForAnyValue:": return any(judged)
        default: return isNegated ? any(positive).map { !$0 } : any(positive)
        }
    }

    static func text(_ pattern: Pattern) -> String { pattern.map(\.text).joined() }

    static func equals(
        _ comparison: String, _ value: String, _ pattern: Pattern, _ request: Request
    ) -> Bool? {
        if comparison.hasPrefix("Numeric") {
            guard let value = Int(value), let other = Int(text(pattern)) else { return nil }
            if comparison == "NumericLessThan" { return value < other }
            if comparison == "NumericGreaterThanEquals" { return value >= other }
            return value == other
        }
        if comparison.hasSuffix("IgnoreCase") {
            var request = request
            request.context = request.context.mapValues { $0.map { $0.lowercased() } }
            let folded = pattern.map { piece -> Piece in
                switch piece {
                case .character(let character):
                    .character(Character(String(character).lowercased()))
                case .variable(let key, let fallback):
                    .variable(key, fallback: fallback?.lowercased())
                case .star, .question: piece
                }
            }
            return matches(folded, value.lowercased(), request)
        }
        return matches(pattern, value, request)
    }

    // MARK: Decision

    /// 0: not, 1: as one of its account, 2: itself.
    static func naming(_ statement: Statement, _ request: Request) -> Int {
        guard let principals = statement.principals else { return 2 }
        let names = request.isAnonymous ? [] : [request.caller] + (request.role.map { [$0] } ?? [])
        let root = "arn:aws:iam::\(request.account):root"
        if statement.exceptsPrincipals {
            let levels = Set(names + [root])
            return !request.isAnonymous && levels.isSubset(of: principals) ? 0 : 2
        }
        if principals.contains("*") || principals.contains(where: names.contains) { return 2 }
        return !request.isAnonymous && principals.contains(root) ? 1 : 0
    }

    static func applies(_ statement: Statement, _ request: Request) -> Bool {
        let isAction = any(
            statement.actions.map {
                matches($0.map(lowercased), request.action.lowercased(), request)
            })
        let isResource = any(statement.resources.map { matches($0, request.key, request) })
        let match = all(
            [
                statement.exceptsActions ? isAction.map { !$0 } : isAction,
                statement.exceptsResources ? isResource.map { !$0 } : isResource,
            ] + statement.conditions.map { holds($0, request) })
        return match ?? !statement.isAllow
    }

    static func lowercased(_ piece: Piece) -> Piece {
        guard case .character(let character) = piece else { return piece }
        return .character(Character(character.lowercased()))
    }

    static func decide(
        _ request: Request, identity: [Statement], resource: [Statement]?, session: [Statement]?
    ) -> Refusal? {
        let mine = identity.filter { applies($0, request) }
        let owners = (resource ?? []).filter { applies($0, request) && naming($0, request) > 0 }
        let limits = (session ?? []).filter { applies($0, request) }
        if (mine + owners + limits).contains(where: { !$0.isAllow }) { return .explicitDeny }

        let isOwn = request.owner == nil || request.owner == request.account
        let letsIn = !request.isAnonymous && !owners.isEmpty
        let letsInDirectly = letsIn && owners.contains { naming($0, request) == 2 }
        if mine.isEmpty && !(isOwn && letsInDirectly) { return .noIdentityPolicyAllows }
        if session != nil && limits.isEmpty { return .sessionPolicyDoesNotAllow }
        if !isOwn && !letsIn { return .notOwner }
        return nil
    }
}

// MARK: - As JSON

extension PolicyModel.Statement {
    var json: JSONValue {
        var object: JSONObject = ["Effect": isAllow ? "Allow" : "Deny"]
        if let principals {
            let names = principals.filter { $0 != "*" }
            object[exceptsPrincipals ? "NotPrincipal" : "Principal"] =
                principals.contains("*") ? "*" : ["AWS": .array(names.map(JSONValue.string))]
        }
        object[exceptsActions ? "NotAction" : "Action"] = .array(
            actions.map { .string(PolicyModel.text($0)) })
        object[exceptsResources ? "NotResource" : "Resource"] = .array(
            resources.map { .string("arn:aws:s3:::" + PolicyModel.text($0)) })
        var blocks: JSONObject = [:]
        for condition in conditions {
            blocks[condition.name] = [
                condition.key.name: .array(
                    condition.values.map { .string(PolicyModel.text($0)) })
            ]
        }
        if !blocks.members.isEmpty { object["Condition"] = .object(blocks) }
        return .object(object)
    }
}

extension [PolicyModel.Statement] {
    var text: String {
        JSONValue.object(["Version": "2012-10-17", "Statement": .array(map(\.json))]).text
    }
}
