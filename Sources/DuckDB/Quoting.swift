extension String {
    /// This text as an SQL string literal, quotes included.
    public var sqlLiteral: String { quoted("'") }

    /// The file of this path, and no other, as an SQL string literal: where the engine reads files it takes
    /// `*`, `?` and `[` for patterns.
    public var sqlFileLiteral: String {
        guard contains(where: { "*?[".contains($0) }) else { return sqlLiteral }
        return map { "*?[".contains($0) ? "[\($0)]" : String($0) }.joined().sqlLiteral
    }

    /// This text as an SQL identifier, quotes included.
    public var sqlIdentifier: String { quoted("\"") }

    private func quoted(_ quote: Character) -> String {
        var result = String(quote)
        for character in unicodeScalars {
            if character == quote.unicodeScalars.first { result.unicodeScalars.append(character) }
            result.unicodeScalars.append(character)
        }
        result.append(quote)
        return result
    }
}
