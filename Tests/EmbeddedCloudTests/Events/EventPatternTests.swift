import AWSAPI
import Testing

@testable import EmbeddedCloud

@Suite struct `An event pattern` {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let pattern: String
        /// Of these, the first list matches and the second does not.
        let matching: [String]
        let others: [String]

        init(_ name: String, _ pattern: String, _ matching: [String], not others: [String] = []) {
            self.name = name
            self.pattern = pattern
            self.matching = matching
            self.others = others
        }

        /// The pattern's one field is `a`, and so is the event's.
        init(a name: String, _ tests: String, _ matching: [String], not others: [String] = []) {
            self.init(
                name, #"{"a": \#(tests)}"#, matching.map { #"{"a": \#($0)}"# },
                not: others.map { #"{"a": \#($0)}"# } + ["{}"])
        }

        var testDescription: String { name }
    }

    @Test(arguments: [
        Row(a: "text", #"["x", ""]"#, [#""x""#, #""""#], not: [#""X""#, #""xy""#, "null", "1"]),
        Row(
            a: "a number by its value", "[5, -0.50]", ["5", "5.0", "50e-1", "-5e-1"],
            not: [#""5""#, "5.01", "0.5"]),
        Row(
            a: "a number of many digits", "[12345678901234567890]", ["12345678901234567890"],
            not: ["12345678901234567891"]),
        Row(a: "true", "[true]", ["true"], not: ["false", #""true""#, "1"]),
        Row(a: "null", "[null]", ["null"], not: [#""""#, "0", "false", "[]", "{}"]),
        Row(
            a: "prefix", #"[{"prefix": "us-"}]"#, [#""us-east-1""#, #""us-""#],
            not: [#""US-""#, "5"]),
        Row(a: "suffix", #"[{"suffix": ".png"}]"#, [#""a.png""#], not: [#""a.PNG""#, #""png""#]),
        Row(
            a: "prefix in any case", #"[{"prefix": {"equals-ignore-case": "US-"}}]"#,
            [#""us-east-1""#, #""Us-""#], not: [#""eu-""#]),
        Row(
            a: "suffix in any case", #"[{"suffix": {"equals-ignore-case": ".PNG"}}]"#,
            [#""a.pNg""#], not: [#""a.gif""#]),
        Row(
            a: "equals in any case", #"[{"equals-ignore-case": "Alice"}]"#, [#""aLICE""#],
            not: [#""alic""#, "1"]),
        Row(
            a: "wildcard", #"[{"wildcard": "*/lib/*"}]"#, [#""/lib/""#, #""usr/lib/x/lib/y""#],
            not: [#""lib/""#, #""/lib""#]),
        Row(
            a: "wildcard at one place", #"[{"wildcard": "a*b*c"}]"#, [#""abc""#, #""aXbYbZc""#],
            not: [#""acb""#, #""abcd""#, #""ac""#]),
        Row(a: "wildcard without a star", #"[{"wildcard": "ab"}]"#, [#""ab""#], not: [#""abb""#]),
        Row(
            a: "wildcard whose ends overlap", #"[{"wildcard": "aba*ba"}]"#, [#""ababa""#],
            not: [#""aba""#]),
        Row(
            a: "an escaped star", #"[{"wildcard": "\\*x\\\\*"}]"#, [#""*x\\""#, #""*x\\y""#],
            not: [#""ax\\""#, #""*xy""#]),
        Row(
            a: "anything but text", #"[{"anything-but": "x"}]"#, [#""y""#, "5", "null"],
            not: [#""x""#, "[]"]),
        Row(
            a: "anything but texts", #"[{"anything-but": ["x", "y"]}]"#, [#""z""#],
            not: [#""x""#, #""y""#]),
        Row(
            a: "anything but numbers", #"[{"anything-but": [1, 2]}]"#, ["3", #""1""#],
            not: ["1", "2.0"]),
        Row(
            a: "anything but a prefix", #"[{"anything-but": {"prefix": ["a", "b"]}}]"#, [#""c""#],
            not: [#""ab""#, #""ba""#]),
        Row(
            a: "anything but a suffix", #"[{"anything-but": {"suffix": "a"}}]"#, [#""ab""#],
            not: [#""ba""#]),
        Row(
            a: "anything but a wildcard", #"[{"anything-but": {"wildcard": "*.tmp"}}]"#,
            [#""a.txt""#], not: [#""a.tmp""#]),
        Row(
            a: "anything but, in any case",
            #"[{"anything-but": {"equals-ignore-case": ["X", "y"]}}]"#, [#""z""#],
            not: [#""x""#, #""Y""#]),
        Row(
            a: "numeric range", #"[{"numeric": [">", 0, "<=", 5]}]"#, ["0.1", "5", "5.0", "1e0"],
            not: ["0", "5.1", #""1""#, "null"]),
        Row(a: "numeric =", #"[{"numeric": ["=", 3.018e2]}]"#, ["301.8"], not: ["301.81"]),
        Row(a: "numeric <", #"[{"numeric": ["<", 5]}]"#, ["4.9", "-1"], not: ["5", "-6e9"]),
        Row(a: "numeric >=", #"[{"numeric": [">=", 5]}]"#, ["5", "6"], not: ["4.9"]),
        Row(
            a: "cidr", #"[{"cidr": "10.0.0.0/23"}]"#, [#""10.0.0.7""#, #""10.0.1.255""#],
            not: [#""10.0.2.0""#, #""::1""#, #""x""#]),
        Row(
            a: "cidr of IPv6", #"[{"cidr": "2001:db8::/33"}]"#, [#""2001:db8:7fff::1""#],
            not: [#""2001:db8:8000::""#, #""10.0.0.1""#]),
        Row(
            a: "cidr of everything", #"[{"cidr": "0.0.0.0/0"}]"#, [#""1.2.3.4""#], not: [#""::1""#]),
        Row(
            a: "exists", #"[{"exists": true}]"#, [#""x""#, "null", "[1]", "false"],
            not: ["{}", "[]", #"{"b": 1}"#]),
        Row(
            "exists not", #"{"a": [{"exists": false}]}"#,
            ["{}", #"{"a": {"b": 1}}"#, #"{"a": []}"#], not: [#"{"a": null}"#, #"{"a": [0]}"#]),
        Row(
            a: "one of several tests", #"["x", {"prefix": "y"}, {"exists": false}]"#,
            [#""x""#, #""yy""#], not: [#""z""#]
        ).including("{}"),
        Row(
            a: "a list with one element that passes", #"["x"]"#, [#"["w", "x"]"#, #"[["x"]]"#],
            not: [#"["w"]"#, "[]", #"[{"x": "x"}]"#]),
        Row(
            a: "a list with an element that is anything but", #"[{"anything-but": "x"}]"#,
            [#"["x", "y"]"#], not: [#"["x"]"#]),
        Row(
            "all fields", #"{"a": [1], "b": {"c": [2], "d": ["x"]}}"#,
            [#"{"a": 1, "b": {"c": 2, "d": "x", "e": 0}, "f": 1}"#],
            not: [#"{"a": 1, "b": {"c": 2}}"#, #"{"a": 1, "b": 2}"#, #"{"a": 1}"#]),
        Row(
            "one object of a list, whole", #"{"a": {"b": [1], "c": [2]}}"#,
            [#"{"a": [{"b": 0}, {"b": 1, "c": 2}]}"#, #"{"a": [[{"b": 1, "c": 2}]]}"#],
            not: [#"{"a": [{"b": 1}, {"c": 2}]}"#]),
        Row(
            "an absent field under an absent object", #"{"a": {"b": [{"exists": false}]}}"#,
            ["{}", #"{"a": 1}"#, #"{"a": {"c": 1}}"#], not: [#"{"a": {"b": 1}}"#]),
        Row(
            "a field absent from all objects of a list", #"{"a": {"b": [{"exists": false}]}}"#,
            [#"{"a": [{"c": 1}]}"#], not: [#"{"a": [{"c": 1}, {"b": 1}]}"#]),
        Row(
            "$or", #"{"s": ["x"], "$or": [{"a": [1]}, {"b": [2], "c": [3]}]}"#,
            [#"{"s": "x", "a": 1}"#, #"{"s": "x", "b": 2, "c": 3}"#],
            not: [#"{"s": "x", "b": 2}"#, #"{"s": "y", "a": 1}"#, #"{"s": "x"}"#]),
        Row(
            "$or within $or, below the root",
            #"{"d": {"$or": [{"a": [1]}, {"$or": [{"b": [2]}, {"c": [3]}]}]}}"#,
            [#"{"d": {"a": 1}}"#, #"{"d": {"c": 3}}"#], not: [#"{"d": {"c": 4}}"#]),
        Row(
            "a field named $or", #"{"$or": ["x", "y"]}"#, [#"{"$or": "x"}"#],
            not: [#"{"$or": "z"}"#]),
    ])
    func `matches`(_ row: Row) throws {
        let pattern = try EventPattern(parsing: row.pattern)
        for event in row.matching {
            #expect(pattern.matches(try JSONValue(parsing: event)), "\(event)")
        }
        for event in row.others {
            #expect(!pattern.matches(try JSONValue(parsing: event)), "\(event)")
        }
    }

    @Test(arguments: [
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        (#"{"source": "a"}"#, "'source' must be an object or an array"),
        (#"{"source": 1}"#, "'source' must be an object or an array"),
        (#"{"a": []}"#, "Empty arrays are not allowed"),
        (#"{"a": {}}"#, "Empty objects are not allowed"),
        (#"{"a": [[1]]}"#, "Match value must be String, number, true, false, or null"),
        (#"{"a": [1], "a": [2]}"#, "'a' cannot be allowed multiple times"),
        (#"{"a": [{}]}"#, "Only one key allowed in match expression"),
        (#"{"a": [{"prefix": "a", "suffix": "b"}]}"#, "Only one key allowed in match expression"),
        (#"{"a": [{"like": "a"}]}"#, "Unrecognized match type like"),
        (#"{"a": [{"prefix": 1}]}"#, "prefix match pattern must be a string"),
        (#"{"a": [{"exists": "true"}]}"#, "exists match pattern must be either true or false."),
        (#"{"a": [{"numeric": [">", 5, "<", 1]}]}"#, "Bottom must be less than top"),
        (#"{"a": [{"numeric": ["=", 1, "<", 2]}]}"#, #"Unrecognized numeric range operator: "<""#),
        (#"{"a": [{"wildcard": "a**b"}]}"#, "Consecutive wildcard characters in wildcard"),
        (#"{"a": [{"wildcard": "a\\b"}]}"#, "Invalid escape character in wildcard"),
        (
            #"{"a": [{"anything-but": {"exists": true}}]}"#,
            "Unsupported anything-but pattern: exists"
        ),
        (
            #"{"a": [{"anything-but": ["a", 1]}]}"#,
            "Inside anything but list, either all values are number or string, "
                + "mixed type is not supported"
        ),
    ])
    func `is refused`(text: String, reason: String) {
        #expect(throws: EventPatternFault(reason)) { try EventPattern(parsing: text) }
    }

    @Test(arguments: [
        "{", #"{"a": [{"cidr": "10.0.0.0"}]}"#, #"{"a": [{"cidr": "10.0.0.0/33"}]}"#,
        #"{"a": [{"numeric": [">"]}]}"#, #"{"a": [{"numeric": [">", 6e9]}]}"#,
        #"{"a": [{"anything-but": true}]}"#, #"{"a": [{"prefix": {"wildcard": "x"}}]}"#,
        "{\"a\": [\"\(String(repeating: "x", count: 4_096))\"]}",
    ])
    func `is refused too`(text: String) {
        #expect(throws: EventPatternFault.self) { try EventPattern(parsing: text) }
    }

    @Test func `has at most a thousand combinations of $or`() throws {
        func pattern(_ ors: Int) -> String {
            let or = #"{"$or": [{"a": [1]}, {"b": [1]}]}"#
            return "{" + (1...ors).map { #""f\#($0)": \#(or)"# }.joined(separator: ",") + "}"
        }
        _ = try EventPattern(parsing: pattern(9))
        #expect(throws: EventPatternFault("$or has more than 1000 combinations")) {
            try EventPattern(parsing: pattern(10))
        }
    }

    /// Whatever is made of the event's own leaves matches it, and matches no longer once a leaf is another.
    @Test(arguments: UInt64(1)...100)
    func `of an event's own values matches it alone`(seed: UInt64) throws {
        var random = TrailRandom(state: seed)
        let event = JSONValue.randomEvent(depth: 3, using: &random)
        let pattern = try EventPattern(parsing: event.exactPattern.text)
        #expect(pattern.matches(event))
        #expect(!pattern.matches(event.withOneLeafChanged))
    }

    /// Strangers' bytes: refused or read, never trapped on.
    @Test(arguments: UInt64(1)...200)
    func `cut or garbled is refused or read`(seed: UInt64) {
        var random = TrailRandom(state: seed)
        let whole = #"""
            {"a":[{"prefix":{"equals-ignore-case":"x"}},{"numeric":[">",0,"<=",5]},{"cidr":"::/0"}],
            "$or":[{"b":[{"wildcard":"*\\*"}]},{"c":[{"anything-but":{"suffix":["y"]}}]}]}
            """#
        var bytes = Array(whole.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            bytes[Int.random(in: bytes.indices, using: &random)] =
                Array(#"{}[]",:*\/0e-x"#.utf8).randomElement(using: &random) ?? 0
        }
        let text = String(
            decoding: bytes.prefix(.random(in: 0...bytes.count, using: &random)), as: UTF8.self)
        if let pattern = try? EventPattern(parsing: text) {
            _ = pattern.matches(["a": [1, "x"], "b": "**", "c": .null])
        }
    }
}

extension `An event pattern`.Row {
    /// The event that lacks the field matches, too.
    fileprivate func including(_ event: String) -> Self {
        Self(name, pattern, matching + [event], not: others.filter { $0 != event })
    }
}

extension JSONValue {
    fileprivate static func randomEvent(
        depth: Int, using random: inout TrailRandom
    ) -> JSONValue {
        var object: JSONObject = [:]
        for number in 0...Int.random(in: 1...3, using: &random) {
            let value: JSONValue =
                switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
                case 0: .string(String(Int.random(in: 0...9, using: &random)))
                case 1: .number(String(Int.random(in: -9...9, using: &random)))
                case 2: .bool(.random(using: &random))
                case 3: .null
                case 4: .string("")
                default: randomEvent(depth: depth - 1, using: &random)
                }
            object["f\(number)"] = value
        }
        return .object(object)
    }

    /// Each leaf in a list of its own.
    fileprivate var exactPattern: JSONValue {
        guard case .object(var object) = self else { return [self] }
        object.mapValues { $0.exactPattern }
        return .object(object)
    }

    fileprivate var withOneLeafChanged: JSONValue {
        guard case .object(var object) = self, let first = object.members.first else {
            return "another"
        }
        object[first.name] = first.value.withOneLeafChanged
        return .object(object)
    }
}
