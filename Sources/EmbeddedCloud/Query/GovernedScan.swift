import AWSAPI
import DuckDB
import GlueAPI

/// What stands in a table's place in a subscriber's query: a scan of the pinned files, with the columns
/// and rows that were granted and nothing more.
///
/// A whole-table grant is one level. A row filter or cell mask takes three:
///
///     (SELECT copies of the columns in their declared types FROM (
///         SELECT granted columns FROM files WHERE rows
///     ) WHERE leakproof LIMIT 2^63-1)
///
/// The huge LIMIT is an optimization barrier: no expression of the user's runs on a row that the filter
/// hides, so none can fail on it and show it in its error. Only comparisons that cannot fail stand below.
/// And the columns are copies, because a column that was filtered still carries the dictionary of all its
/// values, and the engine runs what it believes cannot fail on the whole dictionary: `date_diff(code, …)`
/// printed a hidden `code`.
struct GovernedScan {
    /// A column as the catalogue declares it.
    struct Column: Sendable {
        let name: String
        let declared: HiveType
        /// DuckDB's name of the declared type.
        let type: String
        let isPartition: Bool

        init(_ name: String, _ declared: HiveType, isPartition: Bool) {
            self.name = name
            self.declared = declared
            type = declared.sql
            self.isPartition = isPartition
        }

        /// The same values in a vector of their own. Both functions take two columns, and so are run row by
        /// row; the second one copies fields and items too.
        fileprivate func copied(from scan: TableScan) -> String {
            let name = name.sqlIdentifier
            return declared.isNested && scan.form(of: self) != .json
                ? "list_extract(list_value(\(name), \(name)), 1)" : "least(\(name), \(name))"
        }
    }

    let columns: [Column]
    let access: TableAccess
    let predicates: [LeakproofPredicate]
    private let serde: SerDe

