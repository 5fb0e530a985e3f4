import Foundation
import Yams

/// A mapping of which every member is known.
struct YAMLMembers {
    private let node: Node
    private let members: [String: Node]
    private let place: String

    /// - Parameter known: What may be in it. Nil: anything.
    init(_ node: Node, of known: [String]?, in place: String) throws {
        guard case .mapping(let mapping) = node else {
            throw ProductsFileFault(
                node, "\(place) must be members with values, such as `id: nav-history`")
        }
        var members: [String: Node] = [:]
        for (key, value) in mapping {
            guard case .scalar(let name) = key else {
                throw ProductsFileFault(key, "a member's name must be a text")
            }
            if let known, !known.contains(name.string) {
                throw ProductsFileFault(
                    key,
                    "\(place) has no `\(name.string)`: it may have \(known.joined(separator: ", "))"
                )
            }
            members[name.string] = value
        }
        self.node = node
        self.members = members
        self.place = place
    }

    var names: [String] { members.keys.sorted() }

    subscript(name: String) -> Node? { members[name] }

    func node(_ name: String) throws -> Node {
        guard let value = members[name] else {
            throw ProductsFileFault(node, "\(place) must have `\(name)`")
        }
        return value
    }

    func text(_ name: String) throws -> String { try Self.text(try node(name), name) }

    func optionalText(_ name: String) throws -> String? {
        try members[name].map { try Self.text($0, name) }
    }

    /// False where nothing is said.
    func flag(_ name: String) throws -> Bool {
        guard let value = members[name] else { return false }
        switch try Self.text(value, name) {
        case "true": return true
        case "false": return false
        default: throw ProductsFileFault(value, "`\(name)` must be true or false")
        }
    }

    func number(_ name: String) throws -> Int? {
        guard let value = members[name] else { return nil }
        guard let number = Int(try Self.text(value, name)), number >= 0 else {
            throw ProductsFileFault(value, "`\(name)` must be a whole number")
        }
        return number
    }

    func items(_ name: String) throws -> [Node] {
        let value = try node(name)
        guard case .sequence(let items) = value else {
            throw ProductsFileFault(value, "`\(name)` must be a list")
        }
        return Array(items)
    }

    func texts(_ name: String) throws -> [String] {
        try items(name).map { try Self.text($0, name) }
    }

    func optionalItems(_ name: String) throws -> [Node] {
        members[name] == nil ? [] : try items(name)
    }

    func optionalTexts(_ name: String) throws -> [String] {
        members[name] == nil ? [] : try texts(name)
    }

    private static func text(_ node: Node, _ name: String) throws -> String {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            throw ProductsFileFault(node, "`\(name)` must be a text")
        }
        return scalar.string
    }
}
