/// Reads the members of one shape by their wire names.
public struct ShapeReader: Sendable {
    /// What of a message is not its body.
    public struct Head: Sendable {
        public var labels: [String: String] = [:]
        public var query: [QueryItem] = []
        /// Names in lower case.
        public var headers: [(name: String, value: String)] = []
        public var status = 200

        public init() {}
    }

    let body: WireNode?
    let head: Head

    public init(body: WireNode?, head: Head = Head()) {
        self.body = body
        self.head = head
    }

    public func optional<Value: WireValue>(_ name: String) throws(WireFault) -> Value? {
        guard let node = body?.member(name) else { return nil }
        do { return try Value(from: node) } catch { throw error.inside(name) }
    }

    public func required<Value: WireValue>(_ name: String) throws(WireFault) -> Value {
        guard let value: Value = try optional(name) else { throw .missing(path: [name]) }
        return value
    }

    /// A list whose items stand beside the other members, without an element around them.
    public func flattened<Value: WireValue>(_ name: String) throws(WireFault) -> [Value]? {
        guard case .xml(let element) = body else { return try optional(name) }
        let items = element.children.filter { $0.name == name }
        return items.isEmpty ? nil : try [Value](items: items.map(WireNode.xml))
    }

    /// The member that is the body itself, in XML under a root of that name.
    public func payload<Value: WireValue>(_ name: String) throws(WireFault) -> Value? {
        guard let body else { return nil }
        if case .xml(let root) = body, root.name != name {
            throw .notADocument("its root is \(root.name), not \(name)")
        }
        return try Value(from: body)
    }

    public func header<Value: WireValue>(_ name: String) throws(WireFault) -> Value? {
        try text(head.headers.first { $0.name == name }?.value, name)
    }

    /// Headers that begin with `prefix`, under the rest of their names: S3's `x-amz-meta-`.
    public func headers(prefix: String) -> [String: String]? {
        let found = head.headers.filter { $0.name.hasPrefix(prefix) }
        return found.isEmpty
            ? nil
            : Dictionary(
                found.map { (String($0.name.dropFirst(prefix.count)), $0.value) },
                uniquingKeysWith: { "\($0),\($1)" })
    }

    public func query<Value: WireValue>(_ name: String) throws(WireFault) -> Value? {
        try text(head.query.first { $0.name == name }?.value, name)
    }

    public func queryList(_ name: String) -> [String]? {
        let found = head.query.filter { $0.name == name }
        return found.isEmpty ? nil : found.map(\.value)
    }

    public func label(_ name: String) throws(WireFault) -> String {
        guard let value: String = try text(head.labels[name], name) else {
            throw .missing(path: [name])
        }
        return value
    }

    public var status: Int { head.status }

    private func text<Value: WireValue>(
        _ text: String?, _ name: String
    ) throws(WireFault) -> Value? {
        guard let text else { return nil }
        do { return try Value(from: .text(text)) } catch { throw error.inside(name) }
    }

    /// For shapes in which a mistyped name must not pass for one that is left out. Of JSON's bodies.
    public func refuseMembers(except known: Set<String>) throws(WireFault) {
        guard case .json(.object(let object)) = body else { return }
        var seen: Set<String> = []
        for member in object.members {
            guard known.contains(member.name), seen.insert(member.name).inserted else {
                throw .unexpected(path: [member.name])
            }
        }
    }

    /// A header, label or query item that must be there.
    public func required<Value>(_ value: Value?, _ name: String) throws(WireFault) -> Value {
        guard let value else { throw .missing(path: [name]) }
        return value
    }
}
