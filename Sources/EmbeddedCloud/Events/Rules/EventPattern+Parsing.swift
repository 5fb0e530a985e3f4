import AWSAPI

extension EventPattern {
    init(parsing text: String) throws(EventPatternFault) {
        guard text.utf8.count <= Self.bytesMax else {
            throw EventPatternFault("It has more than \(Self.bytesMax) bytes")
        }
        let document: JSONValue
        do { document = try JSONValue(parsing: text) } catch { throw EventPatternFault("\(error)") }
        guard let object = document.object else {
            throw EventPatternFault("Filter is not an object")
        }
        root = try Fields(object, named: nil)
        guard root.combinations <= Self.combinationsMax else {
            throw EventPatternFault("$or has more than \(Self.combinationsMax) combinations")
        }
    }
}

extension EventPattern.Fields {
    fileprivate init(_ object: JSONObject, named name: String?) throws(EventPatternFault) {
        guard !object.members.isEmpty else {
            throw EventPatternFault("Empty objects are not allowed")
        }
        var seen: Set<String> = []
        for member in object.members {
            guard seen.insert(member.name).inserted else {
                throw EventPatternFault("'\(member.name)' cannot be allowed multiple times")
            }
            if member.name == "$or", let alternatives = Self.alternatives(member.value) {
                for alternative in alternatives {
                    self.alternatives.append(try Self(alternative, named: name))
                }
            } else {
                fields.append(
                    .init(name: member.name, condition: try .init(member.value, named: member.name))
                )
            }
        }
    }

    /// `$or` is an operator only over two objects or more; else it is a field of that name.
    private static func alternatives(_ value: JSONValue) -> [JSONObject]? {
        guard let items = value.array, items.count >= 2 else { return nil }
        let objects = items.compactMap(\.object)
        return objects.count == items.count ? objects : nil
    }

    /// Patterns without `$or` that this one stands for together; no more is counted than matters.
    fileprivate var combinations: Int {
        let enough = EventPattern.combinationsMax + 1
        var product = 1
        for field in fields {
            if case .object(let inner) = field.condition {
                product = min(enough, product * inner.combinations)
            }
        }
        guard !alternatives.isEmpty else { return product }
        let sum = alternatives.reduce(0) { min(enough, $0 + $1.combinations) }
        return min(enough, product * sum)
    }
}

extension EventPattern.Condition {
    fileprivate init(_ value: JSONValue, named name: String) throws(EventPatternFault) {
        switch value {
        case .object(let object): self = .object(try EventPattern.Fields(object, named: name))
        case .array(let items):
            guard !items.isEmpty else {
                throw EventPatternFault("Empty arrays are not allowed")
            }
            var tests: [EventPattern.Test] = []
            for item in items { tests.append(try EventPattern.Test(item)) }
            self = .value(tests)
        default: throw EventPatternFault("'\(name)' must be an object or an array")
        }
    }
}

extension EventPattern.Test {
    fileprivate init(_ value: JSONValue) throws(EventPatternFault) {
        guard let object = value.object else {
            guard let scalar = EventPattern.Scalar(value) else {
                throw EventPatternFault(
                    "Match value must be String, number, true, false, or null")
            }
            self = .equals(scalar)
            return
        }
        let (name, operand) = try object.onlyMember("Only one key allowed in match expression")
        switch name {
        case "exists":
            guard let flag = operand.bool else {
                throw EventPatternFault("exists match pattern must be either true or false.")
            }
            self = .exists(flag)
        case "numeric": self = .numeric(try NumericRange(operand))
        case "cidr":
            guard let block = operand.string.flatMap(AddressBlock.init) else {
                throw EventPatternFault(
                    "Malformed CIDR, it must be an address, a slash and a number of bits")
            }
            self = .addressBlock(block)
        case "anything-but": self = .anythingBut(try Self.exceptions(operand))
        default: self = try Self.text(name, operand)
        }
    }

    /// The tests of text, whose operand is text too.
    private static func text(
        _ name: String, _ operand: JSONValue
    ) throws(EventPatternFault) -> Self {
        switch (name, operand) {
        case ("prefix", .string(let text)): return .prefix(Array(text.utf8))
        case ("suffix", .string(let text)): return .suffix(Array(text.utf8))
        case ("prefix", .object(let object)):
            return .prefixIgnoringCase(try ignoringCase(object, in: name))
        case ("suffix", .object(let object)):
            return .suffixIgnoringCase(try ignoringCase(object, in: name))
        case ("equals-ignore-case", .string(let text)):
            return .equalsIgnoringCase(text.lowercased())
        case ("wildcard", .string(let text)): return .wildcard(try Wildcard(text))
        case ("prefix", _), ("suffix", _), ("equals-ignore-case", _), ("wildcard", _):
            throw EventPatternFault("\(name) match pattern must be a string")
        default: throw EventPatternFault("Unrecognized match type \(name)")
        }
    }

    private static func ignoringCase(
        _ object: JSONObject, in name: String
    ) throws(EventPatternFault) -> String {
        let (inner, operand) = try object.onlyMember("Only one key allowed in \(name) expression")
        guard inner == "equals-ignore-case", let text = operand.string else {
            throw EventPatternFault("\(name) takes a string or equals-ignore-case of a string")
        }
        return text.lowercased()
    }

    /// A text, a number, a list of the one or of the other, or one test of text with its operands.
    private static func exceptions(_ operand: JSONValue) throws(EventPatternFault) -> [Self] {
        if let object = operand.object {
            let (name, value) = try object.onlyMember("Only one key allowed in anything-but list")
            guard ["prefix", "suffix", "equals-ignore-case", "wildcard"].contains(name) else {
                throw EventPatternFault("Unsupported anything-but pattern: \(name)")
            }
            var tests: [Self] = []
            for item in try Self.list(value) { tests.append(try text(name, item)) }
            return tests
        }
        let items = try Self.list(operand)
        let areTexts = items.allSatisfy { $0.string != nil }
        guard areTexts || items.allSatisfy({ if case .number = $0 { true } else { false } }) else {
            throw EventPatternFault(
                "Inside anything but list, either all values are number or string, "
                    + "mixed type is not supported")
        }
        return items.compactMap(EventPattern.Scalar.init).map(Self.equals)
    }

    private static func list(_ value: JSONValue) throws(EventPatternFault) -> [JSONValue] {
        guard let items = value.array else { return [value] }
        guard !items.isEmpty else { throw EventPatternFault("Empty arrays are not allowed") }
        return items
    }
}

extension JSONObject {
    fileprivate func onlyMember(
        _ complaint: String
    ) throws(EventPatternFault) -> (name: String, value: JSONValue) {
        guard members.count == 1, let member = members.first else {
            throw EventPatternFault(complaint)
        }
        return (member.name, member.value)
    }
}
