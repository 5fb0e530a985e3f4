import AWSAPI
import DuckDB
import Testing

@testable import EmbeddedCloud

/// A statement's tree as the engine's parser makes it.
private func tree(_ sql: String) throws -> String {
    let connection = try Database(.memory).connect()
    let rows = try connection.rows(
        "SELECT json_serialize_sql(CAST($1 AS VARCHAR))::VARCHAR", [.text(sql)])
    return try #require(rows.first?.first?.text)
}

/// The tables that a statement names, or the code with which it is refused.
private func outcome(_ sql: String) async throws -> String {
    var names: [String] = []
    do {
        _ = try await SyntaxTree(try tree(sql)).replacingTables { reference, _ in
            names.append(reference.fullName)
            return .init(table: ["type": "EMPTY"])
        }
        return names.joined(separator: " ")
    } catch let fault as QueryFault {
        return fault.code
    }
}

@Suite struct `A statement's tree` {
    struct Row: Sendable, CustomTestStringConvertible {
        var sql: String
        var expected: String
        var testDescription: String { sql }

        init(_ sql: String, _ expected: String) {
            self.sql = sql
            self.expected = expected
        }
    }

    @Test(arguments: [
        Row("SELECT 1", ""),
        Row("SELECT * FROM t", "t"),
        Row(
            "SELECT * FROM db.t AS a JOIN \"AwsDataCatalog\".db.u USING (k)",
            "db.t AwsDataCatalog.db.u"),
        Row("WITH w AS (SELECT * FROM t) SELECT * FROM w", "t"),
        Row("WITH w AS (SELECT * FROM t) SELECT * FROM db.w", "t db.w"),
        Row(
            "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r) SELECT * FROM r", ""),
        Row("SELECT * FROM (SELECT * FROM t) x, LATERAL (SELECT x.a FROM u) y", "t u"),
        Row("SELECT (SELECT max(a) FROM t) WHERE EXISTS (SELECT 1 FROM u)", "u t"),
        Row("SELECT a FROM t UNION SELECT b FROM u ORDER BY 1 LIMIT 3", "t u"),
        Row("SELECT * FROM unnest([1, 2]), range(3)", ""),
        Row("WITH t AS (SELECT * FROM t) SELECT * FROM t", "t"),
        Row("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b", "b"),
        Row("WITH a AS (SELECT 1), b AS (SELECT * FROM A) SELECT * FROM (SELECT * FROM b)", ""),
        Row("SELECT * FROM (WITH z AS (SELECT 1) SELECT * FROM z) q, z", "z"),
        Row("WITH RECURSIVE r AS (SELECT * FROM r UNION ALL SELECT * FROM r) SELECT 1", "r"),
        Row("WITH \"\u{212A}\" AS (SELECT 1) SELECT * FROM k", "k"),
        Row(
            "SELECT 1 FROM t GROUP BY CUBE ((SELECT max(a) FROM u)) ORDER BY (SELECT 1 FROM v)",
            "t u v"),
        Row("SELECT 1 LIMIT (SELECT 1 FROM t)", "t"),
        Row(
            "SELECT sum(a) FILTER (WHERE a IN (SELECT 1 FROM u)) OVER (ORDER BY (SELECT 1 FROM v)) FROM t",
            "t u v"),
        Row("SELECT * REPLACE ((SELECT 1 FROM u) AS a) FROM range((SELECT 1 FROM t))", "t u"),
    ])
    func `names the tables that it reads`(_ row: Row) async throws {
        let found = try await outcome(row.sql).split(separator: " ").sorted()
        #expect(found == row.expected.split(separator: " ").sorted())
    }

    @Test(arguments: [
        Row("SELECT * FROM read_parquet('/etc/passwd')", "FUNCTION_NOT_FOUND"),
        Row("SELECT * FROM read_csv('x'), t", "FUNCTION_NOT_FOUND"),
        Row("SELECT * FROM parquet_metadata('x')", "FUNCTION_NOT_FOUND"),
        Row("SELECT * FROM duckdb_settings()", "FUNCTION_NOT_FOUND"),
        Row("SELECT stats(a) FROM t", "FUNCTION_NOT_FOUND"),
        Row("SELECT current_setting('threads')", "FUNCTION_NOT_FOUND"),
        Row("SELECT getvariable('x')", "FUNCTION_NOT_FOUND"),
        Row("SELECT getenv('HOME')", "FUNCTION_NOT_FOUND"),
        Row("SELECT nextval('s')", "FUNCTION_NOT_FOUND"),
        Row("SELECT json_execute_serialized_sql('x')", "FUNCTION_NOT_FOUND"),
        Row("SELECT other.lower('x')", "FUNCTION_NOT_FOUND"),
        Row("SELECT list_aggregate([1], 'sum')", "FUNCTION_NOT_FOUND"),
        Row("SUMMARIZE t", "NOT_SUPPORTED"),
        Row("DESCRIBE t", "NOT_SUPPORTED"),
        Row("SHOW TABLES", "NOT_SUPPORTED"),
        Row("UNPIVOT t ON a INTO NAME n VALUE v", "NOT_SUPPORTED"),
        Row("SELECT ? FROM t", "INVALID_PARAMETER_USAGE"),
        Row("SELECT * FROM t AT (VERSION => 1)", "NOT_SUPPORTED"),
        Row("SELECT 1; SELECT 2", "SYNTAX_ERROR"),
        Row("WITH \"/lake/x.parquet\" AS (SELECT 1) SELECT 1", "SYNTAX_ERROR"),
    ])
    func `is refused where it goes beyond tables and known functions`(_ row: Row) async throws {
        #expect(try await outcome(row.sql) == row.expected)
    }

