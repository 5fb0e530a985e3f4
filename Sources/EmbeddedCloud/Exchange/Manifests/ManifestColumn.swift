import DuckDB

/// The columns of a manifest, by name.
///
/// `partition.NAME` is the value in the key's `NAME=value` part. `low.KIND.NAME` and `high.KIND.NAME` bound
/// what the file has in its column NAME, where the footer says so; KIND is the way in which its type is
/// compared, so that no bound of one type is ever held against a constant of another.
enum ManifestColumn {
    static func partition(_ name: String) -> String { "partition.\(name)" }
    static func low(_ kind: PruneKind, _ name: String) -> String { "low.\(kind.rawValue).\(name)" }
    static func high(_ kind: PruneKind, _ name: String) -> String {
        "high.\(kind.rawValue).\(name)"
    }

    /// Those that every manifest has.
    static let fixed = [
        ("bucket", "VARCHAR"), ("key", "VARCHAR"), ("version", "VARCHAR"), ("etag", "VARCHAR"),
        ("path", "VARCHAR"), ("guarantee", "VARCHAR"), ("device", "BIGINT"), ("inode", "BIGINT"),
        ("size", "BIGINT"), ("modified", "BIGINT"), ("changed", "BIGINT"),
    ]
}

/// How values of a column are compared.
///
/// Floating point is not among them: footers say nothing of NaN, which the engine sorts highest.
enum PruneKind: String, CaseIterable, Sendable {
    /// By bytes.
    case text
    case integer
    case date
    /// Without a zone.
    case timestamp

    var sqlType: String {
        switch self {
        case .text: "VARCHAR"
        case .integer: "HUGEINT"
        case .date: "DATE"
        case .timestamp: "TIMESTAMP"
        }
    }

    /// The engine's types that are compared this way.
    var engineTypes: [String] {
        switch self {
        case .text: ["VARCHAR"]
        case .integer:
            [
                "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
                "UBIGINT",
            ]
        case .date: ["DATE"]
        case .timestamp: ["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"]
        }
    }
}

/// Something that is true of every row that a reader wants, so that files without such rows are not read.
///
/// It only ever leaves out files of which the manifest proves that no row passes; the reader still filters.
struct PrunePredicate: Hashable, Sendable {
    enum Place: Sendable {
        /// A partition column: its value stands in the key.
        case path
        /// A column of the file itself.
        case file
    }

    enum Test: Hashable, Sendable {
        case among([String])
        /// Both inclusive; nil is unbounded.
        case range(low: String?, high: String?)
    }

    var column: String
    var place: Place
    var kind: PruneKind
    /// Constants in the engine's spelling: `2024-02-18`.
    var test: Test

    /// Constants beyond which a list is not looked at.
    static let constantsMax = 256

    /// True of the rows of a manifest that may hold a wanted row. Nil: the manifest says nothing of it.
    ///
    /// Whatever is unknown, or does not convert, is NULL and counts as true.
    func condition(columns: Set<String>) -> String? {
        let name = column.lowercased()
        let low: String
        let high: String
        switch place {
        case .path:
            low = ManifestColumn.partition(name)
            high = low
        case .file:
            low = ManifestColumn.low(kind, name)
            high = ManifestColumn.high(kind, name)
        }
        guard columns.contains(low), columns.contains(high) else { return nil }
        let tests: [String]
        switch test {
        case .among(let constants):
            guard constants.count <= Self.constantsMax else { return nil }
            tests = constants.map {
                "(\(typed(low)) <= \($0.typed(kind)) AND \(typed(high)) >= \($0.typed(kind)))"
            }
        case .range(let first, let last):
            tests = [
                ([first.map { "\(typed(high)) >= \($0.typed(kind))" }]
                    + [last.map { "\(typed(low)) <= \($0.typed(kind))" }])
                    .compactMap(\.self).joined(separator: " AND ")
            ]
        }
        guard !tests.contains("") else { return nil }
        return "coalesce(\(tests.isEmpty ? "false" : tests.joined(separator: " OR ")), true)"
    }

    private func typed(_ column: String) -> String {
        "try_cast(\(column.sqlIdentifier) AS \(kind.sqlType))"
    }
}

extension String {
    fileprivate func typed(_ kind: PruneKind) -> String {
        "try_cast(\(sqlLiteral) AS \(kind.sqlType))"
    }
}
