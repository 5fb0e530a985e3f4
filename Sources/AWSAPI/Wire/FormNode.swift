/// A query-protocol form as the tree that its dotted names describe: `Tags.member.1.Key=a`.
public struct FormNode: Equatable, Sendable {
    public var value: String?
    public var children: [String: FormNode] = [:]

    public static let nestingMax = 16

    public init(_ items: [QueryItem]) {
        for item in items {
            let path = item.name.split(separator: ".", maxSplits: Self.nestingMax)
            insert(item.value, at: path[...])
        }
    }

    private mutating func insert(_ value: String, at path: ArraySlice<Substring>) {
        guard let first = path.first else {
            self.value = value
            return
        }
        children[String(first), default: FormNode([])].insert(value, at: path.dropFirst())
    }

    /// The items of a list: `X.1`, `X.2` or, with the name of the item between, `X.member.1`.
    ///
    /// An empty list is sent as `X=`.
    var items: [FormNode] {
        let numbered = children.compactMap { name, child in Int(name).map { ($0, child) } }
        if numbered.isEmpty, children.count == 1, let wrapped = children.first?.value {
            return wrapped.items
        }
        return numbered.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
