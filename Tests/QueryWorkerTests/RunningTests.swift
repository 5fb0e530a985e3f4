import DuckDB
import Foundation
import QueryWorker
import Testing

@Suite struct `A worker runs` {
    let workplace: Workplace
    let worker: QueryWorkerProcess

    init() async throws {
        workplace = try Workplace()
        worker = try await workplace.start()
    }

    func csv(_ sql: String, named name: String = "q1.csv") async throws -> (String, ResultSummary) {
        let file = try #require(StagingFile(rawValue: name))
        let outcome = try await worker.run(worker.parse(sql), output: .csv(file))
        #expect(outcome.rows == nil)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: workplace.staging + "/" + name))
        #expect(bytes.count == outcome.summary.byteCount)
        return (String(decoding: bytes, as: UTF8.self), outcome.summary)
    }

    @Test func `a scan of the lake`() async throws {
        let sql = """
            SELECT fund_id, count(*), sum(nav) FROM read_parquet('\(workplace.nav)')
            GROUP BY ALL ORDER BY ALL LIMIT 2
            """
        #expect(try await worker.rows(sql) == #"[["F0",1000,1248750.0],["F1",1000,1249000.0]]"#)
    }

    @Test func `into Athena's CSV`() async throws {
        let (text, summary) = try await csv(
            #"""
            SELECT * FROM (VALUES (1, 'it''s "x"', 50.0::DOUBLE), (2, '', NULL), (3, NULL, 1e10))
            t(id, "a ""b""", d) ORDER BY id
            """#
        )
        let lines = [
            #""id","a ""b""","d""#,
            #""1","it's ""x""","50.0""#,
            #""2","","#,
            #""3",,"1.0E10""#,
        ]
        #expect(text == lines.joined(separator: "\n") + "\n")
        #expect(summary.rowCount == 3)
        #expect(summary.columns.map(\.type) == ["integer", "varchar", "double"])
    }

    @Test func `into a header alone when there are no rows`() async throws {
        let (text, summary) = try await csv("SELECT 1 AS a WHERE false")
        #expect(text == "\"a\"\n")
        #expect(summary.rowCount == 0)
    }

    @Test func `results of many chunks`() async throws {
        let (text, summary) = try await csv("SELECT i FROM range(100000) t(i)")
        #expect(summary.rowCount == 100_000)
        let values = Set(text.split(separator: "\n").dropFirst())
        #expect(values.count == 100_000 && values.contains(#""99999""#))
    }

    struct Form: Sendable, CustomTestStringConvertible {
        var sql: String
        var type: String
        var text: String

        init(_ sql: String, _ type: String, _ text: String) {
            (self.sql, self.type, self.text) = (sql, type, text)
        }

        var testDescription: String { sql }
    }

    static let forms = [
        Form("true", "boolean", "true"),
        Form("(-7)::TINYINT", "tinyint", "-7"),
        Form("255::UTINYINT", "smallint", "255"),
        Form("9223372036854775807", "bigint", "9223372036854775807"),
        Form("sum(9223372036854775807)", "bigint", "9223372036854775807"),
        Form("18446744073709551615::UBIGINT", "decimal(20,0)", "18446744073709551615"),
        Form("0.1::FLOAT", "float", "0.1"),
        Form("'nan'::DOUBLE", "double", "NaN"),
        Form("'-inf'::DOUBLE", "double", "-Infinity"),
        Form("1.50", "decimal(3,2)", "1.50"),
        Form("-0.05::DECIMAL(38,20)", "decimal(38,20)", "-0.05000000000000000000"),
        Form("'a\"b'", "varchar", "a\"\"b"),
        Form("'b'::ENUM('a', 'b')", "varchar", "b"),
        Form("'hello'::BLOB", "varbinary", "68 65 6c 6c 6f"),
        Form("'101'::BIT", "varchar", "101"),
        Form(
            "'00112233-4455-6677-8899-aabbccddeeff'::UUID",
            "varchar",
            "00112233-4455-6677-8899-aabbccddeeff"
        ),
        Form("DATE '2024-02-02'", "date", "2024-02-02"),
        Form("'infinity'::DATE", "date", "infinity"),
        Form("TIME '14:32:01.1239'", "time", "14:32:01.123"),
        Form("TIMETZ '10:00:00-02:30'", "time with time zone", "10:00:00.000-02:30"),
        Form("TIMESTAMP '2024-02-18 14:32:01.1239'", "timestamp", "2024-02-18 14:32:01.123"),
        Form("'2024-02-18 14:32:01'::TIMESTAMP_S", "timestamp", "2024-02-18 14:32:01.000"),
        Form("'1969-12-31 23:59:59.9999999'::TIMESTAMP_NS", "timestamp", "1969-12-31 23:59:59.999"),
        Form("'-infinity'::TIMESTAMP", "timestamp", "-infinity"),
        Form(
            "TIMESTAMPTZ '2024-02-18 14:32:01+02'",
            "timestamp with time zone",
            "2024-02-18 12:32:01.000 UTC"
        ),
        Form("INTERVAL '36 hours'", "interval day to second", "1 12:00:00.000"),
        Form("INTERVAL '-14 months'", "interval day to second", "-1-2"),
        Form("[1, NULL, 3]", "array", "[1, null, 3]"),
        Form("['a\"b', 'c']", "array", "[a\"\"b, c]"),
        Form("{'a': 1.5, 'b': NULL}", "row", "{a=1.5, b=null}"),
        Form("MAP {'k': [1.0::DOUBLE]}", "map", "{k=[1.0]}"),
        Form("'{\"a\":1}'::JSON", "json", "{\"\"a\"\":1}"),
        Form("union_value(num := 2)", "varchar", "2"),
    ]

