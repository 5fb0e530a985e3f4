import DuckDB
import Foundation
import Testing

@Suite struct `A connection writes` {
    let connection: Connection
    let directory: TemporaryDirectory

    init() throws {
        connection = try Database().connect()
        directory = try TemporaryDirectory()
    }

    @Test func `parameters as they are, zero bytes and all`() throws {
        let parameters: [Parameter] = [nil, true, -7, 0.5, "it's \u{0} ü", .blob([0, 1, 255])]
        let rows = try connection.rows("SELECT $1, $2, $3, $4, $5, $6", parameters)
        let expected: [Value] = [
            .null, .boolean(true), .integer(-7), .double(0.5), .text("it's \u{0} ü"),
            .blob([0, 1, 255]),
        ]
        #expect(rows == [expected])
    }

    @Test func `as many parameters as the statement takes`() throws {
        #expect(throws: DuckDBError.self) { try connection.rows("SELECT $1", []) }
        #expect(throws: DuckDBError.self) { try connection.rows("SELECT 1", [1]) }
    }

    @Test func `rows by the thousand, through an appender`() throws {
        try connection.execute("CREATE TABLE t (i INTEGER NOT NULL, s VARCHAR, d DATE)")
        try connection.append(to: "t") { appender in
            for number in 0..<5_000 {
                try appender.row([.integer(Int64(number)), "n", "2024-02-29"])
            }
        }
        let rows = try connection.rows("SELECT count(*), sum(i), max(d) FROM t")
        #expect(rows == [[.integer(5_000), .integer(12_497_500), .date(days: 19_782)]])
    }

    @Test func `nothing, when an appended row does not fit`() throws {
        try connection.execute("CREATE TABLE t (i INTEGER NOT NULL)")
        #expect(throws: DuckDBError.self) {
            try connection.append(to: "t") { appender in
                try appender.row([1])
                try appender.row([1, 2])
            }
        }
        #expect(throws: DuckDBError.self) {
            try connection.append(to: "t") { appender in
                try appender.row([1])
                try appender.row([nil])
            }
        }
        #expect(throws: DuckDBError.self) { try connection.append(to: "missing") { _ in } }
        #expect(try connection.rows("SELECT count(*) FROM t") == [[.integer(0)]])
    }

    @Test func `Parquet that it reads again`() throws {
        let path = "\(directory.path)/a.parquet".sqlLiteral
        try connection.execute(
            "COPY (SELECT i AS \("a \"b\"".sqlIdentifier) FROM range(3) t(i)) TO \(path)"
        )
        let result = try connection.query("SELECT * FROM read_parquet(\(path)) ORDER BY 1")
        #expect(result.columns.map(\.name) == ["a \"b\""])
        #expect(try result.rows() == [[.integer(0)], [.integer(1)], [.integer(2)]])
    }

    @Test func `a file that outlives it`() throws {
        let file = Database.Location.file("\(directory.path)/w.duckdb")
        try Database(file).connect().execute("CREATE TABLE t AS SELECT 42 AS answer")
        #expect(try Database(file).connect().rows("FROM t") == [[.integer(42)]])
    }

    @Test func `how many rows a change touched`() throws {
        try connection.execute("CREATE TABLE t AS SELECT * FROM range(10)")
        #expect(try connection.query("DELETE FROM t WHERE range < 4").rowsChanged == 4)
    }

    /// Quoting is right when the engine reads back what was quoted.
    @Test(arguments: UInt64(1)...50)
    func `any text as a literal and as a name`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("a'\"\\;-- \n\u{301}é规")
        let text = String((0..<12).map { _ in alphabet.randomElement(using: &random)! })

        let result = try connection.query("SELECT \(text.sqlLiteral) AS \(text.sqlIdentifier)")
        #expect(result.columns[0].name.utf8.elementsEqual(text.utf8))
        #expect(try result.rows()[0][0].text?.utf8.elementsEqual(text.utf8) == true)
    }
}

/// Its name holds what must be quoted. It goes with whoever made it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "duckdb-it's-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// SplitMix64, so that a failing run can be run again.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
