import AWSAPI
import DuckDB
import Foundation
import GlueAPI
import Testing

@testable import EmbeddedCloud

/// A lake of two partitions in which most rows are another fund's, with texts that do not cast.
private struct Lake {
    let folder: URL
    let connection: Connection

    init(rows: Int) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "governed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        connection = try Database(.memory, settings: ["preserve_insertion_order": "false"])
            .connect()
        try connection.execute(
            """
            COPY (
                SELECT CASE WHEN i % 1000 = 0 THEN 'F001' ELSE 'F002' END AS fund_id,
                       CASE WHEN i % 1000 = 0 THEN '5' ELSE 'secret-' || i END AS name,
                       CASE WHEN i % 1000 = 0 THEN '2024-01-01' ELSE 'hidden-' || i END AS ds,
                       i AS amount, '2024-01-0' || (1 + i % 2) AS as_of
                FROM range(\(rows)) AS t(i)
            ) TO '\(folder.path())' (FORMAT parquet, PARTITION_BY (as_of))
            """)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    var files: [TableFiles.File] {
        get throws {
            let root = folder.path()
            return try FileManager.default.subpathsOfDirectory(atPath: root)
                .filter { $0.hasSuffix(".parquet") }
                .map { key in
                    TableFiles.File(
                        path: "\(root)/\(key)",
                        identity: try #require(FileIdentity(ofFileAt: "\(root)/\(key)")),
                        key: key, guarantee: .detection)
                }
        }
    }

    static let table = Glue.Table(
        name: "t",
        storageDescriptor: .init(columns: [
            .init(name: "fund_id", type: "string"), .init(name: "name", type: "string"),
            .init(name: "ds", type: "string"), .init(name: "amount", type: "bigint"),
        ]), partitionKeys: [.init(name: "as_of", type: "string")])

    static let columns = ["fund_id", "name", "ds", "amount", "as_of"]

    /// The rows of fund F001, every column of them.
    static let filtered = TableAccess(
        columns: columns.map { ColumnAccess(name: $0, visible: nil) },
        rows: .compare(column: "fund_id", .equal, .init(type: .string, text: "F001")))

    /// What a subscriber with that access gets for a statement over `t`.
    func run(_ sql: String, access: TableAccess = filtered) async throws -> [[Value]] {
        try connection.rows(try await rewritten(sql, access))
    }

    /// The operators that the engine makes of it.
    func plan(_ sql: String, access: TableAccess = filtered) async throws -> JSONValue {
        let explained = try connection.rows(
            "EXPLAIN (FORMAT json) \(try await rewritten(sql, access))")
        let text = try #require(explained.first?.last?.text)
        return try #require(try JSONValue(parsing: text).array?.first)
    }

    private func rewritten(_ sql: String, _ access: TableAccess) async throws -> String {
        let engine = ExpressionEngine()
        let text = try #require(
            try connection.rows(
                "SELECT json_serialize_sql(CAST($1 AS VARCHAR))::VARCHAR", [.text(sql)])[0][0].text)
        let files = try files
        let tree = try await SyntaxTree(text).replacingTables { _, predicates in
            let scan = try GovernedScan(of: Self.table, access: access, predicates: predicates)
            return .init(
                table: try await engine.tableTree(of: try scan.sql(over: scan.prune(files))))
        }
        return try #require(
            try connection.rows(
                "SELECT json_deserialize_sql(CAST(CAST($1 AS VARCHAR) AS JSON))", [.text(tree)])[0][
                    0
                ].text)
    }
}

