import DuckDB
import QueryWorker
import Testing

@Suite struct `A worker parses` {
    let workplace: Workplace
    let worker: QueryWorkerProcess

    init() async throws {
        workplace = try Workplace()
        worker = try await workplace.start()
    }

    @Test func `a SELECT to its tree`() async throws {
        let tree = try await worker.parse("SELECT fund_id FROM nav_history; -- the end")
        #expect(tree.hasPrefix(#"{"error":false,"statements":[{"node":{"type":"SELECT_NODE""#))
        #expect(tree.contains(#""table_name":"nav_history""#))
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var sql: String
        var refusal: Refusal

        init(_ sql: String, _ message: String, at position: Int? = nil) {
            self.sql = sql
            let isParser = message != Self.onlySelect
            refusal = Refusal(
                kind: isParser ? .parser : .notImplemented,
                message: message,
                position: position
            )
        }

        static let onlySelect = "Only SELECT statements can be serialized to json!"
        var testDescription: String { sql }
    }

    static let refused = [
        Row("SELEC 1", "syntax error at or near \"SELEC\"", at: 0),
        // Bytes, not characters: the umlaut is two.
        Row("SELECT 'ü' FRM x y", "syntax error at or near \"x\"", at: 16),
        Row("", "One statement is expected, not 0."),
        Row(";;", "One statement is expected, not 0."),
        Row("SELECT 1; SELECT 2", "One statement is expected, not 2."),
        Row("DROP TABLE t", Row.onlySelect),
        Row("COPY (SELECT 1) TO '/tmp/x'", Row.onlySelect),
        Row("SET threads = 9", Row.onlySelect),
        Row("ATTACH '/tmp/x'", Row.onlySelect),
    ]

    @Test(arguments: refused)
    func `and refuses, saying where`(_ row: Row) async throws {
        let fault = try await faultOf { _ = try await worker.parse(row.sql) }
        #expect(fault == .refused(row.refusal))
        #expect(worker.isRunning)
    }

    @Test func `text up to its limit`() async throws {
        let limit = QueryWorkerLimits().sqlBytes
        let sql = "SELECT '" + String(repeating: "x", count: limit - 9) + "'"
        #expect(try await worker.parse(sql).utf8.count > limit)

        let fault = try await faultOf { _ = try await worker.parse(sql + " ") }
        #expect(fault == .exceeded(.sqlBytes))
    }

    @Test func `a tree up to its limit`() async throws {
        let worker = try await workplace.start { $0.limits.treeBytes = 2_000 }
        _ = try await worker.parse("SELECT 1")
        let sql = "SELECT " + repeatElement("1", count: 100).joined(separator: "+")
        #expect(try await faultOf { _ = try await worker.parse(sql) } == .exceeded(.treeBytes))
        #expect(try await worker.rows("SELECT 1") == "[[1]]")
    }
}
