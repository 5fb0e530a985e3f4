import AWSAPI
import DuckDB
import Testing

@testable import EmbeddedCloud

@Suite struct `A filter expression` {
    static let columns = [
        FilterColumn(name: "fund_id", type: .string),
        FilterColumn(name: "select", type: .string),
        FilterColumn(name: "nav", type: .decimal(precision: 18, scale: 4)),
        FilterColumn(name: "units", type: .integer),
        FilterColumn(name: "score", type: .double),
        FilterColumn(name: "active", type: .boolean),
        FilterColumn(name: "day", type: .date),
        FilterColumn(name: "moment", type: .timestamp),
        FilterColumn(name: "as_of", type: .string, isPartitionKey: true),
    ]

    let engine = ExpressionEngine()

    func sql(_ expression: String) async throws -> String {
        try await FilterExpressionReader(columns: Self.columns)
            .predicate(of: expression, by: engine).sql
    }

    @Test(arguments: [
        ("fund_id = 'F001'", #"TRY_CAST("fund_id" AS VARCHAR) = 'F001'"#),
        ("FUND_ID != 'it''s'", #"TRY_CAST("fund_id" AS VARCHAR) <> 'it''s'"#),
        (#""select" = 'x'"#, #"TRY_CAST("select" AS VARCHAR) = 'x'"#),
        ("nav > -1.50", #"TRY_CAST("nav" AS DECIMAL(18,4)) > CAST('-1.5' AS DECIMAL(18,4))"#),
        ("nav < 5", #"TRY_CAST("nav" AS DECIMAL(18,4)) < CAST('5' AS DECIMAL(18,4))"#),
        (
            "nav <= 12345678901234.5",
            #"TRY_CAST("nav" AS DECIMAL(18,4)) <= CAST('12345678901234.5' AS DECIMAL(18,4))"#
        ),
        ("nav = 0.0001", #"TRY_CAST("nav" AS DECIMAL(18,4)) = CAST('0.0001' AS DECIMAL(18,4))"#),
        ("score >= 1e-3", #"TRY_CAST("score" AS DOUBLE) >= CAST('0.001' AS DOUBLE)"#),
        ("active = TRUE", #"TRY_CAST("active" AS BOOLEAN) = CAST('true' AS BOOLEAN)"#),
        ("day = '2024-02-29'", #"TRY_CAST("day" AS DATE) = CAST('2024-02-29' AS DATE)"#),
        ("day = DATE '2024-02-29'", #"TRY_CAST("day" AS DATE) = CAST('2024-02-29' AS DATE)"#),
        (
            "moment < '2024-02-29T14:32:01.5'",
            #"TRY_CAST("moment" AS TIMESTAMP) < CAST('2024-02-29 14:32:01.5' AS TIMESTAMP)"#
        ),
        (
            "units BETWEEN 1 AND 2",
            #"TRY_CAST("units" AS INTEGER) BETWEEN CAST('1' AS INTEGER) AND CAST('2' AS INTEGER)"#
        ),
        ("fund_id IN ('a', 'b')", #"TRY_CAST("fund_id" AS VARCHAR) IN ('a', 'b')"#),
        ("fund_id NOT IN ('a')", #"NOT (TRY_CAST("fund_id" AS VARCHAR) IN ('a'))"#),
        ("fund_id LIKE 'F%'", #"TRY_CAST("fund_id" AS VARCHAR) LIKE 'F%'"#),
        ("fund_id NOT LIKE 'F_'", #"NOT (TRY_CAST("fund_id" AS VARCHAR) LIKE 'F_')"#),
        ("nav IS NULL", #""nav" IS NULL"#),
        ("nav IS NOT NULL", #"NOT ("nav" IS NULL)"#),
        (
            "as_of = 'x' AND (units = 1 OR NOT active = FALSE)",
            #"(TRY_CAST("as_of" AS VARCHAR) = 'x') AND ((TRY_CAST("units" AS INTEGER) = "#
                + #"CAST('1' AS INTEGER)) OR (TRY_CAST("active" AS BOOLEAN) <> CAST('false' AS BOOLEAN)))"#
        ),
        ("fund_id = 'a' -- a remark", #"TRY_CAST("fund_id" AS VARCHAR) = 'a'"#),
    ])
    func `becomes typed SQL`(_ expression: String, _ sql: String) async throws {
        #expect(try await self.sql(expression) == sql)
    }

    @Test(arguments: [
        "fund_id = 'it''s'", "nav > -1.5", "score >= 0.001", "active = TRUE", "day = '2024-02-29'",
        "moment < '2024-02-29 14:32:01.5'", "units BETWEEN 1 AND 2", "fund_id NOT IN ('a', 'b')",
        "fund_id NOT LIKE 'F_'", "nav IS NOT NULL", "NOT (nav IS NULL AND units = 1)",
        "as_of = 'x' AND (units = 1 OR (day IS NULL AND NOT active = FALSE))",
    ])
    func `is shown in words that mean the same`(_ expression: String) async throws {
        let reader = FilterExpressionReader(columns: Self.columns)
        let predicate = try await reader.predicate(of: expression, by: engine)
        #expect(try await reader.predicate(of: "\(predicate)", by: engine) == predicate)
    }

    @Test(arguments: [
        "", "fund_id", "fund_id =", "1 = 1", "true", "'a' = 'a'", "'F001' = fund_id",
        "fund_id = select", "fund_id = nav", "lower(fund_id) = 'a'", "fund_id || 'a' = 'a'",
        "units + 1 = 2", "units = 1 + 1", "fund_id = NULL", "fund_id = 5", "units = 'x'",
        "units = 1.5", "units = 2147483648", "nav = 1.23456", "nav = 123456789012345",
        "nav = 1e3", "active", "active = 'true'", "active = 1", "day = '2024-02-30'",
        "day = '2024-2-1'", "day = 20240201", "moment = 'noon'", "moment = '2024-02-29 25:00:00'",
        "nowhere = 1", "t.fund_id = 'a'", "fund_id IN (SELECT 'a')", "EXISTS (SELECT 1)",
        "fund_id = (SELECT 'a')", "fund_id ILIKE 'a'", "fund_id LIKE 'a' ESCAPE '!'",
        "units LIKE '1'", "fund_id SIMILAR TO 'a'", "fund_id ~ 'a'", "fund_id IS DISTINCT FROM 'a'",
        "as_of IS NULL", "as_of IS NOT NULL", "fund_id = $1", "fund_id = ?", "fund_id = :name",
        "CASE WHEN units = 1 THEN true END", "fund_id = CAST(5 AS VARCHAR)",
        "fund_id = 'a' LIMIT 1", "fund_id = 'a' ORDER BY 1", "fund_id = 'a' GROUP BY fund_id",
        "fund_id = 'a' UNION SELECT 2", "fund_id = 'a'; SELECT 1", "fund_id = 'a'; DROP TABLE t",
        "fund_id = 'a') OR (1 = 1", "fund_id = 'a\u{0}'",
        "fund_id = 'a' QUALIFY true", "fund_id = 'a' USING SAMPLE 1",
        "fund_id = '\(String(repeating: "x", count: 2_048))'",
        String(repeating: "NOT (", count: 40) + "fund_id LIKE 'a'"
            + String(repeating: ")", count: 40),
        String(repeating: "NOT ", count: 500) + "active IS NULL",
        String(repeating: "(", count: 1_000) + "fund_id",
    ])
    func `is refused where the grammar has no such thing`(_ expression: String) async throws {
        let error = await #expect(throws: AWSError.self) { _ = try await sql(expression) }
        #expect(error?.code == "InvalidInputException")
    }

    /// Whatever the grantor writes, the engine sees constants and columns of ours alone.
    @Test(arguments: UInt64(1)...200)
    func `never becomes more than one condition`(seed: UInt64) async throws {
        var random = SplitMix(state: seed)
        let words = [
            "fund_id", "=", "'a'", "AND", "OR", "NOT", "(", ")", "nav", "1", "IN", ",", "BETWEEN",
            "LIKE", "IS", "NULL", ";", "SELECT", "FROM", "t", "--", "/*", "*/", "'", "\"", "LIMIT",
            "::", "DATE", "UNION", "read_csv('/etc/passwd')", "*", ".", "e'\\n'", "$$",
        ]
        let expression = (0..<Int.random(in: 1...9, using: &random))
            .map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
        guard let rendered = try? await sql(expression) else { return }
        let connection = try Database().connect()
        try connection.execute("CREATE TABLE t (fund_id VARCHAR, nav DECIMAL(18,4))")
        let tree = try connection.rows(
            "SELECT json_serialize_sql(?)", [.text("SELECT 1 FROM t WHERE \(rendered)")])
        let text = tree[0][0].text ?? ""
        #expect(!text.contains("TABLE_FUNCTION") && !text.contains("SUBQUERY"), "\(expression)")
        _ = try connection.rows("SELECT 1 FROM t WHERE \(rendered)")
    }

    @Test func `hides a row whose value is not of the declared type, without an error`()
        async throws
    {
        let rendered = try await sql("day >= '2024-01-01'")
        let connection = try Database().connect()
        try connection.execute(
            "CREATE TABLE t AS SELECT unnest(['2024-02-01', 'a hidden name', NULL]) AS day")
        let rows = try connection.rows("SELECT day FROM t WHERE \(rendered)")
        #expect(rows == [[.text("2024-02-01")]])
    }

    @Test func `is pruned by the engine as a plain comparison`() async throws {
        let rendered = try await sql("day >= '2024-01-01' AND nav > 5")
        let connection = try Database().connect()
        try connection.execute("CREATE TABLE t (day DATE, nav DECIMAL(18,4))")
        let plan = try connection.rows("EXPLAIN SELECT 1 FROM t WHERE \(rendered)")
        #expect(!(plan[0][1].text ?? "TRY_CAST").contains("TRY_CAST"))
    }
}
