import BourseAPI
import Foundation
import Yams

/// The provider's products, as a file says them. What each member means: docs/doors/products.md.
struct ProductsFile {
    /// In the order of the file. Their data sets are not known yet.
    let products: [Bourse.Product]

    /// - Throws: ``ProductsFileFault``, with the line.
    init(reading path: String) throws {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw CommandFailure("\(path) cannot be read: \(error.localizedDescription)")
        }
        do {
            products = try Self.products(in: text)
        } catch let fault as ProductsFileFault {
            throw CommandFailure("\(path):\(fault.line): \(fault.reason)")
        }
    }

    static func products(in text: String) throws -> [Bourse.Product] {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw ProductsFileFault(error)
        }
        guard let root else { throw ProductsFileFault(line: 1, "there is nothing in the file") }
        let file = try YAMLMembers(root, of: ["products"], in: "the file")
        let products = try file.items("products").map { try Bourse.Product(yaml: $0) }
        var seen: Set<String> = []
        for (product, node) in zip(products, try file.items("products"))
        where !seen.insert(product.productId).inserted {
            throw ProductsFileFault(node, "the product \(product.productId) is there twice")
        }
        return products
    }
}

/// Why a file says no products.
struct ProductsFileFault: Error, Equatable {
    /// From 1.
    let line: Int
    let reason: String

    init(line: Int, _ reason: String) {
        self.line = line
        self.reason = reason
    }

    init(_ node: Node, _ reason: String) { self.init(line: node.mark?.line ?? 1, reason) }

    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(line: mark.line, "it is no YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(
                line: context.mark.line,
                "it says \(keys.map(\.description).joined(separator: ", ")) twice")
        default: self.init(line: 1, "it is no YAML: \(error)")
        }
    }
}

/// A mapping of which every member is known.
private struct YAMLMembers {
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

extension Bourse.Product {
    fileprivate init(yaml node: Node) throws {
        let members = try YAMLMembers(
            node,
            of: [
                "id", "title", "description", "bucket", "prefixes", "database", "tables",
                "expectations",
            ], in: "a product")
        let tables = try members.texts("tables")
        var expectations: [Bourse.TableExpectations] = []
        if let said = members["expectations"] {
            let byTable = try YAMLMembers(said, of: tables, in: "`expectations`")
            for table in byTable.names {
                expectations.append(
                    try Bourse.TableExpectations(yaml: try byTable.node(table), of: table))
            }
        }
        self.init(
            productId: try members.text("id"), title: try members.text("title"),
            description: try members.text("description"), bucket: try members.text("bucket"),
            keyPrefixes: try members.texts("prefixes"), database: try members.text("database"),
            tables: tables, expectations: expectations, dataSetId: "")
    }
}

extension Bourse.TableExpectations {
    fileprivate init(yaml node: Node, of table: String) throws {
        let members = try YAMLMembers(
            node, of: ["columns", "not_null", "unique", "rows", "freshness", "ranges"],
            in: "the expectations of \(table)")
        self.init(table: table)
        if let said = members["columns"] {
            let types = try YAMLMembers(said, of: nil, in: "`columns`")
            for name in types.names { columns[name] = try types.text(name) }
        }
        notNull = try members.optionalTexts("not_null")
        unique = try members.optionalTexts("unique")
        if let said = members["rows"] {
            let bounds = try YAMLMembers(said, of: ["min", "max"], in: "`rows`")
            (rowsMin, rowsMax) = (try bounds.number("min"), try bounds.number("max"))
        }
        if let said = members["freshness"] {
            let bound = try YAMLMembers(said, of: ["column", "days"], in: "`freshness`")
            guard let days = try bound.number("days") else {
                throw ProductsFileFault(said, "`freshness` must have `days`")
            }
            freshness = .init(column: try bound.text("column"), daysMax: days)
        }
        if let said = members["ranges"] {
            let byColumn = try YAMLMembers(said, of: nil, in: "`ranges`")
            for column in byColumn.names {
                let bounds = try YAMLMembers(
                    try byColumn.node(column), of: ["min", "max"], in: "the range of \(column)")
                ranges.append(
                    .init(
                        column: column, min: try bounds.optionalText("min"),
                        max: try bounds.optionalText("max")))
            }
        }
    }
}
