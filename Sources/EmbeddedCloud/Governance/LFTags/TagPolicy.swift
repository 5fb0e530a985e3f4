import AWSAPI
import HashTreeCollections
import LakeFormationAPI

/// Which databases, or tables and columns, of a catalogue a grant is on: those that are tagged so.
///
/// Source: AWS Lake Formation Developer Guide, "Lake Formation tag-based access control".
struct TagPolicy: Hashable, Codable, Sendable {
    enum Kind: String, Codable, Sendable {
        case databases = "DATABASE"
        /// And their columns.
        case tables = "TABLE"
    }

    var catalog: AccountID
    var kind: Kind
    var expression: TagExpression
}

/// Tags that a resource has all of, with one of the values each.
struct TagExpression: Hashable, Sendable {
    struct Term: Hashable, Sendable {
        var key: String
        /// Sorted, each once.
        var values: [String]
    }

    /// Tags that one expression may name.
    static let termsMax = 50

    /// Sorted by their keys: there is one way to write an expression.
    let terms: [Term]

    /// - Throws: `InvalidInputException`, also where a tag is named twice.
    init(_ tags: [(key: String, values: [String])]) throws(AWSError) {
        guard (1...Self.termsMax).contains(tags.count) else {
            throw .lakeInvalidInput("Expression must have 1 to \(Self.termsMax) tags.")
        }
        var terms: [Term] = []
        for tag in tags {
            terms.append(
                Term(
                    key: try LFTags.key(tag.key),
                    values: Set(try LFTags.values(tag.values, "TagValues")).sorted()))
        }
        guard Set(terms.map(\.key)).count == terms.count else {
            throw .lakeInvalidInput("Expression must not name a tag twice.")
        }
        self.terms = terms.sorted { $0.key < $1.key }
    }

    func matches(_ tags: [String: String]) -> Bool {
        terms.allSatisfy { term in tags[term.key].map(term.values.contains) ?? false }
    }
}

extension TagExpression: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let expression = TagExpression(text: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no expression")
        }
        self = expression
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// As it is kept: `[["product",["esg"]]]`
extension TagExpression {
    var text: String {
        JSONValue.array(
            terms.map { .array([.string($0.key), .array($0.values.map(JSONValue.string))]) }
        ).text
    }

    /// Nil for what was not written by ``text``.
    init?(text: String) {
        guard case .array(let items) = try? JSONValue(parsing: text) else { return nil }
        var terms: [Term] = []
        for item in items {
            guard case .array(let pair) = item, pair.count == 2, let key = pair[0].string,
                case .array(let values) = pair[1], !values.isEmpty
            else { return nil }
            let texts = values.compactMap(\.string)
            guard texts.count == values.count else { return nil }
            terms.append(Term(key: key, values: texts))
        }
        // Of no terms, it would mean everything.
        guard !terms.isEmpty else { return nil }
        self.terms = terms
    }
}

extension TagExpression: CustomStringConvertible {
    /// `product=esg and region=emea|apac`
    var description: String {
        terms.map { "\($0.key)=\($0.values.joined(separator: "|"))" }.joined(separator: " and ")
    }
}

extension TagPolicy {
    /// Whether it is said by that tag of the catalogue's.
    ///
    /// - Parameter value: Nil: by any of its values.
    func names(_ key: String, value: String? = nil, in catalog: AccountID) -> Bool {
        self.catalog == catalog
            && expression.terms.contains { term in
                term.key == key && (value.map(term.values.contains) ?? true)
            }
    }
}

extension TagPolicy: CustomStringConvertible {
    /// `the tables tagged product=esg`
    var description: String {
        switch kind {
        case .databases: "the databases tagged \(expression)"
        case .tables: "the tables and columns tagged \(expression)"
        }
    }
}

/// The tags that were given to a database and what is in it, by their keys: one value each.
struct TaggedDatabase: Sendable {
    struct Table: Sendable {
        var own: [String: String] = [:]
        /// By column.
        var columns: [String: [String: String]] = [:]

        var isBare: Bool { own.isEmpty && columns.isEmpty }
    }

    var own: [String: String] = [:]
    var tables: [String: Table] = [:]

    var isBare: Bool { own.isEmpty && tables.isEmpty }
}

/// What can be tagged.
enum TaggableResource: Hashable, Sendable {
    case database(DatabaseID)
    case table(TableID)
    case column(TableID, String)

    var database: DatabaseID {
        switch self {
        case .database(let id): id
        case .table(let id), .column(let id, _): id.databaseID
        }
    }
}

extension TaggedDatabase {
    /// What the resource was given itself.
    subscript(resource: TaggableResource) -> [String: String] {
        get {
            switch resource {
            case .database: own
            case .table(let id): tables[id.name]?.own ?? [:]
            case .column(let id, let name): tables[id.name]?.columns[name] ?? [:]
            }
        }
        set {
            switch resource {
            case .database: own = newValue
            case .table(let id): tables[id.name, default: Table()].own = newValue
            case .column(let id, let name):
                tables[id.name, default: Table()].columns[name] =
                    newValue.isEmpty ? nil : newValue
            }
            switch resource {
            case .database: break
            case .table(let id), .column(let id, _):
                if tables[id.name]?.isBare ?? false { tables[id.name] = nil }
            }
        }
    }
}

// MARK: - What a policy comes to

extension GovernanceState {
    /// The tags of a database.
    func tags(of database: DatabaseID) -> [String: String] { tagged[database]?.own ?? [:] }

    /// The tags of a table: those of its database, and its own in their place.
    func tags(of table: TableID) -> [String: String] {
        guard let tagged = tagged[table.databaseID] else { return [:] }
        return tagged.own.merging(tagged[.table(table)]) { _, own in own }
    }

    /// What the policy means of a table, by the tags of its columns. Nil: nothing.
    func columns(of table: TableID, meantBy policy: TagPolicy) -> ColumnSelection? {
        guard policy.kind == .tables, policy.catalog == table.catalog else { return nil }
        let own = tagged[table.databaseID]?.tables[table.name]?.columns ?? [:]
        let inherited = tags(of: table)
        let isMeant = policy.expression.matches(inherited)
        // A column without tags of its own goes with its table.
        let others = own.filter { _, tags in
            policy.expression.matches(inherited.merging(tags) { _, own in own }) != isMeant
        }.keys
        if isMeant { return .except(Set(others)) }
        return others.isEmpty ? nil : .only(Set(others))
    }

    func isMeant(_ database: DatabaseID, by policy: TagPolicy) -> Bool {
        policy.kind == .databases && policy.catalog == database.catalog
            && policy.expression.matches(tags(of: database))
    }
}

extension Grant {
    /// Nil for a grant on something named.
    var tagPolicy: TagPolicy? {
        if case .tagged(let policy) = resource.subject { policy } else { nil }
    }
}
