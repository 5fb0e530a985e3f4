import DuckDB
import Testing

@Suite struct `A result is read by column` {
    let connection: Connection

    init() throws {
        connection = try Database().connect()
        try connection.execute("SET TimeZone = 'UTC'")
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var sql: String
        var value: Value

        init(_ sql: String, _ value: Value) {
            self.sql = sql
            self.value = value
        }

        var testDescription: String { sql }
    }

    static let scalars = [
        Row("NULL", .null),
        Row("NULL::BIGINT", .null),
        Row("true", .boolean(true)),
        Row("(-128)::TINYINT", .integer(-128)),
        Row("(-32768)::SMALLINT", .integer(-32768)),
        Row("(-2147483648)::INTEGER", .integer(-2_147_483_648)),
        Row("(-9223372036854775808)::BIGINT", .integer(-9_223_372_036_854_775_808)),
        Row("255::UTINYINT", .integer(255)),
        Row("65535::USMALLINT", .integer(65535)),
        Row("4294967295::UINTEGER", .integer(4_294_967_295)),
        Row("18446744073709551615::UBIGINT", .integer(18_446_744_073_709_551_615)),
        Row("(-170141183460469231731687303715884105728)::HUGEINT", .integer(.min)),
        Row("170141183460469231731687303715884105727::HUGEINT", .integer(.max)),
        Row("340282366920938463463374607431768211455::UHUGEINT", .unsigned(.max)),
        Row("0.1::FLOAT", .double(Double(Float(0.1)))),
        Row("-0.1::DOUBLE", .double(-0.1)),
        Row("-1.25::DECIMAL(4,2)", .decimal(unscaled: -125, scale: 2)),
        Row("1.25::DECIMAL(9,2)", .decimal(unscaled: 125, scale: 2)),
        Row("1.25::DECIMAL(18,2)", .decimal(unscaled: 125, scale: 2)),
        Row("1.25::DECIMAL(38,20)", .decimal(unscaled: 125_000_000_000_000_000_000, scale: 20)),
        Row("''", .text("")),
        Row("'twelve bytes'", .text("twelve bytes")),
        Row("'thirteen byte'", .text("thirteen byte")),
        Row("'Größe 规模'", .text("Größe 规模")),
        Row("'a' || chr(0) || 'b'", .text("a\u{0}b")),
        Row("'\\x00\\xFF'::BLOB", .blob([0, 255])),
        Row("'0101100'::BIT", .text("0101100")),
        Row("'{\"a\": 1}'::JSON", .text("{\"a\": 1}")),
        Row("'b'::ENUM('a', 'b')", .text("b")),
        Row(
            "'00112233-4455-6677-8899-aabbccddeeff'::UUID",
            .uuid(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff)
        ),
    ]

    static let times = [
        Row("DATE '1969-12-31'", .date(days: -1)),
        Row("TIME '00:00:01.5'", .time(nanoseconds: 1_500_000_000)),
        Row("'00:00:00.000000001'::TIME_NS", .time(nanoseconds: 1)),
        Row(
            "TIMETZ '10:00:00+02:30'",
            .zonedTime(microseconds: 36_000_000_000, offsetSeconds: 9000)
        ),
        Row(
            "TIMETZ '10:00:00-15:59:59'",
            .zonedTime(microseconds: 36_000_000_000, offsetSeconds: -57_599)
        ),
        Row("'1970-01-01 00:00:01'::TIMESTAMP_S", .timestamp(1, .seconds)),
        Row("'1970-01-01 00:00:01'::TIMESTAMP_MS", .timestamp(1_000, .milliseconds)),
        Row("TIMESTAMP '1969-12-31 23:59:59.999999'", .timestamp(-1, .microseconds)),
        Row("'1970-01-01 00:00:00.000000001'::TIMESTAMP_NS", .timestamp(1, .nanoseconds)),
        Row("TIMESTAMPTZ '1970-01-01 02:00:00+02'", .instant(microseconds: 0)),
    ]

    static let nested = [
        Row("[1, NULL, 3]", .list([.integer(1), .null, .integer(3)])),
        Row("[]::INTEGER[]", .list([])),
        Row("[1.5, 2.5]::DOUBLE[2]", .list([.double(1.5), .double(2.5)])),
        Row("[['a'], NULL, []]", .list([.list([.text("a")]), .null, .list([])])),
        Row(
            "{'a': 1, 'b': NULL::VARCHAR}",
            .structure([.init(name: "a", value: .integer(1)), .init(name: "b", value: .null)])
        ),
        Row(
            "MAP {'k': [1], 'l': NULL}",
            .map([
                .init(key: .text("k"), value: .list([.integer(1)])),
                .init(key: .text("l"), value: .null),
            ])
        ),
        Row("union_value(num := 2)", .integer(2)),
        Row(
            "[{'a': [1]::INTEGER[1]}]",
            .list([.structure([.init(name: "a", value: .list([.integer(1)]))])])
        ),
    ]

    @Test(arguments: scalars + times + nested)
    func `each type as its value`(_ row: Row) throws {
        #expect(try connection.rows("SELECT \(row.sql)") == [[row.value]])
    }

    @Test func `an interval in its three parts`() throws {
        let value = try connection.rows("SELECT INTERVAL '14 months 3 days -1 second'")[0][0]
        guard case .interval(let interval) = value else {
            Issue.record("\(value) is no interval")
            return
        }
        #expect(interval.months == 14 && interval.days == 3)
        #expect(interval.microseconds == -1_000_000)
    }

    /// The label's number takes one, two or four bytes, by how many labels there are.
    @Test(arguments: [2, 255, 256, 65_535, 65_536])
    func `an enumeration of any size`(labels: Int) throws {
        try connection.execute("CREATE TYPE e AS ENUM (SELECT 'L' || range FROM range(\(labels)))")
        let last = try connection.rows("SELECT 'L\(labels - 1)'::e")
        #expect(last == [[.text("L\(labels - 1)")]])
    }

    /// Constant and dictionary vectors must have been flattened, at every depth.
    @Test func `the same when streamed as when it is whole`() throws {
        let sql = """
            SELECT i, 'constant', [i, 7], {'a': 'x', 'b': [i % 3]}, MAP {i % 2: 'v'},
                CASE WHEN i % 5 = 0 THEN NULL ELSE repeat('y', (i % 20)::INT) END
            FROM range(5000) t(i) ORDER BY i
            """
        let whole = try connection.query(sql).rows()
        let streamed = try connection.prepare(sql).stream().rows()
        #expect(whole.count == 5000)
        #expect(whole == streamed)
        #expect(whole[4999][5] == .text(String(repeating: "y", count: 19)))
        #expect(whole[4995][5] == .null)
    }

    @Test func `with its columns' names and types`() throws {
        let columns = try connection.query(
            "SELECT 1::DECIMAL(10, 2) AS \"a b\", [MAP {1: {'x': 'y'::ENUM('y')}}] AS n"
        ).columns
        #expect(columns.map(\.name) == ["a b", "n"])
        #expect(columns[0].type == .decimal(width: 10, scale: 2))
        let inner = LogicalType.structure([.init(name: "x", type: .enumeration(["y"]))])
        #expect(columns[1].type == .list(.map(key: .integer, value: inner)))
    }

    @Test func `a type that cannot be read is named`() throws {
        guard case .unreadable = try connection.query("SELECT VARIANT 'a'").columns[0].type else {
            Issue.record("VARIANT has become readable")
            return
        }
    }
}
