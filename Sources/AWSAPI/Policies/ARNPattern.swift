/// ARNs, each of the six parts matched for itself.
///
/// A `*` never reaches over one of the first five colons, so that a name with colons in it cannot
/// pass for another region or account. In the last part it spans colons and slashes alike.
struct ARNPattern: Hashable, Sendable {
    /// Partition, service, region, account and resource. Fewer: the rest does not matter.
    private let parts: [TextPattern]

    func matches(_ arn: ARN, for access: Access) -> Match {
        var worst = Match.yes
        for place in parts.indices where worst != .no {
            worst = min(worst, matches(arn, at: place, for: access))
        }
        return worst
    }

    private func matches(_ arn: ARN, at place: Int, for access: Access) -> Match {
        switch place {
        case 0: parts[place].matches(arn.partition, for: access)
        case 1: parts[place].matches(arn.service, for: access)
        case 2: parts[place].matches(arn.region, for: access)
        case 3: parts[place].matches(arn.account, for: access)
        default: parts[place].matches(arn.resource, for: access)
        }
    }
}

extension ARNPattern {
    /// A value of `Resource`: `*`, an ARN of six parts, or one that ends early in a `*`, which then
    /// stands for all that follows (`arn:aws:sqs:eu-west-1:*`).
    ///
    /// Source: IAM User Guide, "IAM JSON policy elements: Resource".
    init(resource text: String, _ syntax: TextPattern.Syntax) throws(PolicyFault) {
        let whole = try TextPattern(text, syntax.union(.wildcards))
        if whole.tokens == [.run] {
            parts = []
            return
        }
        let parts = try Self.parts(of: whole, text)
        guard parts.count == 5 || (parts.count >= 3 && parts.last?.tokens.last == .run) else {
            throw Self.noARN(text)
        }
        guard !parts[1].tokens.isEmpty, !parts[1].hasWildcards else {
            throw PolicyFault("\(PolicyFault.quote(text)) does not name one service.")
        }
        guard parts.prefix(4).allSatisfy({ $0.variables.isEmpty }) else {
            throw PolicyFault(
                "\(PolicyFault.quote(text)) has a variable before the fifth colon of the ARN.")
        }
        self.parts = parts
    }

    /// A value of an ARN condition operator: six parts, open anywhere.
    init(condition text: String, _ syntax: TextPattern.Syntax) throws(PolicyFault) {
        parts = try Self.parts(of: TextPattern(text, syntax.union(.wildcards)), text)
        guard parts.count == 5 else { throw Self.noARN(text) }
    }

    /// Without the first, which is always `arn`.
    private static func parts(
        of whole: TextPattern, _ text: String
    ) throws(PolicyFault) -> [TextPattern] {
        let parts = whole.splitAtColons(splitsMax: 5)
        guard parts.first?.tokens == "arn".utf8.map(TextPattern.Token.byte) else {
            throw noARN(text)
        }
        return Array(parts.dropFirst())
    }

    private static func noARN(_ text: String) -> PolicyFault {
        PolicyFault(
            "\(PolicyFault.quote(text)) is no ARN (arn:partition:service:region:account:…).")
    }
}