    @Test(arguments: forms)
    func `each type in Athena's form`(_ form: Form) async throws {
        let (text, summary) = try await csv("SELECT \(form.sql) AS v")
        #expect(text == "\"v\"\n\"\(form.text)\"\n")

        let column = try #require(summary.columns.first)
        let isDecimal = column.type == "decimal"
        let type = isDecimal ? "decimal(\(column.precision),\(column.scale))" : column.type
        #expect(type == form.type)
    }

    @Test func `into JSON with numbers as numbers`() async throws {
        let json = try await worker.rows(
            """
            SELECT 18446744073709551615::UBIGINT, 1.50, 0.5::FLOAT, 'nan'::DOUBLE, true, NULL,
                'a"\\' || chr(10) || chr(1), DATE '2024-02-02', [{'a': [1]}], MAP {1: 'x'},
                '{"j": 1}'::JSON
            """
        )
        let expected =
            #"[[18446744073709551615,1.50,0.5,"NaN",true,null,"a\"\\\n\u0001","2024-02-02","#
            + #"[{"a":[1]}],[[1,"x"]],{"j": 1}]]"#
        #expect(json == expected)
        #expect(throws: Never.self) {
            try JSONSerialization.jsonObject(with: Data(json.utf8))
        }
    }

    @Test func `functions that Trino and Redshift have`() async throws {
        let json = try await worker.rows(
            """
            SELECT nvl(NULL, 3), nvl2(NULL, 1, 2), dateadd('day', 3, DATE '2024-02-27'),
                date_format(TIMESTAMP '2024-02-03 10:11:12', '%W %e %M %Y %H:%i:%s'),
                approx_distinct(1), json_extract_scalar('{"a": "b"}', '$.a'),
                day_of_week(DATE '2024-02-02'), regexp_like('abc', 'b+'), sequence(1, 3),
                to_unixtime(from_unixtime(1)), every(true), getdate() <= sysdate()
            """
        )
        let expected =
            #"[[3,2,"2024-03-01 00:00:00.000","Saturday 3 February 2024 10:11:12",1,"b",5,true,"#
            + #"[1,2,3],1.0,true,true]]"#
        #expect(json == expected)
    }

    struct Misfit: Sendable {
        var sql: String
        var kind: String
        var position: Int?
    }

    /// The engine runs text that was made from the tree, where everything stands elsewhere.
    @Test(arguments: [
        Misfit(sql: "SELECT  1,\n  missing FROM range(1)", kind: "binder", position: 13),
        Misfit(sql: "SELECT  'ü',   nope(1)", kind: "catalog", position: 16),
        Misfit(sql: "SELECT  'a'  ::  INTEGER", kind: "conversion", position: 13),
        Misfit(sql: "SELECT x::INTEGER FROM (SELECT 'query_location' AS x)", kind: "conversion"),
        Misfit(sql: "SELECT 170141183460469231731687303715884105727", kind: "outOfRange"),
        Misfit(sql: "SELECT VARIANT 'a'", kind: "notImplemented"),
    ])
    func `and says where in the user's own text it failed`(_ misfit: Misfit) async throws {
        let fault = try await faultOf { _ = try await worker.rows(misfit.sql) }
        guard case .refused(let refusal) = fault else {
            Issue.record("\(fault)")
            return
        }
        #expect("\(refusal.kind)" == misfit.kind)
        if let position = misfit.position { #expect(refusal.position == position) }
        #expect(worker.isRunning)
    }

    @Test func `and keeps the lake's paths to itself`() async throws {
        let missing = workplace.lake + "/fund=F002/x y.parquet"
        let fault = try await faultOf {
            _ = try await worker.rows("SELECT * FROM read_parquet('\(missing)')")
        }
        guard case .refused(let refusal) = fault else {
            Issue.record("\(fault)")
            return
        }
        #expect(refusal.message.contains("[file]"))
        #expect(!refusal.message.contains("F002") && !refusal.message.contains(workplace.root))
    }

    @Test func `nothing but a SELECT, whatever the tree says`() async throws {
        for tree in ["", "{}", "[]", #"{"error":false,"statements":[]}"#, "\u{0}"] {
            let fault = try await faultOf {
                _ = try await worker.run(tree, output: .rows(max: 1))
            }
            guard case .refused = fault else {
                Issue.record("\(tree): \(fault)")
                continue
            }
        }
        #expect(worker.isRunning)
    }

    @Test func `requests in turn, however many ask`() async throws {
        let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for number in 0..<20 {
                group.addTask { (number, try await worker.rows("SELECT \(number)")) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for number in 0..<20 { #expect(answers[number] == "[[\(number)]]") }
    }

    @Test func `no result over another`() async throws {
        _ = try await csv("SELECT 1")
        let fault = try await faultOf { _ = try await csv("SELECT 2") }
        guard case .refused(let refusal) = fault else {
            Issue.record("\(fault)")
            return
        }
        #expect(refusal.kind == .io)
        #expect(try workplace.staged().contains("q1.csv"))
    }

    @Test(arguments: ["", ".", "..", ".hidden", "a/b", "/a", "a\u{0}", "-a"])
    func `into no file of a doubtful name`(_ name: String) {
        #expect(StagingFile(rawValue: name) == nil)
    }
}