@Suite struct `Under a row filter` {
    /// Statements that make a naive rewrite cast a hidden text and print it in its error.
    @Test(arguments: [
        "SELECT count(*) FROM t WHERE name = 5",
        "SELECT count(*) FROM t WHERE ds = DATE '2024-01-01'",
        "SELECT count(*) FROM t WHERE name IN (5, 6)",
        "SELECT count(*) FROM t WHERE CAST(name AS INTEGER) = 5",
        "SELECT count(*) FROM t WHERE name::DECIMAL(9, 2) = 5.00",
        "SELECT count(*) FROM t WHERE ds::TIMESTAMP < now()",
        "SELECT sum(CAST(name AS INTEGER)) / 5 FROM t",
        "SELECT count(*) FROM t WHERE CASE WHEN fund_id <> 'F001' THEN error(name) ELSE true END",
        "SELECT count(*) FROM t JOIN (VALUES (5)) v(n) ON t.name = v.n",
        "SELECT count(*) FROM t GROUP BY CAST(name AS INTEGER)",
        "SELECT count(*) FROM t ORDER BY max(CAST(name AS INTEGER))",
        "SELECT count(*) FROM (SELECT * FROM t ORDER BY amount LIMIT 5000) WHERE name = 5",
    ])
    func `no expression of the user's meets a hidden row`(sql: String) async throws {
        let lake = try Lake(rows: 100_000)
        defer { lake.remove() }
        let rows = try await lake.run(sql)
        #expect(rows == [[.integer(100)]] || rows.first?.first?.double == 100)
    }

    @Test(arguments: [
        ("SELECT count(*) FROM t WHERE fund_id = 'F002'", 0),
        ("SELECT count(*) FROM t WHERE fund_id = 'F001'", 10),
        ("SELECT count(*) FROM t WHERE fund_id <> 'F001' OR true", 10),
        ("SELECT count(*) FROM t WHERE as_of = '2024-01-01'", 10),
        ("SELECT count(*) FROM t WHERE as_of = '2024-01-02'", 0),
        ("SELECT count(*) FROM t WHERE amount >= 5000 AND amount < 7000", 2),
        ("SELECT count(*) FROM t t1 JOIN t t2 ON true", 100),
        ("SELECT count(*) FROM t WHERE name IS NULL", 0),
    ])
    func `only the visible rows are there`(sql: String, count: Int64) async throws {
        let lake = try Lake(rows: 10_000)
        defer { lake.remove() }
        #expect(try await lake.run(sql).first?.first?.int64 == count)
    }

    @Test func `a masked cell is NULL and a column that was not granted is not there`() async throws
    {
        let lake = try Lake(rows: 2_000)
        defer { lake.remove() }
        let access = TableAccess(
            columns: [
                .init(name: "fund_id"),
                .init(
                    name: "name",
                    visible: .compare(
                        column: "fund_id", .equal, .init(type: .string, text: "F001"))),
            ])
        let counts = try await lake.run(
            "SELECT count(*), count(name), count(fund_id) FROM t", access: access)
        #expect(counts[0].map(\.int64) == [2_000, 2, 2_000])
        await #expect(throws: DuckDBError.self) {
            try await lake.run("SELECT amount FROM t", access: access)
        }
        let star = try await lake.run("SELECT * FROM t LIMIT 1", access: access)
        #expect(star[0].count == 2)
    }
}