    @Test func `keeps a table's alias, or gives it its name, and shortens columns to it`()
        async throws
    {
        let rewritten = try await SyntaxTree(
            try tree("SELECT db.t.a, x.b FROM db.t, db.u AS x WHERE db.t.a = x.b")
        ).replacingTables { _, _ in .init(table: ["type": "EMPTY", "alias": ""]) }
        #expect(rewritten.contains(#""alias":"t""#))
        #expect(rewritten.contains(#""alias":"x""#))
        #expect(rewritten.contains(#""column_names":["t","a"]"#))
        #expect(!rewritten.contains(#""column_names":["db","t","a"]"#))
    }

    @Test(arguments: [
        ("SELECT db.t.a FROM t", "t.a"), ("SELECT x.t.a FROM t", "x.t.a"),
        ("SELECT t.s.f FROM t", "t.s.f"),
        ("SELECT s.f.g FROM t", "s.f.g"), ("SELECT t.s.f FROM db.t, u AS s", "t.s.f"),
        ("SELECT db.db.a FROM db.db", "db.a"), ("SELECT awsdatacatalog.db.t.a FROM db.t", "t.a"),
        ("SELECT db.t.s.f FROM db.t", "t.s.f"), ("SELECT t.a.b.c FROM t", "t.a.b.c"),
        ("SELECT \"a \"\"b\".* FROM t AS \"a \"\"b\"", #""a ""b".*"#),
    ])
    func `drops a database before a column, and nothing else`(sql: String, column: String)
        async throws
    {
        let rewritten = try await SyntaxTree(try tree(sql), database: "DB").replacingTables {
            _, _ in
            .init(table: ["type": "EMPTY", "alias": ""])
        }
        let select = try JSONValue(parsing: rewritten)["statements"]?.array?[0]["node"]?[
            "select_list"]
        let names = select?.array?[0]["column_names"]?.array?.compactMap(\.string)
        let star = select?.array?[0]["relation_name"]?.string.map { "\($0).*" }
        #expect(names?.joined(separator: ".") ?? star == column)
    }

    @Test(arguments: ["SELECT * FROM t TABLESAMPLE 5%", "SELECT * FROM t USING SAMPLE 5%"])
    func `samples rows, not the blocks that hidden ones fill`(sql: String) async throws {
        let rewritten = try await SyntaxTree(try tree(sql)).replacingTables { _, _ in
            .init(table: ["type": "EMPTY", "alias": ""])
        }
        #expect(rewritten.contains(#""method":"Bernoulli""#))
        #expect(!rewritten.contains(#""method":"System""#))
    }

    @Test func `that is nested too deeply is the asker's fault`() async throws {
        #expect(
            try await outcome("SELECT \(String(repeating: "1+", count: 400))1") == "QUERY_TOO_LARGE"
        )
    }
}

@Suite struct `A comparison beside a row filter` {
    private func predicates(
        _ condition: String, from tables: String = "t"
    ) async throws -> [String] {
        var found: [LeakproofPredicate] = []
        _ = try await SyntaxTree(
            try tree("SELECT * FROM \(tables) WHERE \(condition)"), database: "db"
        ).replacingTables { _, predicates in
            found = predicates
            return .init(table: ["type": "EMPTY"])
        }
        return found.map { "\($0.column)" }
    }

    @Test(arguments: [
        ("a = 'x'", ["a"]), ("'x' = a", ["a"]), ("a = 5 AND b <> 'y'", ["a", "b"]),
        ("a IN (1, 2) AND c BETWEEN 1 AND 3", ["a", "c"]), ("a IS NULL", ["a"]),
        ("ds = DATE '2024-01-01'", ["ds"]), ("t.a >= 3", ["a"]),
        ("db.t.a = 3 AND T.b = 1", ["a", "b"]),
    ])
    func `is a bare column and constants`(condition: String, columns: [String]) async throws {
        #expect(try await predicates(condition) == columns)
    }

    @Test(arguments: [
        ("u.a = 'x'", "t"), ("t.s.f = 1", "t"), ("s.a = 1", "t"), ("t.a = 1", "t AS x"),
        ("a = 1", "t AS t(b, a)"), ("a = 1", "t TABLESAMPLE 10 ROWS"), ("a = 1", "t, u"),
    ])
    func `is of that table, under that name`(condition: String, tables: String) async throws {
        #expect(try await predicates(condition, from: tables).isEmpty)
    }

    @Test(arguments: [
        "a = 1 OR b = 2", "lower(a) = 'x'", "a = b", "a + 1 = 2", "a LIKE 'x%'",
        "a = (SELECT 1)", "CAST(a AS INT) = 1", "a = 1.5", "a IN (1, b)", "a = now()",
    ])
    func `and nothing else`(condition: String) async throws {
        #expect(try await predicates(condition).isEmpty)
    }
}
