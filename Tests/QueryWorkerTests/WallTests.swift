import DuckDB
import Foundation
import Glibc
import QueryWorker
import Testing

/// Where the engine's own settings are left open, what holds is the system's.
@Suite(.enabled(if: QueryWorkerProcess.landlockABI > 0, "This kernel has no Landlock."))
struct `The walls around a worker` {
    let workplace: Workplace
    let worker: QueryWorkerProcess

    init() async throws {
        workplace = try Workplace()
        worker = try await workplace.start { $0.locksEngine = false }
    }

    @Test(arguments: [
        "read_text('/etc/passwd')",
        "read_csv('/etc/passwd', columns = {'line': 'VARCHAR'}, header = false)",
        "read_blob('/proc/self/environ')",
        "read_text('/proc/1/cmdline')",
        "read_parquet('LAKE/../outside.parquet')",
        "read_parquet('LAKE/link.parquet')",
    ])
    func `keep it from other files`(_ table: String) async throws {
        let outside = workplace.root + "/outside.parquet"
        try FileManager.default.copyItem(atPath: workplace.nav, toPath: outside)
        try FileManager.default.createSymbolicLink(
            atPath: workplace.lake + "/link.parquet",
            withDestinationPath: outside
        )
        let sql = "SELECT * FROM \(table.replacing("LAKE", with: workplace.lake))"
        let fault = try await faultOf { _ = try await worker.rows(sql) }
        guard case .refused(let refusal) = fault else {
            Issue.record("\(fault)")
            return
        }
        #expect(refusal.kind == .io)
        #expect(refusal.message.contains("Permission denied"))
    }

    @Test func `let it read the lake`() async throws {
        let sql = "SELECT count(*) FROM read_parquet('\(workplace.nav)')"
        #expect(try await worker.rows(sql) == "[[10000]]")
    }

    @Test func `show it no directory but the lake's and its own`() async throws {
        #expect(try await worker.rows("SELECT count(*) FROM glob('/etc/*')") == "[[0]]")
        let own = "SELECT count(*) FROM glob('\(workplace.lake)/*')"
        #expect(try await worker.rows(own) == "[[1]]")
    }

    @Test func `stand around each of its threads`() async throws {
        _ = try await worker.rows("SELECT sum(i) FROM range(10000000) t(i)")
        let tasks = "/proc/\(worker.processID)/task"
        let threads = try FileManager.default.contentsOfDirectory(atPath: tasks)
        #expect(threads.count > 1)
        for thread in threads {
            let status = try Status(path: "\(tasks)/\(thread)/status")
            #expect(status["NoNewPrivs"] == "1")
            #expect(status["Seccomp"] == "2")
            // Reading files of others is all that is left of root.
            let capabilities = try #require(UInt64(status["CapEff"] ?? "", radix: 16))
            #expect(capabilities & ~0b110 == 0)
        }
    }

    @Test func `limit what it maps, and the core it may leave`() async throws {
        let limits = try String(
            contentsOfFile: "/proc/\(worker.processID)/limits",
            encoding: .utf8
        )
        func limit(_ name: String) throws -> [Substring] {
            let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix(name) })
            return Array(line.dropFirst(name.count).split(separator: " ").prefix(2))
        }
        let bytes = Substring("\(QueryWorkerLimits().addressSpaceBytes)")
        #expect(try limit("Max address space") == [bytes, bytes])
        #expect(try limit("Max core file size") == ["0", "0"])
    }

    @Test func `leave it in a process group of its own`() {
        #expect(getpgid(worker.processID) == worker.processID)
    }

    /// A thread's state, as the kernel tells it: lines of a name, a colon and a tab, and a value.
    private struct Status {
        private let lines: [Substring]

        init(path: String) throws {
            lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        }

        subscript(name: String) -> Substring? {
            lines.first { $0.hasPrefix(name + ":\t") }?.dropFirst(name.count + 2)
        }
    }
}
