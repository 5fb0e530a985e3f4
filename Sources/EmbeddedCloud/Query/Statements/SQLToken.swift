/// A word, a name in quotes, a text, a number or a sign of a statement, and where it stands.
///
/// Enough to tell what kind of statement it is, and where the SELECT inside begins and ends. What a SELECT
/// says the engine's own parser reads.
struct SQLToken: Equatable, Sendable {
    enum Kind: Equatable, Sendable { case word, name, text, number, sign }

    var kind: Kind
    /// Without quotes.
    var value: String
    /// Bytes of UTF-8 from the statement's start.
    var range: Range<Int>

    /// Nil where a quote or a comment does not end.
    static func all(in statement: String) -> [SQLToken]? {
        var lexer = Lexer(bytes: Array(statement.utf8))
        return lexer.tokens()
    }

    private struct Lexer {
        let bytes: [UInt8]
        var at = 0
        /// Hive's own statements have backslashes in their texts.
        var isHive = false

        mutating func tokens() -> [SQLToken]? {
            var tokens: [SQLToken] = []
            while true {
                guard skipBlanks() else { return nil }
                guard at < bytes.count else { return tokens }
                guard let token = next() else { return nil }
                tokens.append(token)
                if tokens.count == 2 {
                    isHive = tokens.map { $0.value.lowercased() } == ["create", "external"]
                }
            }
        }

        private func byte(_ place: Int) -> UInt8? { place < bytes.count ? bytes[place] : nil }

        /// White space and comments.
        private mutating func skipBlanks() -> Bool {
            while let byte = byte(at) {
                if byte <= 0x20 {
                    at += 1
                } else if byte == UInt8(ascii: "-"), self.byte(at + 1) == UInt8(ascii: "-") {
                    while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { at += 1 }
                } else if byte == UInt8(ascii: "/"), self.byte(at + 1) == UInt8(ascii: "*") {
                    at += 2
                    while self.byte(at) != UInt8(ascii: "*")
                        || self.byte(at + 1) != UInt8(ascii: "/")
                    {
                        guard at < bytes.count else { return false }
                        at += 1
                    }
                    at += 2
                } else {
                    return true
                }
            }
            return true
        }

        private mutating func next() -> SQLToken? {
            let start = at
            switch bytes[at] {
            case UInt8(ascii: "'"): return quoted(.text, UInt8(ascii: "'"))
            case UInt8(ascii: "\""): return quoted(.name, UInt8(ascii: "\""))
            case UInt8(ascii: "`"): return quoted(.name, UInt8(ascii: "`"))
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                return run(.number) { Self.isWordByte($0) || $0 == UInt8(ascii: ".") }
            case let byte where Self.isWordByte(byte): return run(.word, Self.isWordByte)
            default:
                at += 1
                return SQLToken(
                    kind: .sign, value: String(decoding: bytes[start..<at], as: UTF8.self),
                    range: start..<at)
            }
        }

        private mutating func run(_ kind: Kind, _ isPart: (UInt8) -> Bool) -> SQLToken {
            let start = at
            while let byte = byte(at), isPart(byte) { at += 1 }
            return SQLToken(
                kind: kind, value: String(decoding: bytes[start..<at], as: UTF8.self),
                range: start..<at)
        }

        /// A quote inside is doubled.
        private mutating func quoted(_ kind: Kind, _ quote: UInt8) -> SQLToken? {
            let start = at
            var value: [UInt8] = []
            at += 1
            while let byte = byte(at) {
                at += 1
                if isHive, byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
                    guard let escaped = escaped() else { return nil }
                    value.append(escaped)
                    continue
                }
                if byte == quote {
                    guard self.byte(at) == quote else {
                        return SQLToken(
                            kind: kind, value: String(decoding: value, as: UTF8.self),
                            range: start..<at)
                    }
                    at += 1
                }
                value.append(byte)
            }
            return nil
        }

        /// What stands behind a backslash: three octal digits, a letter for a control, or itself.
        ///
        /// Source: Apache Hive, `BaseSemanticAnalyzer.unescapeSQLString`.
        private mutating func escaped() -> UInt8? {
            let digits = bytes[at...].prefix(3)
            if digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                at += 3
                return code
            }
            guard let byte = byte(at) else { return nil }
            at += 1
            return switch byte {
            case UInt8(ascii: "n"): UInt8(ascii: "\n")
            case UInt8(ascii: "r"): UInt8(ascii: "\r")
            case UInt8(ascii: "t"): UInt8(ascii: "\t")
            case UInt8(ascii: "0"): 0
            case UInt8(ascii: "b"): 8
            default: byte
            }
        }

        private static func isWordByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"),
                0x80...0xFF:
                true
            default: false
            }
        }
    }
}