@Suite struct `In the engine's own plan` {
    /// Statements, and what of each may be asked of hidden rows: comparisons that cannot fail.
    @Test(
        arguments: [
            ("SELECT count(*) FROM t WHERE name = 5", []),
            ("SELECT count(*) FROM t WHERE amount = 5 AND lower(name) = 'x'", ["amount=5"]),
            (
                "SELECT count(*) FROM t WHERE CASE WHEN fund_id <> 'F001' THEN error(name) ELSE true END",
                []
            ),
            ("SELECT count(*) FROM t a JOIN t b ON a.name = b.amount WHERE a.amount > 3", []),
            ("SELECT name FROM t ORDER BY CAST(ds AS DATE) LIMIT 3", []),
            ("SELECT DISTINCT CAST(name AS INTEGER) FROM t", []),
            (
                "SELECT CAST(name AS INTEGER), count(*) FROM t GROUP BY 1 HAVING max(ds) > '2024'",
                []
            ),
            ("SELECT sum(CAST(name AS INTEGER)) OVER (ORDER BY ds) FROM t", []),
            ("SELECT * FROM t WHERE amount IN (SELECT CAST(name AS INTEGER) FROM t)", []),
            ("SELECT * FROM t x WHERE EXISTS (FROM t y WHERE y.name::INTEGER = x.amount)", []),
            ("WITH c AS MATERIALIZED (FROM t) SELECT * FROM c WHERE name::INTEGER = 5", []),
            ("SELECT * FROM (SELECT * FROM t LIMIT 10) WHERE CAST(name AS INTEGER) = 5", []),
            ("SELECT CAST(name AS INTEGER) FROM t UNION SELECT amount FROM t", []),
            ("SELECT amount FROM t WHERE amount > (SELECT avg(CAST(name AS INTEGER)) FROM t)", []),
        ] as [(String, [String])])
    func `nothing else is below the barrier than the row filter`(
        sql: String, comparisons: [String]
    ) async throws {
        let lake = try Lake(rows: 10_000)
        defer { lake.remove() }
        let reads = Self.reads(in: try await lake.plan(sql), under: [])
        #expect(!reads.isEmpty)
        for operators in reads {
            let names = operators.map { $0["name"]?.string ?? "" }
            let barrier = try #require(
                names.firstIndex { $0.contains("LIMIT") }, "\(names.joined(separator: ", "))")
            #expect(Set(names[..<barrier]).isSubset(of: ["READ_PARQUET", "PROJECTION", "FILTER"]))
            let filters = operators[..<barrier].flatMap(Self.filters)
            #expect(filters.sorted() == (["fund_id='F001'"] + comparisons).sorted())
        }
    }

    @Test func `a table of which everything was granted has no barrier`() async throws {
        let lake = try Lake(rows: 10_000)
        defer { lake.remove() }
        let plan = try await lake.plan(
            "SELECT count(*) FROM t WHERE amount + 1 = 5", access: .whole(Lake.columns))
        let read = try #require(Self.reads(in: plan, under: []).first)
        #expect(!read.contains { ($0["name"]?.string ?? "").contains("LIMIT") })
    }

    /// Each read of files, followed by the operators that it goes through.
    private static func reads(in node: JSONValue, under above: [JSONValue]) -> [[JSONValue]] {
        let path = [node] + above
        if node["name"]?.string == "READ_PARQUET" { return [path] }
        return (node["children"]?.array ?? []).flatMap { reads(in: $0, under: path) }
    }

    private static func filters(of node: JSONValue) -> [String] {
        ["Filters", "Expression", "Expressions", "Dynamic Filters"].flatMap { name in
            let said = node["extra_info"]?[name]
            return said?.array?.compactMap(\.string) ?? [said?.string].compactMap(\.self)
        }
    }
}

