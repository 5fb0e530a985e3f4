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
        let file = try YAMLMembers(root, of: ["provider", "products"], in: "the file")
        let contacts = try file["provider"].map { node in
            let provider = try YAMLMembers(node, of: ["contacts"], in: "`provider`")
            return try provider.optionalItems("contacts").map { try Bourse.Contact(yaml: $0) }
        }
        let products = try file.items("products").map { node in
            var product = try Bourse.Product(yaml: node)
            // The provider's own are those of each product that names nobody.
            if product.contacts.isEmpty { product.contacts = contacts ?? [] }
            return product
        }
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

extension Bourse.Product {
    fileprivate init(yaml node: Node) throws {
        let members = try YAMLMembers(
            node,
            of: [
                "id", "title", "description", "bucket", "prefixes", "database", "tables",
                "expectations", "live", "row_filter", "columns", "sample_query", "dashboard_fields",
                "price", "renewal", "regions", "contacts",
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
            tables: tables, expectations: expectations, live: try members.flag("live"),
            tableTerms: try Bourse.TableTerms.all(in: members, of: tables),
            sampleQuery: try members.optionalText("sample_query"),
            dashboardFields: try members.optionalTexts("dashboard_fields"),
            price: try members["price"].map { try Bourse.Price(yaml: $0) },
            renewalMonths: try members["renewal"].map { node in
                let renewal = try YAMLMembers(node, of: ["months"], in: "`renewal`")
                guard let months = try renewal.number("months") else {
                    throw ProductsFileFault(node, "`renewal` must have `months`")
                }
                return months
            },
            regions: try members.optionalTexts("regions"),
            contacts: try members.optionalItems("contacts").map { try Bourse.Contact(yaml: $0) },
            dataSetId: "")
    }
}

extension Bourse.TableTerms {
    /// A row filter is one for all tables, or one for each of some.
    fileprivate static func all(
        in members: YAMLMembers, of tables: [String]
    ) throws -> [Bourse.TableTerms] {
        var filters: [String: String] = [:]
        switch members["row_filter"] {
        case nil: break
        case .scalar:
            let filter = try members.text("row_filter")
            for table in tables { filters[table] = filter }
        case .some(let said):
            let byTable = try YAMLMembers(said, of: tables, in: "`row_filter`")
            for table in byTable.names { filters[table] = try byTable.text(table) }
        }
        var columns: [String: [String]] = [:]
        if let said = members["columns"] {
            let byTable = try YAMLMembers(said, of: tables, in: "`columns`")
            for table in byTable.names { columns[table] = try byTable.texts(table) }
        }
        return tables.compactMap { table in
            guard filters[table] != nil || columns[table] != nil else { return nil }
            return .init(table: table, rowFilter: filters[table], columns: columns[table])
        }
    }
}

extension Bourse.Price {
    fileprivate init(yaml node: Node) throws {
        let members = try YAMLMembers(
            node, of: ["per_request", "per_tib", "currency"], in: "`price`")
        self.init(
            perRequest: try members.optionalText("per_request"),
            perTiBScanned: try members.optionalText("per_tib"),
            currency: try members.text("currency"))
    }
}

extension Bourse.Contact {
    fileprivate init(yaml node: Node) throws {
        let members = try YAMLMembers(node, of: ["name", "email"], in: "a contact")
        self.init(name: try members.text("name"), email: try members.text("email"))
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
