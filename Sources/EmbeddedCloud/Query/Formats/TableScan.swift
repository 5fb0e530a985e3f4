import DuckDB

/// Files of a table that are read alike, as one table expression with each of the table's columns.
struct TableScan {
    /// How a column's value becomes one of its declared type, above every filter.
    enum Form {
        /// By a cast that cannot fail: the scan gives that type.
        case declared
        /// By a cast that can.
        case other
        /// By one that must not round.
        case fraction
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
        case .fraction:
            Self.cast(
                value, if: "\(value) = trunc(\(value))", to: column.declared, field: column.name)
        case .json: JSONSerDe.value(inText: value, of: column.declared, field: column.name)
        }
    }

    /// A cast whose failure names the field and, to those who may know, the object.
    ///
    /// - Parameter condition: Where it does not hold, the cast fails.
    static func cast(
        _ value: String, if condition: String? = nil, to type: HiveType, field: String
    ) -> String {
        let given = condition.map { "CASE WHEN \($0) THEN \(value) END" } ?? value
        let tried =
            type.isNested
            ? "TRY(CAST(\(given) AS \(type.sql)))" : "TRY_CAST(\(given) AS \(type.sql))"
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

extension TableScan {
    /// Schemas of one table's files, as far as they bear on its columns: each is a branch of its own.
    static let schemasMax = 100

    /// Parquet files, by the types that the table's columns have in them.
    ///
    /// - Throws: ``QueryFault`` where there are too many of these.
    static func parquet(
        _ files: [TableFiles.File], _ columns: [GovernedScan.Column]
    ) throws(QueryFault) -> [TableScan] {
        let own = columns.filter { !$0.isPartition }
        var groups: [(types: [String?], files: [TableFiles.File])] = []
        // Comparing types for each file would take longer than all else.
        var places: [ObjectIdentifier?: Int] = [:]
        for file in files {
            let schema = file.schema.map(ObjectIdentifier.init)
            var place = places[schema]
            if place == nil {
                let types = own.map { file.schema == nil ? $0.type : file.schema?.types[$0.name] }
                place = groups.firstIndex { $0.types == types } ?? groups.count
                if place == groups.count { groups.append((types, [])) }
                places[schema] = place
            }
            groups[place ?? 0].files.append(file)
        }
        guard groups.count <= schemasMax else {
            throw QueryFault(
                "HIVE_PARTITION_SCHEMA_MISMATCH",
                "The table's files have more than \(schemasMax) schemas: rewrite some of them")
        }
        return groups.map { types, files in
            var forms: [String: Form] = [:]
            var added: [String] = []
            for (column, type) in zip(own, types) {
                if let type {
                    forms[column.name] = form(of: type, as: column)
                } else {
                    // A table that grows has columns that its older files have not.
                    added.append("CAST(NULL AS \(column.type)) AS \(column.name.sqlIdentifier)")
                }
            }
            if forms.values.contains(where: { $0 != .declared }) {
                added.append("filename AS \(path)")
            }
            let function = FileFunction(
                name: "read_parquet",
                columns: zip(own, types).filter { $1 != nil }.map(\.0.name), added: added,
                partitions: columns.filter(\.isPartition).map(\.name))
            return TableScan(sql: function.sql(over: files), forms: forms)
        }
    }

    /// Each with all of its values in those behind it.
    private static let widening = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE"]
    private static let fractions = ["FLOAT", "DOUBLE", "DECIMAL"]

    private static func form(of type: String, as column: GovernedScan.Column) -> Form {
        let declared = column.type
        if type == declared || declared == "VARCHAR" { return .declared }
        if let wide = widening.firstIndex(of: declared) {
            if let narrow = widening.firstIndex(of: type), narrow < wide { return .declared }
            if declared == "DOUBLE", type == "FLOAT" { return .declared }
            if declared != "DOUBLE", fractions.contains(where: type.hasPrefix) { return .fraction }
        }
        if declared.hasPrefix("TIMESTAMP"), type.hasPrefix("TIMESTAMP") { return .declared }
        return .other
    }
}

/// A function of the engine's that reads files, with the columns that the keys of the files say.
struct FileFunction {
    /// `read_parquet`, `read_csv`
    var name: String
    /// All but the files and what becomes of their folders.
    var options: [String] = []
    /// Those of the files that are wanted, by name.
    var columns: [String]
    /// Columns beside those of the files: `expression AS name`.
    var added: [String] = []
    /// By name.
    let partitions: [String]

    /// What stands after FROM.
    ///
    /// Where the paths have them, the engine reads the partitions from there: three to ten times as fast as
    /// anything that names them beside the files. Elsewhere each partition is a branch.
    func sql(over files: [TableFiles.File]) -> String {
        guard !partitions.isEmpty else { return select(from: call(files, hive: "false")) }
        if files.allSatisfy({ $0.hasInPath(partitions) }) {
            // As text: the engine's guess at their types must not fail on one that does not look like it.
            let types = partitions.map { "\($0.sqlIdentifier): VARCHAR" }.joined(separator: ", ")
            return select(from: call(files, hive: "true, hive_types = {\(types)}"))
        }
        let branches = Dictionary(grouping: files, by: \.partition).map { partition, files in
            let values = partitions.map { name in
                "\((partition[name] ?? nil)?.sqlLiteral ?? "NULL") AS \(name.sqlIdentifier)"
            }
            // By name: a file may have a column that is called like a partition, and the partition counts.
            let list = (columns.map(\.sqlIdentifier) + added + values).joined(separator: ", ")
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
