/// The types that catalogues write, as the engine's.
///
/// Source: AWS Athena User Guide, "Data types in Amazon Athena".
enum HiveType {
    private static let simple: [String: String] = [
        "string": "VARCHAR", "varchar": "VARCHAR", "char": "VARCHAR", "boolean": "BOOLEAN",
        "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "integer": "INTEGER",
        "bigint": "BIGINT", "long": "BIGINT", "float": "FLOAT", "real": "FLOAT",
        "double": "DOUBLE", "date": "DATE", "timestamp": "TIMESTAMP", "binary": "BLOB",
        "timestamp with time zone": "TIMESTAMP WITH TIME ZONE", "decimal": "DECIMAL(10,0)",
    ]

    /// - Throws: ``QueryFault`` for a type that the engine has not, named.
    static func engineType(_ text: String) throws -> String {
        var reader = TypeReader(text.lowercased())
        guard let type = reader.type(), reader.isAtEnd else {
            throw QueryFault("TYPE_NOT_SUPPORTED", "Type '\(text)' is not supported")
        }
        return type
    }

    /// `array<struct<a:int,b:decimal(10,2)>>`, from the outside in.
    private struct TypeReader {
        private var rest: Substring
        private var nesting = 0
        static let nestingMax = 32

        init(_ text: String) { rest = text[...] }

        var isAtEnd: Bool { rest.allSatisfy(\.isWhitespace) }

        mutating func type() -> String? {
            guard nesting < Self.nestingMax else { return nil }
            nesting += 1
            defer { nesting -= 1 }
            let name = word()
            switch name {
            case "array":
                guard take("<"), let item = type(), take(">") else { return nil }
                return "\(item)[]"
            case "map":
                guard take("<"), let key = type(), take(","), let value = type(), take(">") else {
                    return nil
                }
                return "MAP(\(key), \(value))"
            case "struct": return structure()
            case "decimal":
                guard take("(") else { return HiveType.simple[name] }
                let precision = number()
                let scale = take(",") ? number() : 0
                guard let precision, let scale, (1...38).contains(precision), scale <= precision,
                    take(")")
                else { return nil }
                return "DECIMAL(\(precision),\(scale))"
            case "varchar", "char":
                if take("(") { guard number() != nil, take(")") else { return nil } }
                return HiveType.simple[name]
            default: return HiveType.simple[name]
            }
        }

        private mutating func structure() -> String? {
            guard take("<") else { return nil }
            var fields: [String] = []
            repeat {
                let name = word()
                guard !name.isEmpty, take(":"), let type = type() else { return nil }
                fields.append("\"\(name)\" \(type)")
            } while take(",")
            return take(">") ? "STRUCT(\(fields.joined(separator: ", ")))" : nil
        }

        private mutating func word() -> String {
            let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == " " }
            rest = rest.dropFirst(word.count)
            return word.split(separator: " ").joined(separator: " ")
        }

        private mutating func number() -> Int? {
            let digits = rest.drop(while: \.isWhitespace).prefix(while: \.isNumber)
            rest = rest[digits.endIndex...]
            return Int(digits)
        }

        private mutating func take(_ character: Character) -> Bool {
            rest = rest.drop(while: \.isWhitespace)
            guard rest.first == character else { return false }
            rest = rest.dropFirst()
            return true
        }
    }
}
