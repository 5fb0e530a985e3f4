import DuckDB
import Testing

@Suite struct `An engine error` {
    let connection: Connection

    init() throws {
        connection = try Database().connect()
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var sql: String
        var kind: DuckDBError.Kind
        var position: Int?

        var testDescription: String { sql }
    }

    static let rows = [
        Row(sql: "SELEC 1", kind: .parser, position: 0),
        Row(sql: "SELECT 'ü' FRM x y", kind: .parser, position: 16),
        Row(sql: "SELECT missing FROM range(1)", kind: .binder, position: 7),
        Row(sql: "SELECT * FROM missing", kind: .catalog, position: 14),
        Row(sql: "SELECT 'a'::INTEGER", kind: .conversion, position: 10),
        Row(sql: "SELECT error('stop')", kind: .invalidInput, position: nil),
        Row(sql: "SELECT 1 \u{0} + 1", kind: .parser, position: nil),
    ]

    @Test(arguments: rows)
    func `tells its kind and its place`(_ row: Row) throws {
        let error = try #require(throws: DuckDBError.self) { try connection.query(row.sql) }
        #expect(error.kind == row.kind)
        #expect(error.position == row.position)
        #expect(!error.message.isEmpty && !error.message.contains("exception_type"))
        // The excerpt of the statement stays out: it may hold paths.
        #expect(!error.message.contains("LINE 1"))
    }

    @Test func `arrives when the rows are made, in a stream`() throws {
        // Of several threads the one that waits may say first that it was interrupted, for the others' error.
        let alone = try Database(settings: ["threads": "1"]).connect()
        let result = try alone.prepare(
            """
            SELECT CASE WHEN i = 2999999 THEN 'x' ELSE '1' END::INTEGER
            FROM range(3000000) t(i)
            """
        ).stream()
        let error = try #require(throws: DuckDBError.self) {
            while try result.nextChunk() != nil {}
        }
        #expect(error.kind == .conversion)
    }

    @Test func `names a setting that does not exist`() {
        let error = #expect(throws: DuckDBError.self) { try Database(settings: ["nope": "1"]) }
        #expect(error?.kind == .invalidInput)
        #expect(error?.message.contains("nope") == true)
    }

    @Test func `says that a file cannot be opened`() {
        let error = #expect(throws: DuckDBError.self) { try Database(.file("/nowhere/at/all")) }
        #expect(error?.kind == .io)
    }
}
