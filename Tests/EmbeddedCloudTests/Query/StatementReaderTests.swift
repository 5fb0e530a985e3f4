import Testing

@testable import EmbeddedCloud

@Suite("A statement that is no question") struct StatementReaderTests {
    @Test(arguments: [
        "SELECT 1", "  -- c\n WITH a AS (SELECT 1) SELECT * FROM a", "(SELECT 1)", "VALUES (1)",
        "FROM t", "DELETE FROM t", "SET x = 1", "", "'unfinished", "/* unfinished", "SHOWN",
        "\"explain\" x", "ALTER TABLE t ADD COLUMN x int",
    ])
    func `leaves what it does not know to the engine's parser`(_ sql: String) throws {
        #expect(try AthenaStatement(reading: sql) == .question)
    }

    @Test func `keeps the places of the question inside`() throws {
        let sql = "EXPLAIN (FORMAT TEXT)\n/* é */ SELECT x FROM t;"
        guard case .explain(let question) = try AthenaStatement(reading: sql) else {
            Issue.record("It is an EXPLAIN.")
            return
        }
        #expect(question.text.utf8.count == sql.utf8.count - 1)
        #expect(question.text.hasSuffix("SELECT x FROM t"))
        #expect(question.text.prefix { $0.isWhitespace }.filter { $0 == "\n" }.count == 1)
    }

    @Test func `finds the end of the question in brackets`() throws {
        let sql = "UNLOAD (SELECT ')' AS x, (1 + 2) FROM t) TO 's3://b/k' WITH (format = 'JSON')"
        guard
            case .unload(let question, let place, let properties) = try AthenaStatement(
                reading: sql)
        else {
            Issue.record("It is an UNLOAD.")
            return
        }
        #expect(question.text.hasSuffix("SELECT ')' AS x, (1 + 2) FROM t"))
        #expect(place == "s3://b/k")
        #expect(properties == ["format": .text("JSON")])
    }

    @Test(arguments: [
        ("a.b", "a", "b"), ("`A`.`b c`", "a", "b c"), ("\"a\".\"b\"\"c\"", "a", "b\"c"),
        ("AwsDataCatalog.a.b", "a", "b"), ("b", nil, "b"),
    ])
    func `reads a name in any quotes`(_ written: String, _ database: String?, _ name: String) throws
    {
        guard
            case .show(.description(let found)) = try AthenaStatement(
                reading: "DESC FORMATTED \(written)")
        else {
            Issue.record("It is a DESCRIBE.")
            return
        }
        #expect((found.database, found.name) == (database, name))
        #expect(found.position == 15)
    }

    @Test func `reads a table's columns, whatever their types`() throws {
        let sql = """
            CREATE EXTERNAL TABLE IF NOT EXISTS d.t (`a` map<string, array<int>> COMMENT 'x, y',
                b decimal(9, 2), c struct<comment:string>)
            PARTITIONED BY (k string) STORED AS PARQUET LOCATION 's3://b/'
            """
        guard case .createExternalTable(_, let table, true) = try AthenaStatement(reading: sql)
        else {
            Issue.record("It is a CREATE EXTERNAL TABLE.")
            return
        }
        #expect(
            table.columns == [
                .init(name: "a", type: "map<string,array<int>>", comment: "x, y"),
                .init(name: "b", type: "decimal(9,2)"),
                .init(name: "c", type: "struct<comment:string>"),
            ])
        #expect(table.partitionKeys == [.init(name: "k", type: "string")])
        #expect((table.format, table.location) == ("parquet", "s3://b/"))
    }

    @Test(arguments: [
        (
            #"DELIMITED FIELDS TERMINATED BY '\t' ESCAPED BY '\\' NULL DEFINED AS 'it\'s'"#,
            [
                "field.delim": "\t", "serialization.format": "\t", "escape.delim": "\\",
                "serialization.null.format": "it's",
            ]
        ),
        (
            #"DELIMITED FIELDS TERMINATED BY '\001' LINES TERMINATED BY '\n'"#,
            ["field.delim": "\u{1}", "serialization.format": "\u{1}", "line.delim": "\n"]
        ),
        (
            #"SERDE "S" WITH SERDEPROPERTIES ("quoteChar" = "\"", 'a' = 'b''c')"#,
            ["quoteChar": "\"", "a": "b'c"]
        ),
    ])
    func `reads a row format, with Hive's escapes`(
        _ format: String, _ properties: [String: String]
    ) throws {
        let sql = "CREATE EXTERNAL TABLE t (a int) ROW FORMAT \(format) LOCATION 's3://b/'"
        guard case .createExternalTable(_, let table, false) = try AthenaStatement(reading: sql)
        else {
            Issue.record("It is a CREATE EXTERNAL TABLE.")
            return
        }
        #expect(table.serdeProperties == properties)
        #expect(table.serde == (format.hasPrefix("SERDE") ? "S" : TableFormat.text.serde))
    }

    @Test func `keeps each of EXECUTE's parameters whole`() throws {
        #expect(
            try AthenaStatement(reading: "EXECUTE p USING 'a, b', f(1, 2), ARRAY[1, 2], -3")
                == .execute(name: "p", parameters: ["'a, b'", "f(1, 2)", "ARRAY[1, 2]", "-3"]))
    }

    @Test(arguments: [
        "SHOW", "SHOW TABLES IN", "DESCRIBE", "DESCRIBE a.b.c.d", "CREATE VIEW v",
        "UNLOAD (SELECT 1",
        "INSERT INTO", "CREATE TABLE t WITH (a) AS SELECT 1", "DROP TABLE t u", "EXECUTE p USING",
        "CREATE EXTERNAL TABLE t (a int LOCATION 's3://b/'",
    ])
    func `says where it is not understood`(_ sql: String) throws {
        #expect {
            try AthenaStatement(reading: sql)
        } throws: { error in
            let fault = error as? QueryFault
            return fault?.position != nil
                && ["SYNTAX_ERROR", "NOT_SUPPORTED"].contains(fault?.code)
        }
    }

    /// Cut anywhere, and with bytes in any order, it ends, and says something or nothing.
    @Test func `survives what is cut and mixed`() {
        let whole =
            "CREATE TABLE \"a\".b WITH (x = ARRAY['c'], y = 'd') AS SELECT '`' FROM t -- e\n /* f */"
        var random = SplitMix(state: 7)
        for length in 0...whole.utf8.count {
            let cut = String(decoding: whole.utf8.prefix(length), as: UTF8.self)
            _ = try? AthenaStatement(reading: cut)
            let mixed = Array(cut.utf8).shuffled(using: &random)
            _ = try? AthenaStatement(reading: String(decoding: mixed, as: UTF8.self))
        }
    }

    @Test(arguments: [
        ("*", "", true), ("a*b*c", "aXbYc", true), ("a*b*c", "abcb", false), ("*a*", "bab", true),
        ("a", "a", true), ("a", "ab", false), ("a_c", "abc", true), ("**", "x", true),
        ("", "", true),
        (String(repeating: "*a", count: 30) + "b", String(repeating: "a", count: 200), false),
    ])
    func `matches names by stars`(_ pattern: String, _ name: String, _ matches: Bool) {
        #expect(NamePattern(pattern, single: "_").matches(name) == matches)
    }
}
