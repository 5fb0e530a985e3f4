public import FoundationEssentials

/// One value on the wire, whatever the form of the document.
public enum WireNode: Sendable {
    case json(JSONValue)
    case xml(XMLElement)
    case form(FormNode)
    /// A header, a path label, a query item: text alone.
    case text(String)

    /// Nil where there is none, and for JSON's `null`.
    func member(_ name: String) -> WireNode? {
        switch self {
        case .json(.object(let object)):
            if let value = object[name], value != .null { .json(value) } else { nil }
        case .xml(let element): element.child(name).map(WireNode.xml)
        case .form(let node): node.children[name].map(WireNode.form)
        case .json, .text: nil
        }
    }

    /// The text of a scalar that is not JSON.
    var text: String? {
        switch self {
        case .json: nil
        case .xml(let element): element.text
        case .form(let node): node.value
        case .text(let text): text
        }
    }
}

/// What can stand as a member of a shape.
public protocol WireValue: Sendable {
    init(from node: WireNode) throws(WireFault)
    /// Writes the value alone; the writer has written its name.
    func write(to writer: inout ShapeWriter)
}

extension AWSShape {
    public init(from node: WireNode) throws(WireFault) {
        if case .json(let value) = node, value.object == nil {
            throw .wrongType(path: [], expected: "an object")
        }
        try self.init(from: ShapeReader(body: node))
    }

    public func write(to writer: inout ShapeWriter) { writer.document(self) }
}

extension String: WireValue {
    public init(from node: WireNode) throws(WireFault) {
        if case .json(let value) = node {
            guard let text = value.string else { throw .wrongType(path: [], expected: "a string") }
            self = text
        } else {
            self = node.text ?? ""
        }
        // SQLite ends a text at a NUL and XML cannot say it; no name of AWS's has one.
        guard !utf8.contains(0) else { throw .wrongType(path: [], expected: "text without NUL") }
    }

    public func write(to writer: inout ShapeWriter) { writer.text(self) }
}

extension Int: WireValue {
    public init(from node: WireNode) throws(WireFault) {
        let read: Int? =
            if case .json(let value) = node {
                // Some clients write whole numbers with a fraction of zero.
                value.int ?? value.double.flatMap(Int.init(exactly:))
            } else {
                node.text.flatMap { Int($0) }
            }
        guard let read else { throw .wrongType(path: [], expected: "a whole number") }
        self = read
    }

    public func write(to writer: inout ShapeWriter) { writer.literal(String(self)) }
}

extension Double: WireValue {
    public init(from node: WireNode) throws(WireFault) {
        let read: Double? =
            if case .json(let value) = node { value.double } else {
                node.text.flatMap { Double($0) }
            }
        guard let read, read.isFinite else { throw .wrongType(path: [], expected: "a number") }
        self = read
    }

    public func write(to writer: inout ShapeWriter) { writer.literal(String(self)) }
}

extension Bool: WireValue {
    public init(from node: WireNode) throws(WireFault) {
        let read: Bool? =
            if case .json(let value) = node { value.bool } else {
                node.text.flatMap { Bool($0.lowercased()) }
            }
        guard let read else { throw .wrongType(path: [], expected: "true or false") }
        self = read
    }

    public func write(to writer: inout ShapeWriter) { writer.literal(self ? "true" : "false") }
}

extension Date: WireValue {
    public init(from node: WireNode) throws(WireFault) {
        let read: Date? =
            if case .json(.number(let text)) = node {
                Double(text).flatMap(Date.init(wireSeconds:))
            } else if case .json(let value) = node {
                value.string.flatMap(Timestamp.parse)
            } else {
                node.text.flatMap(Timestamp.parse)
            }
        guard let read else { throw .wrongType(path: [], expected: "a timestamp") }
        self = read
    }

    public func write(to writer: inout ShapeWriter) {
        writer.date(self, as: writer.defaultTimestamp)
    }
}

/// Bytes inside a document, as base64.
extension Data: WireValue {
    public init(from node: WireNode) throws(WireFault) {
        guard let read = Data(base64Encoded: try String(from: node)) else {
            throw .wrongType(path: [], expected: "base64")
        }
        self = read
    }

    public func write(to writer: inout ShapeWriter) { writer.text(base64EncodedString()) }
}

extension Array: WireValue where Element: WireValue {
    public init(from node: WireNode) throws(WireFault) {
        let items: [WireNode]
        switch node {
        case .json(.array(let values)): items = values.map(WireNode.json)
        case .json: throw .wrongType(path: [], expected: "a list")
        case .xml(let element): items = element.children.map(WireNode.xml)
        case .form(let form): items = form.items.map(WireNode.form)
        case .text(let text):
            items = text.split(separator: ",").map { .text($0.trimming(" ")) }
        }
        try self.init(items: items)
    }

    init(items: [WireNode]) throws(WireFault) {
        self = []
        reserveCapacity(items.count)
        for (place, item) in items.enumerated() {
            do { append(try Element(from: item)) } catch { throw error.inside(String(place)) }
        }
    }

    public func write(to writer: inout ShapeWriter) { writer.list(self, item: "member") }
}

extension Dictionary: WireValue where Key == String, Value: WireValue {
    public init(from node: WireNode) throws(WireFault) {
        self = [:]
        switch node {
        case .json(.object(let object)):
            for member in object.members {
                do {
                    self[member.name] = try Value(from: .json(member.value))
                } catch { throw error.inside(member.name) }
            }
        case .xml(let element):
            for entry in element.children {
                guard let key = entry.child("key"), let value = entry.child("value") else {
                    continue
                }
                do {
                    self[key.text] = try Value(from: .xml(value))
                } catch { throw error.inside(key.text) }
            }
        case .form(let form):
            for entry in form.items {
                guard let key = entry.children["key"]?.value, let value = entry.children["value"]
                else { continue }
                do { self[key] = try Value(from: .form(value)) } catch { throw error.inside(key) }
            }
        case .json, .text: throw .wrongType(path: [], expected: "an object")
        }
    }

    public func write(to writer: inout ShapeWriter) { writer.map(self) }
}

extension StringProtocol {
    func trimming(_ character: Character) -> String {
        var trimmed = drop { $0 == character }
        while trimmed.last == character { trimmed.removeLast() }
        return String(trimmed)
    }
}
