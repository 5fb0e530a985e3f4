/// A type as catalogues write it, and as the engine calls it.
///
/// Source: AWS Athena User Guide, "Data types in Amazon Athena".
indirect enum HiveType: Hashable, Sendable {
    /// One without parts, by the engine's name.
    case simple(String)
    case array(HiveType)
    case map(HiveType, HiveType)
    case structure([Field])

    struct Field: Hashable, Sendable {
        var name: String
        var type: HiveType
    }

    private static let names: [String: String] = [
        "string": "VARCHAR", "varchar": "VARCHAR", "char": "VARCHAR", "boolean": "BOOLEAN",
        "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "integer": "INTEGER",
        "bigint": "BIGINT", "long": "BIGINT", "float": "FLOAT", "real": "FLOAT",
        "double": "DOUBLE", "date": "DATE", "timestamp": "TIMESTAMP", "binary": "BLOB",
        "timestamp with time zone": "TIMESTAMP WITH TIME ZONE", "decimal": "DECIMAL(10,0)",
    ]

    /// - Throws: ``QueryFault`` for a type that the engine has not, named.
    init(_ text: String) throws(QueryFault) {
        var reader = TypeReader(text.lowercased())
        guard let type = reader.type(), reader.isAtEnd else {
            throw QueryFault("TYPE_NOT_SUPPORTED", "Type '\(text)' is not supported")
        }
        self = type
    }

    var isNested: Bool { if case .simple = self { false } else { true } }

    /// The engine's name.
    var sql: String {
        switch self {
        case .simple(let name): name
        case .array(let item): "\(item.sql)[]"
        case .map(let key, let value): "MAP(\(key.sql), \(value.sql))"
        case .structure(let fields):
            "STRUCT(\(fields.map { "\"\($0.name)\" \($0.type.sql)" }.joined(separator: ", ")))"
        }
    }

    /// `array<struct<a:int,b:decimal(10,2)>>`, from the outside in.
    private struct TypeReader {
        private var rest: Substring
        private var nesting = 0
        static let nestingMax = 32

        init(_ text: String) { rest = text[...] }

        var isAtEnd: Bool { rest.allSatisfy(\.isWhitespace) }

        mutating func type() -> HiveType? {
            guard nesting < Self.nestingMax else { return nil }
            nesting += 1
            defer { nesting -= 1 }
            let name = word()
            switch name {
            case "array":
                guard take("<"), let item = type(), take(">") else { return nil }
                return .array(item)
            case "map":
                guard take("<"), let key = type(), take(","), let value = type(), take(">") else {
                    return nil
                }
                return .map(key, value)
            case "struct": return structure()
            case "decimal":
                guard take("(") else { return HiveType.names[name].map(HiveType.simple) }
                let precision = number()
                let scale = take(",") ? number() : 0
                guard let precision, let scale, (1...38).contains(precision), scale <= precision,
                    take(")")
                else { return nil }
                return .simple("DECIMAL(\(precision),\(scale))")
            case "varchar", "char":
                if take("(") { guard number() != nil, take(")") else { return nil } }
                return HiveType.names[name].map(HiveType.simple)
            default: return HiveType.names[name].map(HiveType.simple)
            }
        }

        private mutating func structure() -> HiveType? {
            guard take("<") else { return nil }
            var fields: [Field] = []
            repeat {
                let name = word()
                guard !name.isEmpty, take(":"), let type = type() else { return nil }
                fields.append(Field(name: name, type: type))
            } while take(",")
            return take(">") ? .structure(fields) : nil
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
