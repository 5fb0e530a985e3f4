import DuckDB
import QueryWorker
import Testing

@Suite struct `A worker's limits` {
    let workplace: Workplace
    static let endless = "SELECT count(*) FROM range(1000000000000000) t(i) WHERE i % 7 = 3"

    init() throws {
        workplace = try Workplace()
    }

    @Test func `stop an endless query at once, and leave nothing`() async throws {
        let worker = try await workplace.start()
        let file = try #require(StagingFile(rawValue: "q.csv"))
        let tree = try await worker.parse(Self.endless)
        let start = ContinuousClock.now
        let fault = try await faultOf {
            _ = try await worker.run(tree, output: .csv(file), within: .milliseconds(300))
        }
        #expect(fault == .exceeded(.runTime))
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(!worker.isRunning)
        try await eventually { try workplace.staged().isEmpty }

        let later = try await faultOf { _ = try await worker.parse("SELECT 1") }
        #expect(later == .ended(.killed(signal: 9)))
    }

    @Test func `hold for rows, and the worker goes on`() async throws {
        let worker = try await workplace.start { $0.limits.resultRows = 10 }
        let file = try #require(StagingFile(rawValue: "q.csv"))
        #expect(try await worker.rows("SELECT * FROM range(10)").hasSuffix("[9]]"))
        for output in [QueryOutput.csv(file), .rows(max: 1_000)] {
            let tree = try await worker.parse("SELECT * FROM range(11)")
            let fault = try await faultOf { _ = try await worker.run(tree, output: output) }
            #expect(fault == .exceeded(.resultRows))
        }
        #expect(try !workplace.staged().contains("q.csv"))
        #expect(try await worker.rows("SELECT 1") == "[[1]]")
    }

    @Test func `hold for bytes, in staging and on the socket`() async throws {
        let worker = try await workplace.start { $0.limits.resultBytes = 100_000 }
        let file = try #require(StagingFile(rawValue: "q.csv"))
        for output in [QueryOutput.csv(file), .rows(max: 1_000_000)] {
            let tree = try await worker.parse("SELECT repeat('x', 99) FROM range(10000)")
            let fault = try await faultOf { _ = try await worker.run(tree, output: output) }
            #expect(fault == .exceeded(.resultBytes))
        }
        #expect(try !workplace.staged().contains("q.csv"))
        #expect(worker.isRunning)
    }

    @Test func `hold for the engine's memory`() async throws {
        let worker = try await workplace.start {
            $0.limits.engineMemoryBytes = 64 << 20
            $0.limits.spillBytes = 0
        }
        let fault = try await faultOf {
            _ = try await worker.rows(
                "SELECT count(*) FROM (SELECT DISTINCT i, random() FROM range(20000000) t(i))"
            )
        }
        guard case .refused(let refusal) = fault else {
            Issue.record("\(fault)")
            return
        }
        #expect(refusal.kind == .outOfMemory)
        #expect(!refusal.message.contains("SET "))
        #expect(try await worker.rows("SELECT 1") == "[[1]]")
    }

    /// What the engine does not count against its own limit meets the system's.
    @Test func `hold for memory that the engine does not count`() async throws {
        let worker = try await workplace.start { $0.limits.addressSpaceBytes = 1 << 30 }
        let fault = try await faultOf {
            _ = try await worker.rows(
                "SELECT length(a || a || a) FROM (SELECT repeat('x', 900000000) AS a)"
            )
        }
        switch fault {
        case .refused(let refusal): #expect(refusal.kind == .outOfMemory)
        case .ended: #expect(!worker.isRunning)
        default: Issue.record("\(fault)")
        }
    }

    @Test func `leave room to spill, and take it back`() async throws {
        let worker = try await workplace.start { $0.limits.engineMemoryBytes = 64 << 20 }
        let sql = """
            SELECT count(*) FROM (
                SELECT i, repeat('x', 40) || i AS s FROM range(3000000) t(i) ORDER BY s DESC)
            WHERE s > ''
            """
        #expect(try await worker.rows(sql) == "[[3000000]]")
        worker.stop()
        try await eventually { try workplace.staged().isEmpty }
    }
}
