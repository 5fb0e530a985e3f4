import AWSAPI
import DuckDB
import Foundation
import GlueAPI
import Testing

@testable import EmbeddedCloud

/// Two tables of which a subscriber sees one row in fifty. No value of a visible row makes an expression
/// fail; the hidden rows hold texts that do not cast, numbers that overflow, and the word POISON.
struct PoisonedLake {
    let folder: URL
    let connection: Connection
    let rows: RowPredicate
    private let engine = ExpressionEngine()

    static let columns = [
        ("k", "bigint"), ("fund_id", "string"), ("name", "string"), ("doc", "string"),
        ("ds", "string"), ("amount", "bigint"), ("code", "string"), ("note", "string"),
        ("mask", "string"), ("place", "struct<code:string>"), ("codes", "array<string>"),
    ]

    init(rows: RowPredicate) throws {
        self.rows = rows
        folder = FileManager.default.temporaryDirectory.appending(
            path: "poison-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        connection = try Database(.memory, settings: ["preserve_insertion_order": "false"])
            .connect()
        for table in ["t", "u"] {
            try connection.execute(
                """
                COPY (
                    SELECT i AS k, CASE WHEN seen THEN 'F001' ELSE 'POISON-F' || i % 7 END AS fund_id,
                        CASE WHEN seen THEN '' || i % 90 ELSE 'POISON-' || i END AS name,
                        CASE WHEN seen THEN '{"a": ' || i % 5 || '}' ELSE '{POISON' END AS doc,
                        CASE WHEN seen THEN '2024-01-1' || i % 10 ELSE 'POISON-day' END AS ds,
                        CASE WHEN seen THEN i % 13 ELSE 9223372036854775807 - i % 5 END AS amount,
                        CASE WHEN seen THEN ['day', 'hour', 'month'][1 + i % 3] ELSE 'POISON' END AS code,
                        CASE WHEN i % 3 = 0 THEN 'n' || i % 4 ELSE 'POISON' END AS note,
                        CASE WHEN i % 3 = 0 THEN 'day' ELSE 'POISON' END AS mask,
                        {'code': CASE WHEN seen THEN 'day' ELSE 'POISON' END} AS place,
                        [CASE WHEN seen THEN 'day' ELSE 'POISON' END] AS codes, 'POISON' AS secret
                    FROM (SELECT i, i % 50 = \(table == "t" ? 0 : 3) AS seen FROM range(30000) r(i))
                ) TO '\(folder.path())/\(table).parquet' (FORMAT parquet, ROW_GROUP_SIZE 4096)
                """)
            try connection.execute(
                """
                CREATE TABLE visible_\(table) AS SELECT k, fund_id, name, doc, ds, amount, code,
                    CASE WHEN note <> 'POISON' THEN note END AS note,
                    CASE WHEN mask <> 'POISON' THEN mask END AS mask, place, codes
                FROM read_parquet('\(folder.path())/\(table).parquet') WHERE fund_id = 'F001'
                """)
        }
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// The same rows, by filters that the engine runs in different places.
    static let filters: [RowPredicate] = [
        .compare(column: "fund_id", .equal, .init(type: .string, text: "F001")),
        .among(column: "fund_id", ["F001", "F009"].map { .init(type: .string, text: $0) }),
        .any([
            .compare(column: "amount", .less, .init(type: .bigint, text: "13")),
            .like(column: "fund_id", pattern: "F00_"),
        ]),
    ]

    /// Those rows, and of them the note and the mask only where they are not poison.
    private var access: TableAccess {
        TableAccess(
            columns: Self.columns.map { name, _ in
                let isClean = RowPredicate.compare(
                    column: name, .notEqual, .init(type: .string, text: "POISON"))
                return ColumnAccess(
                    name: name, visible: ["note", "mask"].contains(name) ? isClean : nil)
            }, rows: rows)
    }

    func governed(_ sql: String) async throws -> [[Value]] {
        try await run(sql) { reference, predicates in
            let table = Glue.Table(
                name: reference.name,
                storageDescriptor: .init(
                    columns: Self.columns.map { .init(name: $0, type: $1) }))
            let scan = try GovernedScan(of: table, access: access, predicates: predicates)
            let path = "\(folder.path())/\(reference.name).parquet"
            let file = TableFiles.File(
                path: path, identity: try #require(FileIdentity(ofFileAt: path)),
                key: "\(reference.name).parquet", guarantee: .detection)
            return .init(table: try await engine.tableTree(of: try scan.sql(over: [file])))
        }
    }

    /// The same over tables that have nothing but the visible rows.
    func physical(_ sql: String) async throws -> [[Value]] {
        try await run(sql) { reference, _ in
            .init(
                table: try await engine.tableTree(of: "(SELECT * FROM visible_\(reference.name))"))
        }
    }

    private func run(_ sql: String, _ replacement: SyntaxTree.Replacement) async throws -> [[Value]]
    {
        let tree = try connection.rows(
            "SELECT json_serialize_sql(CAST($1 AS VARCHAR))::VARCHAR", [.text(sql)])[0][0].text
        let rewritten = try await SyntaxTree(try #require(tree)).replacingTables(replacement)
        let text = try connection.rows(
            "SELECT json_deserialize_sql(CAST(CAST($1 AS VARCHAR) AS JSON))", [.text(rewritten)])
        return try connection.rows(try #require(text[0][0].text))
    }
}

/// Statements of a malicious subscriber, as a seed decides them.
private struct Attacker {
    var random: SplitMix

    private mutating func one(_ choices: [String]) -> String {
        choices.randomElement(using: &random) ?? ""
    }
    private mutating func number(_ range: ClosedRange<Int>) -> Int {
        .random(in: range, using: &random)
    }

    /// Of a bigint; fails, or tells, on hidden rows.
    mutating func number(of table: String) -> String {
        one([
            "CAST(\(table).name AS INTEGER)", "\(table).name::DECIMAL(9, 2)::BIGINT",
            "(\(table).doc::JSON ->> 'a')::BIGINT",
            "json_extract_string(\(table).doc, '$.a')::BIGINT",
            "\(table).amount * \(table).amount", "CAST(\(table).amount AS TINYINT)::BIGINT",
            // The engine believes that these never fail, and so runs them before a filter if it may.
            "length(substr(\(table).name, \(table).amount))",
            "epoch(epoch_ms(\(table).amount))::BIGINT",
            "date_diff(\(table).code, DATE '2024-01-01', DATE '2024-03-01')",
            "epoch(to_timestamp(\(table).amount))::BIGINT",
            "\(table).amount + 1", "day(CAST(\(table).ds AS DATE))",
            "day(strptime(\(table).ds, '%Y-%m-%d'))",
            "factorial(CAST(\(table).amount AS INTEGER))::BIGINT",
            "CASE WHEN \(table).fund_id <> 'F001' THEN CAST(error(\(table).name) AS BIGINT) ELSE \(table).k END",
            "length(repeat('x', \(table).amount))", "ascii(substr(\(table).code, 2))", "\(table).k",
            "length(CASE WHEN \(table).fund_id = 'F001' THEN \(table).code ELSE error(\(table).name) END)",
        ])
    }

    mutating func condition(on table: String, depth: Int = 2) -> String {
        let column = one(["name", "ds", "code", "fund_id", "note"])
        let simple = [
            "\(number(of: table)) \(one(["=", "<>", "<", ">="])) \(number(0...40))",
            "\(table).name = \(number(0...90))", "\(table).name IN (\(number(0...90)), 5)",
            "\(table).ds = DATE '2024-01-1\(number(0...9))'",
            "\(table).ds < TIMESTAMP '2024-01-15'",
            "\(table).amount > \(number(0...12))", "\(table).code = '\(one(["day", "hour"]))'",
            "\(table).\(column) IS NOT NULL", "\(table).\(column) BETWEEN '1' AND 'd'",
            "\(table).fund_id <> 'F001'", "\(table).\(column) LIKE '%POISON%'",
            "\(table).note = 'n\(number(0...3))'", "\(table).amount BETWEEN 2 AND \(number(3...9))",
            "regexp_matches(\(table).\(column), '[0-9c]')",
        ]
        guard depth > 0 else { return one(simple) }
        return one([
            "(\(condition(on: table, depth: depth - 1)) AND \(condition(on: table, depth: depth - 1)))",
            "(\(condition(on: table, depth: depth - 1)) OR \(condition(on: table, depth: depth - 1)))",
            "NOT \(condition(on: table, depth: depth - 1))", one(simple), one(simple),
            "EXISTS (SELECT 1 FROM u z WHERE z.amount = \(table).amount AND \(condition(on: "z", depth: 0)))",
            "\(number(of: table)) IN (SELECT \(number(of: "z")) FROM u z WHERE \(condition(on: "z", depth: 0)))",
            "\(number(of: table)) >= ALL (SELECT z.amount FROM u z WHERE z.code = \(table).code)",
        ])
    }

    mutating func statement() -> String {
        let (a, b) = (condition(on: "t"), condition(on: "u"))
        let (m, n) = (number(of: "t"), number(of: "u"))
        let join = one(["JOIN", "LEFT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN"])
        let both =
            ["SEMI JOIN", "ANTI JOIN"].contains(join)
            ? "t.k" : "coalesce(t.k, 0) + coalesce(u.k, 0)"
        let order = one(["t.k", "\(m), t.k", "t.code, t.k DESC"])
        return one([
            "SELECT count(*), sum(\(m)), min(t.name), max(t.ds) FROM t WHERE \(a)",
            "SELECT \(m), t.note FROM t WHERE \(a) ORDER BY \(order) LIMIT \(number(1...40))",
            "SELECT t.code, sum(\(m)), count(DISTINCT t.name) FROM t WHERE \(a) GROUP BY 1 HAVING max(\(m)) > 1",
            "SELECT count(*), sum(\(both)) FROM t \(join) u ON t.amount = u.amount AND \(a) WHERE t.k > 0",
            "SELECT count(*) FROM t \(join) (SELECT * FROM u WHERE \(b)) u ON CAST(t.name AS INTEGER) = CAST(u.name AS INTEGER)",
            "SELECT count(*) FROM t, LATERAL (SELECT \(n) AS v FROM u WHERE u.amount = t.amount AND \(b) ORDER BY u.k LIMIT 1) w WHERE w.v > 1",
            "WITH t AS (SELECT * FROM t WHERE \(a)), w AS MATERIALIZED (SELECT t.k, \(m) AS v FROM t) SELECT sum(v), count(*) FROM w JOIN t USING (k)",
            "SELECT k, row_number() OVER (PARTITION BY t.code ORDER BY t.k), sum(\(m)) OVER (ORDER BY t.k ROWS 3 PRECEDING) FROM t WHERE \(a) QUALIFY row_number() OVER (PARTITION BY t.code ORDER BY t.k) < 4",
            "SELECT \(m) FROM t WHERE \(a) UNION ALL SELECT \(n) FROM u WHERE \(b)",
            "SELECT \(m) FROM t WHERE \(a) EXCEPT SELECT \(n) FROM u",
            "SELECT (SELECT max(\(n)) FROM u WHERE u.code = t.code), count(*) FROM t WHERE \(a) GROUP BY ALL",
            "SELECT min(v), max(v), arg_max(w, v) FROM (SELECT \(m) AS v, t.code || t.ds || t.k AS w FROM t WHERE \(a) ORDER BY t.k LIMIT 100) WHERE v < 1000",
            "SELECT code, count(*) FROM t WHERE \(a) GROUP BY CUBE (code, note)",
            "SELECT count(*) FROM t ASOF JOIN u ON t.code = u.code AND t.k >= u.k WHERE \(a)",
            "SELECT count(*), sum(x) FROM (SELECT unnest([\(m), 1]) AS x FROM t WHERE \(a))",
            "SELECT list_sum(list_transform(list(t.name ORDER BY t.k), x -> CAST(x AS INTEGER))) FROM t WHERE \(a)",
            "SELECT DISTINCT ON (code) code, \(m) FROM t WHERE \(a) ORDER BY code, t.k",
            "SELECT * FROM t WHERE \(a) ORDER BY ALL LIMIT 20",
        ])
    }
}

@Suite struct `Hidden rows` {
    @Test(arguments: UInt64(1)...3, PoisonedLake.filters)
    func `are not there, whatever is asked`(seed: UInt64, rows: RowPredicate) async throws {
        let lake = try PoisonedLake(rows: rows)
        defer { lake.remove() }
        var attacker = Attacker(random: SplitMix(state: seed))
        var answered = 0
        for _ in 0..<40 {
            let statement = attacker.statement()
            let expected: [String]
            do {
                expected = try await sorted(lake.physical(statement))
            } catch let error as DuckDBError {
                // What the engine does not take, it does not take here either.
                let refusal = try await #require(throws: DuckDBError.self, "\(statement)") {
                    _ = try await lake.governed(statement)
                }
                #expect(
                    refusal.kind == error.kind && !refusal.message.contains("POISON"),
                    "\(statement)")
                continue
            }
            do {
                let rows = try await sorted(lake.governed(statement))
                #expect(rows == expected, "\(statement)")
                answered += 1
            } catch {
                Issue.record("\(statement): \(error)")
            }
        }
        #expect(answered > 25)
    }

    /// The engine runs these on every value of a column's dictionary, also of rows that are filtered out.
    @Test(
        arguments: [
            "date_diff(code, DATE '2024-01-01', DATE '2024-03-01') >= 0",
            "date_diff(upper(code), DATE '2024-01-01', DATE '2024-03-01') >= 0",
            "date_diff(place.code, DATE '2024-01-01', DATE '2024-03-01') >= 0",
            "date_diff(codes[1], DATE '2024-01-01', DATE '2024-03-01') >= 0",
            "length(substr('x', xor(amount, 8))) >= 0", "epoch_ms(amount) IS NOT NULL",
            "date_diff(coalesce(mask, 'day'), DATE '2024-01-01', DATE '2024-03-01') >= 0",
        ], PoisonedLake.filters)
    func `are not in what a column brings along`(condition: String, rows: RowPredicate) async throws
    {
        let lake = try PoisonedLake(rows: rows)
        defer { lake.remove() }
        let count = try await lake.governed("SELECT count(*) FROM t WHERE \(condition)")
        #expect(count == [[.integer(600)]])
    }

    private func sorted(_ rows: [[Value]]) -> [String] { rows.map { "\($0)" }.sorted() }
}
