/// An element of a small XML document: its name without prefix, its text, its child elements.
public struct XMLElement: Equatable, Sendable {
    public var name: String
    public var text = ""
    public var children: [XMLElement] = []

    public init(name: String) { self.name = name }

    public func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }
}