    /// - Parameter predicates: Of the statement, for this table. Those that do not fit a column's type, or
    ///   speak of a column that was not granted, are left to the engine, above the barrier.
    init(of table: Glue.Table, access: TableAccess, predicates: [LeakproofPredicate]) throws {
        columns = try Self.columns(of: table)
        serde = try SerDe(of: table.storageDescriptor, parameters: table.parameters ?? [:])
        self.access = access
        let types = Dictionary(
            self.columns.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
        // A masked column is no bare column any more.
        let granted = Set(access.columns.filter { $0.visible == nil }.map(\.name))
        self.predicates = predicates.filter { predicate in
            granted.contains(predicate.column)
                && types[predicate.column].map { predicate.sql(type: $0) != nil } == true
        }
    }

    /// Whether its files say of themselves which columns they have.
    var readsParquet: Bool { serde.textScan == nil }

    static func columns(of table: Glue.Table) throws -> [Column] {
        func column(_ column: Glue.Column, isPartition: Bool) throws -> Column {
            Column(
                column.name.lowercased(), try HiveType(column.type ?? "string"),
                isPartition: isPartition)
        }
        return try (table.storageDescriptor?.columns ?? []).map {
            try column($0, isPartition: false)
        }
            + (table.partitionKeys ?? []).map { try column($0, isPartition: true) }
    }

    /// The files that the predicates on partition columns leave.
    func prune(_ files: [TableFiles.File]) -> [TableFiles.File] {
        let partitions = columns.filter(\.isPartition)
        let tests = predicates.filter { test in partitions.contains { $0.name == test.column } }
        guard !tests.isEmpty else { return files }
        return files.filter { file in
            tests.allSatisfy { test in
                guard let value = file.partition[test.column] ?? nil,
                    let type = partitions.first(where: { $0.name == test.column })?.type
                else { return true }
                return test.mayHold(for: value, type: type)
            }
        }
    }

    /// The files that may hold a row that the row filter shows, as far as partitions tell.
    ///
    /// What is counted of the others, or said of them in an error, would tell that they are there.
    func visible(_ files: [TableFiles.File], by engine: ExpressionEngine) async throws
        -> [TableFiles.File]
    {
        let partitions = columns.filter(\.isPartition).map(\.name)
        guard let rows = access.rows, !rows.columns.isDisjoint(with: partitions) else {
            return files
        }
        let values = files.map { file in
            let partition = file.partition
            return JSONValue.array(
                partitions.map { name in
                    (partition[name] ?? nil).map(JSONValue.string) ?? .null
                }
            ).text
        }
        let shown = Set(
            try await engine.lists(
                Array(Set(values)), of: partitions, where: rows.weakened(to: Set(partitions))))
        return zip(files, values).filter { shown.contains($1) }.map(\.0)
    }

    /// The table expression, as our own SQL.
    ///
    /// Files that are read alike are one branch, and each branch is governed by itself.
    ///
    /// - Throws: ``QueryFault`` for files that cannot be read.
    func sql(over files: [TableFiles.File]) throws -> String {
        guard !files.isEmpty else { return "(\(emptySelect))" }
        let branches = try scans(of: files).map(governed)
        guard branches.count > 1 else { return branches[0] }
        return "(\(branches.map { "SELECT * FROM \($0)" }.joined(separator: " UNION ALL ")))"
    }

    private func governed(_ scan: TableScan) -> String {
        guard !hidesNothing else {
            return "(SELECT \(typedList(scan) { $0.name.sqlIdentifier }) FROM \(scan.sql))"
        }
        let rows = access.rows.map { " WHERE \($0.sql)" } ?? ""
        let inner = "SELECT \(grantedList(scan)) FROM \(scan.sql)\(rows)"
        let tests = predicateTexts(in: scan)
        let leakproof = tests.isEmpty ? "" : " WHERE \(tests.joined(separator: " AND "))"
        let copies = typedList(scan) { $0.copied(from: scan) }
        return "(SELECT \(copies) FROM (\(inner))\(leakproof) LIMIT \(Int.max))"
    }

    private func scans(of files: [TableFiles.File]) throws -> [TableScan] {
        guard let scan = serde.textScan else { return try TableScan.parquet(files, columns) }
        return try TextLines.byCompression(files).map { scan($0.files, $0.compression, columns) }
    }

    /// The statement's comparisons that are made here, as SQL.
    var predicateTexts: [String] {
        predicates.compactMap { $0.sql(type: types[$0.column] ?? "") }
    }

    /// Those of them that may be made below the barrier: where a cast can fail, a value that does not convert
    /// is an error to whoever sees its row, and no row that is left out.
    private func predicateTexts(in scan: TableScan) -> [String] {
        predicates.filter { (scan.forms[$0.column] ?? .declared) == .declared }
            .compactMap { $0.sql(type: types[$0.column] ?? "") }
    }

    private var types: [String: String] {
        Dictionary(columns.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
    }

    private var granted: [(column: Column, access: ColumnAccess)] {
        access.columns.compactMap { access in
            columns.first { $0.name == access.name }.map { ($0, access) }
        }
    }

    /// As they stand in the files, or NULL where a cell is masked.
    private func grantedList(_ scan: TableScan) -> String {
        let list = granted.map { column, access in
            let name = column.name.sqlIdentifier
            guard let visible = access.visible else { return name }
            return "CASE WHEN \(visible.sql) THEN \(name) END AS \(name)"
        }
        let isPathNamed = granted.contains { scan.form(of: $0.column) != .declared }
        return (list + (isPathNamed ? [TableScan.path] : [])).joined(separator: ", ")
    }

    /// In their declared types. The casts stand above every filter: a hidden row is never cast.
    private func typedList(_ scan: TableScan, _ value: (Column) -> String) -> String {
        granted.map { column, _ in
            "\(scan.typed(value(column), of: column)) AS \(column.name.sqlIdentifier)"
        }.joined(separator: ", ")
    }

    private var emptySelect: String {
        let list = granted.map {
            "CAST(NULL AS \($0.column.type)) AS \($0.column.name.sqlIdentifier)"
        }
        return "SELECT \(list.joined(separator: ", ")) WHERE false"
    }
}

extension LeakproofPredicate {
    /// The test over a column of that engine type, or nil where a constant does not fit it: then the
    /// comparison could fail, or cast the column.
    func sql(type: String) -> String? {
        // In the file the column may have another type: a value that does not cast fails no query.
        let name = "TRY_CAST(\(column.sqlIdentifier) AS \(type))"
        switch test {
        case .isNull: return "\(name) IS NULL"
        case .isNotNull: return "\(name) IS NOT NULL"
        case .compare(let comparison, let constant):
            return constant.literal(as: type).map { "\(name) \(comparison.rawValue) \($0)" }
        case .between(let low, let high):
            guard let low = low.literal(as: type), let high = high.literal(as: type) else {
                return nil
            }
            return "\(name) BETWEEN \(low) AND \(high)"
        case .among(let constants):
            let literals = constants.compactMap { $0.literal(as: type) }
            guard literals.count == constants.count, !literals.isEmpty else { return nil }
            return "\(name) IN (\(literals.joined(separator: ", ")))"
        }
    }

    /// False only if no row of a partition with that value can pass.
    func mayHold(for value: String, type: String) -> Bool {
        switch test {
        case .compare(let comparison, let constant):
            guard let order = constant.order(against: value, type: type) else { return true }
            return switch comparison {
            case .equal: order == 0
            case .notEqual: order != 0
            case .less: order < 0
            case .lessOrEqual: order <= 0
            case .greater: order > 0
            case .greaterOrEqual: order >= 0
            }
        case .between(let low, let high):
            guard let fromLow = low.order(against: value, type: type),
                let fromHigh = high.order(against: value, type: type)
            else { return true }
            return fromLow >= 0 && fromHigh <= 0
        case .among(let constants):
            let orders = constants.map { $0.order(against: value, type: type) }
            return orders.contains { $0 == nil || $0 == 0 }
        case .isNull, .isNotNull: return true
        }
    }
}

extension LeakproofPredicate.Constant {
    private static let wholeNumbers: [String: ClosedRange<Int>] = [
        "TINYINT": -128...127, "SMALLINT": -32_768...32_767,
        "INTEGER": Int(Int32.min)...Int(Int32.max), "BIGINT": Int.min...Int.max,
    ]

    /// The constant as a literal of exactly that type, made by us.
    func literal(as type: String) -> String? {
        switch self {
        case .text(let text) where type == "VARCHAR": text.sqlLiteral
        case .text(let text) where type == "DATE", .cast(let text, to: "DATE") where type == "DATE":
            CalendarDate(text).map { "DATE '\($0.text)'" }
        case .integer(let text):
            if let range = Self.wholeNumbers[type], let number = Int(text), range.contains(number) {
                "CAST(\(number) AS \(type))"
            } else {
                nil
            }
        case .boolean(let flag) where type == "BOOLEAN": flag ? "true" : "false"
        default: nil
        }
    }

    /// How a partition's value stands to the constant: below zero if it comes before it. Nil if unknown.
    func order(against value: String, type: String) -> Int? {
        switch self {
        case .text(let text) where type == "VARCHAR":
            // Byte by byte, as the engine compares text.
            return value == text ? 0 : value.utf8.lexicographicallyPrecedes(text.utf8) ? -1 : 1
        case .text(let text) where type == "DATE", .cast(let text, to: "DATE") where type == "DATE":
            guard let own = CalendarDate(text), let other = CalendarDate(value) else { return nil }
            return other.text == own.text ? 0 : other.text < own.text ? -1 : 1
        case .integer(let text) where Self.wholeNumbers[type] != nil:
            guard let own = Int(text), let other = Int(value) else { return nil }
            return other == own ? 0 : other < own ? -1 : 1
        default: return nil
        }
    }
}

/// `2024-02-18`: four, two and two digits that are a day there was.
struct CalendarDate: Equatable {
    let text: String

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            (1...12).contains(month)
        else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...days[month - 1]).contains(day) else { return nil }
        self.text = text
    }
}
