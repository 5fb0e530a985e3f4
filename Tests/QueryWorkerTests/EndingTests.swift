import Foundation
import Glibc
import QueryWorker
import Testing

@Suite struct `A worker's end` {
    let workplace: Workplace

    init() throws {
        workplace = try Workplace()
    }

    @Test func `comes when the task is cancelled`() async throws {
        let worker = try await workplace.start()
        let query = try await startEndlessQuery(on: worker)
        query.cancel()
        await #expect(throws: CancellationError.self) { try await query.value }
        #expect(!worker.isRunning)
    }

    @Test func `does not come from a task cancelled before its turn`() async throws {
        let worker = try await workplace.start()
        let query = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await worker.parse("SELECT 1")
        }
        await #expect(throws: CancellationError.self) { try await query.value }
        #expect(try await worker.rows("SELECT 1") == "[[1]]")
    }

    @Test func `does not come from a task cancelled while it waits its turn`() async throws {
        let worker = try await workplace.start()
        let sql = "SELECT count(*) FROM range(200000000) t(i) WHERE i % 7 = 3"
        let tree = try await worker.parse(sql)
        let first = Task { try await worker.run(tree, output: .rows(max: 1)) }
        try await untilBusy(worker)
        let second = Task { try await worker.parse("SELECT 1") }
        second.cancel()
        #expect(try await first.value.summary.rowCount == 1)
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(worker.isRunning)
    }

    @Test func `comes when it is stopped`() async throws {
        let worker = try await workplace.start()
        let query = try await startEndlessQuery(on: worker)
        worker.stop()
        await #expect(throws: QueryWorkerFault.stopped) { try await query.value }
        let later = try await faultOf { _ = try await worker.parse("SELECT 1") }
        #expect(later == .stopped)
    }

    @Test func `is told with its signal`() async throws {
        let worker = try await workplace.start()
        kill(worker.processID, SIGKILL)
        let fault = try await faultOf { _ = try await worker.parse("SELECT 1") }
        #expect(fault == .ended(.killed(signal: SIGKILL)))
        #expect(!worker.isRunning)
    }

    @Test func `leaves no process behind`() async throws {
        let process = try await workplace.start().processID
        try await eventually { kill(process, 0) != 0 && errno == ESRCH }
    }

    @Test func `is told when a program is no worker`() async throws {
        for (program, ending) in [("/bin/true", 0), ("/bin/false", 1)] {
            let fault = try await faultOf {
                _ = try await QueryWorkerProcess.start(
                    executable: program,
                    configuration: workplace.configuration
                )
            }
            #expect(fault == .ended(.exited(status: Int32(ending))))
        }
        let fault = try await faultOf {
            _ = try await QueryWorkerProcess.start(
                executable: "/nowhere",
                configuration: workplace.configuration
            )
        }
        guard case .unavailable = fault else {
            Issue.record("\(fault)")
            return
        }
    }

    private func startEndlessQuery(
        on worker: QueryWorkerProcess
    ) async throws -> Task<QueryOutcome, any Error> {
        let tree = try await worker.parse(`A worker's limits`.endless)
        let query = Task { try await worker.run(tree, output: .rows(max: 1)) }
        try await untilBusy(worker)
        return query
    }

    private func untilBusy(_ worker: QueryWorkerProcess) async throws {
        let before = try processorTicks(of: worker.processID)
        try await eventually { try processorTicks(of: worker.processID) > before + 10 }
    }

    /// Hundredths of a second that a process has worked.
    private func processorTicks(of process: Int32) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fieldsAfterName = text.split(separator: ")")[1].split(separator: " ")
        return try #require(Int(fieldsAfterName[11]))
    }
}
