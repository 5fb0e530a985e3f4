import AWSAPI

extension EventPattern {
    /// Whether the event passes. Reads nothing else, and takes time linear in what the pattern names.
    func matches(_ event: JSONValue) -> Bool {
        guard let event = event.object else { return false }
        return root.matches(event, among: [event])
    }
}

extension EventPattern.Fields {
    /// - Parameter siblings: All objects that stand in this one's place in the event, itself included:
    ///   several where the event has a list of objects. A field is absent only if all of them lack it.
    fileprivate func matches(_ object: JSONObject, among siblings: [JSONObject]) -> Bool {
        fields.allSatisfy { $0.matches(object, among: siblings) }
            && (alternatives.isEmpty
                || alternatives.contains { $0.matches(object, among: siblings) })
    }
}

extension EventPattern.Field {
    fileprivate func matches(_ object: JSONObject, among siblings: [JSONObject]) -> Bool {
        switch condition {
        case .value(let tests):
            let values = object[name]?.scalars ?? []
            return tests.contains { test in
                guard case .exists(let expected) = test else {
                    return values.contains(where: test.accepts)
                }
                return expected
                    ? !values.isEmpty
                    : siblings.allSatisfy { $0[name]?.scalars.isEmpty ?? true }
            }
        case .object(let fields):
            // One object of a list must meet all the conditions by itself.
            let objects = object[name]?.objects ?? []
            let all = siblings.flatMap { $0[name]?.objects ?? [] }
            guard !objects.isEmpty else {
                // Conditions that something is absent hold where everything is.
                return fields.matches([:], among: all)
            }
            return objects.contains { fields.matches($0, among: all) }
        }
    }
}

extension JSONValue {
    /// This value, or those in this list and in lists within it, objects left out.
    fileprivate var scalars: [JSONValue] {
        switch self {
        case .array(let items): items.flatMap(\.scalars)
        case .object: []
        default: [self]
        }
    }

    fileprivate var objects: [JSONObject] {
        switch self {
        case .array(let items): items.flatMap(\.objects)
        case .object(let object): [object]
        default: []
        }
    }
}

extension EventPattern.Test {
    /// - Parameter value: No list and no object.
    fileprivate func accepts(_ value: JSONValue) -> Bool {
        switch self {
        case .equals(let scalar): return EventPattern.Scalar(value) == scalar
        case .anythingBut(let tests): return !tests.contains { $0.accepts(value) }
        case .numeric(let range): return value.double.map(range.contains) ?? false
        case .exists(let expected): return expected
        default: return value.string.map(accepts) ?? false
        }
    }

    private func accepts(_ text: String) -> Bool {
        switch self {
        case .prefix(let bytes): text.utf8.starts(with: bytes)
        case .suffix(let bytes): text.utf8.suffix(bytes.count).elementsEqual(bytes)
        case .equalsIgnoringCase(let lower): text.lowercased() == lower
        case .prefixIgnoringCase(let lower): text.lowercased().hasPrefix(lower)
        case .suffixIgnoringCase(let lower): text.lowercased().hasSuffix(lower)
        case .wildcard(let wildcard): wildcard.matches(text)
        case .addressBlock(let block): block.contains(text)
        case .equals, .anythingBut, .numeric, .exists: false
        }
    }
}
