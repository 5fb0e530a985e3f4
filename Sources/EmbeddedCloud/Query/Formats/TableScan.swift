import DuckDB

/// Files of a table that are read alike, as one table expression with each of the table's columns.
struct TableScan {
    /// How a column's value becomes one of its declared type, above every filter.
    enum Form {
        /// By a cast that cannot fail: the scan gives that type.
        case declared
        /// By a cast that can.
        case other
        /// Out of JSON as text.
        case json
    }

    /// A column of every scan that has other forms than ``Form/declared``: the file's path, for errors.
    static let path = "\"$path\""

    /// What stands after FROM.
    var sql: String
    /// Of the columns, by name. What is not named is ``Form/declared``.
    var forms: [String: Form] = [:]

    func form(of column: GovernedScan.Column) -> Form { forms[column.name] ?? .declared }

    /// The value as one of the column's type.
    ///
    /// - Parameter value: Is repeated, so no more than a few functions of a column.
    func typed(_ value: String, of column: GovernedScan.Column) -> String {
        switch form(of: column) {
        case .declared: "CAST(\(value) AS \(column.type))"
        case .other: Self.cast(value, to: column.declared, field: column.name)
        case .json: JSONSerDe.value(inText: value, of: column.declared, field: column.name)
        }
    }

    /// A cast whose failure names the field and, to those who may know, the object.
    static func cast(_ value: String, to type: HiveType, field: String) -> String {
        let tried =
            type.isNested
            ? "TRY(CAST(\(value) AS \(type.sql)))" : "TRY_CAST(\(value) AS \(type.sql))"
        return "coalesce(\(tried), CASE WHEN \(value) IS NOT NULL "
            + "THEN \(fault(value, type, field: field)) END)"
    }

    /// An expression that fails because of a value.
    static func fault(_ value: String, _ type: HiveType, field: String) -> String {
        badData(
            "'Error parsing field value ''', CAST(\(value) AS VARCHAR), "
                + "''' for field ', \(field.sqlLiteral), ': it is no \(type.sql)'", as: type.sql)
    }

    /// An expression that fails: of that type, so that it can stand for a value.
    ///
    /// - Parameter message: What is said, as arguments of `concat`.
    static func badData(_ message: String, as type: String) -> String {
        "CAST(error(concat('\(QueryFault.badDataCode) ', \(path), chr(10), \(message))) AS \(type))"
    }
}

/// A function of the engine's that reads files, with the columns that the keys of the files say.
struct FileFunction {
    /// `read_parquet`, `read_csv`
    var name: String
    /// All but the files and what becomes of their folders.
    var options: [String] = []
    /// Columns beside those of the files: `expression AS name`.
    var added: [String] = []
    /// By name.
    let partitions: [String]

    /// What stands after FROM.
    ///
    /// Where the paths end in the objects' keys, the engine reads the partitions from them: three to ten
    /// times as fast as anything that names them beside the files. Elsewhere each partition is a branch.
    func sql(over files: [TableFiles.File]) -> String {
        guard !partitions.isEmpty else { return select(from: call(files, hive: "false")) }
        if files.allSatisfy(\.hasKeyInPath) {
            // As text: the engine's guess at their types must not fail on one that does not look like it.
            let types = partitions.map { "\($0.sqlIdentifier): VARCHAR" }.joined(separator: ", ")
            return select(from: call(files, hive: "true, hive_types = {\(types)}"))
        }
        let branches = Dictionary(grouping: files, by: \.partition).map { partition, files in
            let values = partitions.map { name in
                "\((partition[name] ?? nil)?.sqlLiteral ?? "NULL") AS \(name.sqlIdentifier)"
            }
            let list = (["*"] + added + values).joined(separator: ", ")
            return "SELECT \(list) FROM \(call(files, hive: "false"))"
        }
        return "(\(branches.sorted().joined(separator: " UNION ALL BY NAME ")))"
    }

    private func select(from call: String) -> String {
        added.isEmpty ? call : "(SELECT *, \(added.joined(separator: ", ")) FROM \(call))"
    }

    /// The paths as literals: a list of thousands as a parameter takes half a second.
    private func call(_ files: [TableFiles.File], hive: String) -> String {
        let paths = files.map(\.path.sqlFileLiteral).joined(separator: ", ")
        let options = (["[\(paths)]", "hive_partitioning = \(hive)"] + options).joined(
            separator: ", ")
        return "\(name)(\(options))"
    }
}