@Suite struct `Partitions` {
    @Test(arguments: [
        ("as_of = '2024-01-01'", 1), ("as_of > '2024-01-01'", 1), ("as_of >= '2024-01-01'", 2),
        ("as_of IN ('2024-01-02', 'x')", 1), ("as_of = 'nowhere'", 0), ("amount = 5", 2),
        ("as_of BETWEEN '2023' AND '2025'", 2), ("lower(as_of) = 'x'", 2),
    ])
    func `that cannot hold a wanted row are not read`(condition: String, files: Int) async throws {
        let lake = try Lake(rows: 10)
        defer { lake.remove() }
        let text = try #require(
            try lake.connection.rows(
                "SELECT json_serialize_sql(CAST($1 AS VARCHAR))::VARCHAR",
                [.text("SELECT 1 FROM t WHERE \(condition)")]
            )[0][0].text)
        var left = -1
        let all = try lake.files
        _ = try await SyntaxTree(text).replacingTables { _, predicates in
            let scan = try GovernedScan(
                of: Lake.table, access: .whole(Lake.columns), predicates: predicates)
            left = scan.prune(all).count
            return .init(table: ["type": "EMPTY"])
        }
        #expect(left == files)
    }

    @Test(arguments: [
        (
            RowPredicate.compare(column: "as_of", .less, .init(type: .string, text: "2024-01-02")),
            ["1"]
        ),
        (
            .any([
                .compare(column: "as_of", .equal, .init(type: .string, text: "2024-01-02")),
                .compare(column: "fund_id", .equal, .init(type: .string, text: "F001")),
            ]), ["1", "2", nil]
        ),
        (
            .not(
                .all([
                    .among(column: "as_of", [.init(type: .string, text: "2024-01-02")]),
                    .compare(column: "fund_id", .equal, .init(type: .string, text: "F001")),
                ])), ["1", "2", nil]
        ),
        (
            .all([
                .not(.like(column: "as_of", pattern: "%2")),
                .not(.compare(column: "fund_id", .equal, .init(type: .string, text: "F001"))),
            ]), ["1"]
        ),
        (.isNull(column: "as_of"), [nil]),
        (.compare(column: "fund_id", .equal, .init(type: .string, text: "F001")), ["1", "2", nil]),
    ])
    func `that the row filter hides are not counted`(rows: RowPredicate, left: [String?])
        async throws
    {
        let identity = try #require(FileIdentity(ofFileAt: "/etc/passwd"))
        let files = ["2024-01-01", "2024-01-02", "__HIVE_DEFAULT_PARTITION__"].map { day in
            TableFiles.File(
                path: "/lake/as_of=\(day)/f.parquet", identity: identity,
                key: "as_of=\(day)/f.parquet", guarantee: .detection)
        }
        let access = TableAccess(columns: TableAccess.whole(Lake.columns).columns, rows: rows)
        let scan = try GovernedScan(of: Lake.table, access: access, predicates: [])
        let visible = try await scan.visible(files, by: ExpressionEngine())
        #expect(visible.map { $0.partition["as_of"]??.suffix(1).description } == left)
    }

    @Test func `are read from paths or, where those do not say, from what is known of the files`()
        async throws
    {
        let lake = try Lake(rows: 1_000)
        defer { lake.remove() }
        let scan = try GovernedScan(
            of: Lake.table, access: .whole(Lake.columns), predicates: [])
        let named = try lake.files
        let nameless = named.map { file in
            var file = file
            file.key = file.key.replacingOccurrences(of: "as_of", with: "AS_OF")
            return file
        }
        let query = "SELECT as_of, count(*) FROM %@ GROUP BY 1 ORDER BY 1"
        let one = try lake.connection.rows(
            query.replacingOccurrences(of: "%@", with: try scan.sql(over: named)))
        let other = try lake.connection.rows(
            query.replacingOccurrences(of: "%@", with: try scan.sql(over: nameless)))
        #expect(one == other)
        #expect(one.count == 2)
    }
}

@Suite struct `A catalogue's type` {
    @Test(arguments: [
        ("string", "VARCHAR"), ("varchar(10)", "VARCHAR"), ("decimal(18,4)", "DECIMAL(18,4)"),
        ("array<int>", "INTEGER[]"), ("map<string,double>", "MAP(VARCHAR, DOUBLE)"),
        ("struct<a:int,b:array<decimal(3,1)>>", "STRUCT(\"a\" INTEGER, \"b\" DECIMAL(3,1)[])"),
        ("TIMESTAMP", "TIMESTAMP"),
    ])
    func `is one of the engine's`(hive: String, engine: String) throws {
        #expect(try HiveType(hive).sql == engine)
    }

    @Test(arguments: [
        "", "nothing", "decimal(39,1)", "decimal(5,6)", "array<int", "int; drop table x",
        "struct<a\":int>", "map<int>", String(repeating: "array<", count: 40),
    ])
    func `or refused`(hive: String) {
        #expect(throws: QueryFault.self) { try HiveType(hive) }
    }
}
