import DuckDB

/// The columns of a manifest, by name.
///
/// `partition.NAME` is the value in the key's `NAME=value` part. `low.KIND.NAME` and `high.KIND.NAME` bound
/// what the file has in its column NAME, where the footer says so; KIND is the way in which its type is
/// compared, so that no bound of one type is ever held against a constant of another.
enum ManifestColumn {
    static func partition(_ name: String) -> String { "partition.\(name)" }
    /// The same value, as it is compared; only of a manifest in memory. No partition's name makes it another's.
    static func partition(_ kind: PruneKind, _ name: String) -> String {
        kind == .text ? partition(name) : "typed.\(kind.rawValue).\(name)"
    }
    /// Nil for a column of another kind.
    static func partitionName(of column: String) -> String? {
        let prefix = partition("")
        return column.hasPrefix(prefix) ? String(column.dropFirst(prefix.count)) : nil
    }
    /// Nil for a column of another kind.
    static func boundKind(of column: String) -> PruneKind? {
        PruneKind.allCases.first { kind in
            column.hasPrefix(low(kind, "")) || column.hasPrefix(high(kind, ""))
        }
    }
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

    /// What a manifest says of files as such, and not of what is in them.
    static let ofFiles = fixed.map(\.0) + ["rowCount", "schema"]
}

/// The columns that one manifest has.
struct ManifestColumns: Sendable {
    var names: Set<String>
    /// Those in which no row is NULL: the engine passes over blocks of rows by a bare comparison, and by
    /// nothing that says what becomes of a NULL.
    var complete: Set<String> = []
}

/// How values of a column are compared.
///
/// Floating point is not among them: footers say nothing of NaN, which the engine sorts highest.
package enum PruneKind: String, CaseIterable, Sendable {
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
