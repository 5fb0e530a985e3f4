extension String {
    /// This text as an SQL string literal, quotes included.
    public var sqlLiteral: String { quoted("'") }

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
