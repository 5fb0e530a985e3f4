/// Text in which some places are open: `*` for any run, `?` for one character, and variables.
///
/// Made once, when a policy is read. What a variable stands for is put in as plain bytes, so a name
/// with a `*` in it is a name with a `*` in it.
struct TextPattern: Hashable, Sendable {
    enum Token: Hashable, Sendable {
        case byte(UInt8)
        /// `*`
        case run
        /// `?`: one Unicode scalar.
        case one
        /// An index into `variables`.
        case variable(UInt16)
    }

    struct Variable: Hashable, Sendable {
        var key: ConditionKey
        /// `${aws:username, 'nobody'}`
        var fallback: String?
    }

    let tokens: [Token]
    /// Those of the whole text it was part of, or none if it has none.
    let variables: [Variable]
    /// Its own letters are small already.
    let foldsCase: Bool

    init(tokens: [Token], variables: [Variable], foldsCase: Bool = false) {
        let hasVariable = tokens.contains { if case .variable = $0 { true } else { false } }
        self.tokens = tokens
        self.variables = hasVariable ? variables : []
        self.foldsCase = foldsCase
    }

    /// Open where only a variable without a value keeps the text from matching: where some value
    /// of it would do.
    func matches(_ text: String, for access: Access) -> Match {
        foldsCase
            ? matches(folded: text.lowercased(), for: access)
            : matches(folded: text, for: access)
    }

    private func matches(folded text: String, for access: Access) -> Match {
        if variables.isEmpty { return Match(Self.match(tokens.span, text.utf8.span)) }
        var isOpen = false
        var filled: [Token] = []
        for token in tokens {
            guard case .variable(let place) = token else {
                filled.append(token)
                continue
            }
            if let value = value(of: variables[Int(place)], for: access) {
                filled.append(contentsOf: value.utf8.map(Token.byte))
            } else {
                isOpen = true
                filled.append(.run)
            }
        }
        guard Self.match(filled.span, text.utf8.span) else { return .no }
        return isOpen ? .open : .yes
    }

    private func value(of variable: Variable, for access: Access) -> String? {
        let value: String? =
            switch access.values(of: variable.key) {
            case .absent: variable.fallback
            case .one(let value): value
            case .several: nil
            }
        return foldsCase ? value?.lowercased() : value
    }

    /// Of patterns that cannot have variables, such as actions.
    func matches(_ text: String) -> Bool { Self.match(tokens.span, text.utf8.span) }

    /// Only the last star is ever tried again, so that the steps are at most the pattern's length
    /// times the text's, whatever the pattern.
    private static func match(_ pattern: Span<Token>, _ text: Span<UInt8>) -> Bool {
        var place = 0
        var read = 0
        var star: Int?
        var retry = 0
        while read < text.count {
            if place < pattern.count {
                switch pattern[place] {
                case .byte(let byte) where byte == text[read]:
                    place += 1
                    read += 1
                    continue
                case .one:
                    place += 1
                    read = nextScalar(after: read, of: text)
                    continue
                case .run:
                    star = place
                    retry = read
                    place += 1
                    if place == pattern.count { return true }
                    continue
                case .byte, .variable: break
                }
            }
            guard let star else { return false }
            place = star + 1
            retry += 1
            read = retry
        }
        while place < pattern.count, pattern[place] == .run { place += 1 }
        return place == pattern.count
    }

    private static func nextScalar(after place: Int, of text: Span<UInt8>) -> Int {
        var next = place + 1
        while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }
}

extension TextPattern {
    var hasWildcards: Bool { tokens.contains { $0 == .run || $0 == .one } }

    /// At the first `splitsMax` colons of its own: those in a variable's value never count.
    func splitAtColons(splitsMax: Int) -> [TextPattern] {
        tokens.split(
            separator: .byte(UInt8(ascii: ":")), maxSplits: splitsMax,
            omittingEmptySubsequences: false
        ).map { TextPattern(tokens: Array($0), variables: variables, foldsCase: foldsCase) }
    }
}
