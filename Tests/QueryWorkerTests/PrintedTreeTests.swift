import DuckDB
import QueryWorker
import Testing

/// A tree is run as the text that the engine prints from it.
@Suite struct `Printed SQL` {
    let workplace: Workplace
    let worker: QueryWorkerProcess

    init() async throws {
        workplace = try Workplace()
        worker = try await workplace.start()
    }

    /// Each holds a name, which the printer pastes as it stands, with SQL in it.
    @Test(arguments: [
        "SELECT \"x.* FROM read_parquet('%@') x --\".* FROM range(1) t",
        "SELECT \"1, (SELECT max(nav) FROM read_parquet('%@')), t\".* FROM range(1) t",
        "SELECT \"1 FROM (PIVOT read_parquet('%@') ON fund_id USING sum(nav)) --\".* FROM range(1) t",
        "SELECT COLUMNS(\"t.*) FROM read_parquet('%@') t --\".*) FROM range(1) t",
        "SELECT \"sum(nav) over () from read_parquet('%@') --\"(1) OVER ()",
    ])
    func `is not run where it says more than its tree`(statement: String) async throws {
        let sql = statement.replacing("%@", with: workplace.nav)
        let fault = try await faultOf { _ = try await worker.rows(sql) }
        guard case .refused(let refusal) = fault else {
            Issue.record("\(fault)")
            return
        }
        #expect(refusal.kind == .notImplemented)
        #expect(!refusal.message.contains("nav"))
        #expect(worker.isRunning)
    }

    @Test(arguments: [
        ("SELECT * FROM (VALUES (1, 2)) v(a, b)", "[[1,2]]"),
        ("VALUES (1), (2)", "[[1],[2]]"),
        (
            "SELECT 1e3 = 1000, -1e-3 < 0, true IS TRUE, NULL IS NOT FALSE",
            "[[true,true,true,true]]"
        ),
        (
            "SELECT count(*) FROM range(3) t(a), range(2) u(b) GROUP BY CUBE (a, b), a ORDER BY 1",
            "[[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[2],[2],[2],[2],[2],[2]]"
        ),
        ("SELECT * EXCLUDE (u.b, t.a) FROM (SELECT 1 AS a, 2 AS c) t, (SELECT 3 AS b) u", "[[2]]"),
        ("SELECT \"a \"\"b\".\"c d\" FROM (SELECT 7 AS \"c d\") \"a \"\"b\"", "[[7]]"),
    ])
    func `is run where it says the same in other words`(sql: String, rows: String) async throws {
        #expect(try await worker.rows(sql) == rows)
    }
}
