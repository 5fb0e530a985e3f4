extension TextPattern {
    /// What is more than plain text, there where the pattern stands.
    struct Syntax: OptionSet, Sendable {
        let rawValue: Int

        static let wildcards = Syntax(rawValue: 1)
        /// `${…}`: documents of version 2012-10-17.
        static let variables = Syntax(rawValue: 2)
    }

    /// - Throws: ``PolicyFault`` if a variable is none that we know, or does not end.
    ///
    /// Source: IAM User Guide, "IAM policy elements: Variables and tags".
    init(_ text: String, _ syntax: Syntax, foldsCase: Bool = false) throws(PolicyFault) {
        var reader = PatternReader(text: foldsCase ? text.lowercased() : text, syntax: syntax)
        try reader.readAll()
        self.init(tokens: reader.tokens, variables: reader.variables, foldsCase: foldsCase)
    }

    /// The pattern that matches `name` and nothing else: for a text between or around which a
    /// policy may then have wildcards of its own.
    static func exactly(_ name: String) -> String {
        var pattern = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "*": pattern += "${*}"
            case "?": pattern += "${?}"
            case "$": pattern += "${$}"
            default: pattern.unicodeScalars.append(scalar)
            }
        }
        return pattern
    }
}

private struct PatternReader {
    let text: String
    let syntax: TextPattern.Syntax
    var tokens: [TextPattern.Token] = []
    var variables: [TextPattern.Variable] = []
    private var rest: Substring.UTF8View

    init(text: String, syntax: TextPattern.Syntax) {
        self.text = text
        self.syntax = syntax
        rest = text[...].utf8
    }

    mutating func readAll() throws(PolicyFault) {
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*") where syntax.contains(.wildcards): tokens.append(.run)
            case UInt8(ascii: "?") where syntax.contains(.wildcards): tokens.append(.one)
            case UInt8(ascii: "$")
            where syntax.contains(.variables) && rest.first == UInt8(ascii: "{"):
                rest.removeFirst()
                try readVariable()
            default: tokens.append(.byte(byte))
            }
        }
    }

    /// After `${`.
    private mutating func readVariable() throws(PolicyFault) {
        for special in [UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "$")]
        where rest.first == special && rest.dropFirst().first == UInt8(ascii: "}") {
            rest = rest.dropFirst(2)
            tokens.append(.byte(special))
            return
        }
        let name = take { $0 != UInt8(ascii: "}") && $0 != UInt8(ascii: ",") }
        var fallback: String?
        if rest.first == UInt8(ascii: ",") {
            rest.removeFirst()
            skipSpaces()
            guard rest.popFirst() == UInt8(ascii: "'") else { throw unreadable }
            fallback = take { $0 != UInt8(ascii: "'") }
            guard rest.popFirst() == UInt8(ascii: "'") else { throw unreadable }
            skipSpaces()
        }
        guard rest.popFirst() == UInt8(ascii: "}") else { throw unreadable }
        guard let key = ConditionKey(name) else {
            throw PolicyFault("The variable \(PolicyFault.quote(name)) is not served.")
        }
        guard let place = UInt16(exactly: variables.count) else {
            throw PolicyFault("There are too many variables in one value.")
        }
        tokens.append(.variable(place))
        variables.append(.init(key: key, fallback: fallback))
    }

    private var unreadable: PolicyFault {
        PolicyFault(
            "A variable of \(PolicyFault.quote(text)) is neither ${key} nor ${key, 'default'}.")
    }

    private mutating func take(while isPart: (UInt8) -> Bool) -> String {
        let part = rest.prefix(while: isPart)
        rest = rest.dropFirst(part.count)
        return String(decoding: part, as: UTF8.self)
    }

    private mutating func skipSpaces() {
        rest = rest.drop { $0 == UInt8(ascii: " ") }
    }
}
