import AWSAPI
import Testing

/// Source: RFC 8259.
@Suite struct `A JSON text` {
    struct Good: Sendable, CustomTestStringConvertible {
        var text: String
        var value: JSONValue

        var testDescription: String { text }

        init(_ text: String, _ value: JSONValue) {
            self.text = text
            self.value = value
        }
    }

    @Test(arguments: [
        Good("null", .null),
        Good(" \t\r\n true \n", true),
        Good("false", false),
        Good("{}", [:]),
        Good("[ ]", []),
        Good("\"\"", ""),
        Good("[1,[2,{}],\"3\"]", [1, [2, [:]], "3"]),
        Good("{\"a\" : 1 , \"b\":{\"c\":null}}", ["a": 1, "b": ["c": .null]]),
        Good("{\"\":0}", ["": 0]),
        // Numbers stand as written.
        Good("0", .number("0")),
        Good("-0", .number("-0")),
        Good("1.50", .number("1.50")),
        Good("18446744073709551615", .number("18446744073709551615")),
        Good("-1E+05", .number("-1E+05")),
        Good("2e-3", .number("2e-3")),
        Good("123456789.000000000000000000001", .number("123456789.000000000000000000001")),
        // Strings.
        Good(#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")),
        Good(#""\u0041\u00e9\u6F22""#, "Aé漢"),
        Good(#""\u0000\u001f""#, .string("\u{0}\u{1F}")),
        Good(#""\uD83D\uDF1A""#, "🜚"),
        Good(#""a\ud83d\udf1ab""#, "a🜚b"),
        Good(#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
        Good(#""\uFFFE""#, "\u{FFFE}"),
        Good("\"é漢🜚\u{7F}\"", .string("é漢🜚\u{7F}")),
    ])
    func `is read`(_ row: Good) throws {
        #expect(try JSONValue(parsing: row.text) == row.value)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var text: String
        /// Bytes before the fault.
        var offset: Int

        var testDescription: String { text }

        init(_ text: String, at offset: Int) {
            self.text = text
            self.offset = offset
        }
    }

    @Test(arguments: [
        Bad("", at: 0),
        Bad(" ", at: 1),
        Bad("nul", at: 0),
        Bad("nulll", at: 4),
        Bad("True", at: 0),
        Bad("NaN", at: 0),
        Bad("-Infinity", at: 1),
        Bad("1 2", at: 2),
        Bad("{} ,", at: 3),
        Bad("\u{FEFF}{}", at: 0),
        // Numbers.
        Bad("01", at: 1),
        Bad("-01", at: 2),
        Bad("+1", at: 0),
        Bad("-", at: 1),
        Bad(".5", at: 0),
        Bad("5.", at: 2),
        Bad("1.e5", at: 2),
        Bad("1e", at: 2),
        Bad("1e+", at: 3),
        Bad("0x10", at: 1),
        Bad("1_000", at: 1),
        // Objects and arrays.
        Bad("{", at: 1),
        Bad("{,}", at: 1),
        Bad("{\"a\"}", at: 4),
        Bad("{\"a\":}", at: 5),
        Bad("{\"a\":1,}", at: 7),
        Bad("{\"a\":1 \"b\":2}", at: 7),
        Bad("{a:1}", at: 1),
        Bad("{'a':1}", at: 1),
        Bad("{1:1}", at: 1),
        Bad("[", at: 1),
        Bad("[,]", at: 1),
        Bad("[1,]", at: 3),
        Bad("[1 2]", at: 3),
        Bad("[1}", at: 2),
        Bad("]", at: 0),
        Bad("[1]]", at: 3),
        Bad("/**/1", at: 0),
        // Strings.
        Bad("\"", at: 1),
        Bad("\"a\nb\"", at: 2),
        Bad("\"a\\\nb\"", at: 4),
        Bad("\"\\\u{1}\"", at: 3),
        Bad("\"\\n\u{0}\"", at: 3),
        Bad(#""\"#, at: 2),
        Bad(#""\a""#, at: 3),
        Bad(#""\x41""#, at: 3),
        Bad(#""\u12""#, at: 5),
        Bad(#""\u12G4""#, at: 5),
        Bad(#""\u+123""#, at: 3),
        Bad(#""\uD83D""#, at: 7),
        Bad(#""\uD83Dx""#, at: 7),
        Bad(#""\uD83D\n""#, at: 8),
        Bad(#""\uD83D\uD83D""#, at: 13),
        Bad(#""\uDF1A""#, at: 7),
    ])
    func `is refused where it stops being JSON`(_ row: Bad) {
        let fault = #expect(throws: JSONFault.self) { try JSONValue(parsing: row.text) }
        #expect(fault?.offset == row.offset, "\(String(describing: fault))")
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22],
            // A surrogate, an overlong slash, a scalar beyond the last, a character cut by the quote.
            [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xC0, 0xAF, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xE6, 0xBC, 0x22],
        ] as [[UInt8]])
    func `must be UTF-8`(_ bytes: [UInt8]) {
        #expect(throws: JSONFault.self) { try JSONValue(parsing: bytes) }
    }

    @Test func `nests to a limit`() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)
        }
        let deepest = JSONValue.nestingMax
        #expect(throws: Never.self) { try JSONValue(parsing: nested(deepest, "[", "]")) }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(deepest, "{\"a\":", "}")) }
        let fault = #expect(throws: JSONFault.self) {
            try JSONValue(parsing: nested(deepest + 1, "[", "]"))
        }
        #expect(fault?.description == "not JSON at byte \(deepest): nested too deeply")
        #expect(throws: JSONFault.self) { try JSONValue(parsing: nested(1_000_000, "[", "")) }
        // Side by side is not within each other.
        let wide = "[" + Array(repeating: "[]", count: 10 * deepest).joined(separator: ",") + "]"
        #expect(throws: Never.self) { try JSONValue(parsing: wide) }
    }

    @Test func `keeps the order of members, and the last of one name counts`() throws {
        let value = try JSONValue(parsing: #"{"b":1,"a":2,"b":3}"#)
        #expect(value.object?.members.map(\.name) == ["b", "a", "b"])
        #expect(value["b"]?.int == 3)
        #expect(value["c"] == nil)
    }

    @Test func `is written with the escapes it needs and no others`() {
        let value: JSONValue = ["k\"": .string("a/b\\\n\r\t\u{8}\u{1F}\u{7F}é🜚"), "n": .null]
        #expect(
            value.text
                == "{\"k\\\"\":\"a/b\\\\\\n\\r\\t\\u0008\\u001f\u{7F}é🜚\",\"n\":null}")
    }

    // MARK: Laws

    @Test(arguments: UInt64(1)...300)
    func `says the same when written and read again`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let value = JSONValue.random(nesting: 5, using: &random)
        #expect(try JSONValue(parsing: value.text) == value)
    }

    @Test(arguments: UInt64(1)...60)
    func `is refused when cut anywhere`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bytes = Array(JSONValue.array([.random(nesting: 4, using: &random)]).text.utf8)
        for end in bytes.indices {
            #expect(throws: JSONFault.self, "cut at \(end)") {
                try JSONValue(parsing: Array(bytes[..<end]))
            }
        }
    }

    @Test(arguments: UInt64(1)...500)
    func `of random bytes is read or refused`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var bytes = Array(JSONValue.random(nesting: 4, using: &random).text.utf8)
        let likely = Array("{}[]\",:\\u0123eE+-.tfn \n".utf8)
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let byte = likely.randomElement(using: &random) ?? 0
            let place = Int.random(in: 0...bytes.count, using: &random)
            bytes.insert(
                Bool.random(using: &random) ? byte : .random(in: 0...255, using: &random), at: place
            )
        }
        guard let value = try? JSONValue(parsing: bytes) else { return }
        #expect(try JSONValue(parsing: value.text) == value)
    }
}

extension JSONValue {
    static func random(nesting: Int, using random: inout SeededRandom) -> JSONValue {
        switch Int.random(in: 0..<(nesting > 0 ? 8 : 5), using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .number(String(Int.random(in: .min ... .max, using: &random)))
        case 3: .number(String(Double.random(in: -1e30...1e30, using: &random)))
        case 4: .string(random.text(upTo: 12))
        case 5, 6:
            .object(.random(nesting: nesting - 1, using: &random))
        default:
            .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    JSONValue.random(nesting: nesting - 1, using: &random)
                })
        }
    }
}

extension JSONObject {
    fileprivate static func random(nesting: Int, using random: inout SeededRandom) -> JSONObject {
        var object: JSONObject = [:]
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            object[random.text(upTo: 6)] = .random(nesting: nesting, using: &random)
        }
        return object
    }
}
