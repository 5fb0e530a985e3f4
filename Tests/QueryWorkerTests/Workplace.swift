import DuckDB
import Foundation
import QueryWorker
import Testing

/// A lake with one Parquet file, a staging directory, and the workers that tests start over them.
final class Workplace: Sendable {
    let root: String
    var lake: String { root + "/lake" }
    var staging: String { root + "/staging" }
    var nav: String { lake + "/nav history.parquet" }

    init() throws {
        root = NSTemporaryDirectory() + "query-worker-\(UUID().uuidString)"
        for directory in [lake, staging] {
            try FileManager.default.createDirectory(
                atPath: directory,
                withIntermediateDirectories: true
            )
        }
        try Database().connect().execute(
            """
            COPY (SELECT 'F' || i % 10 AS fund_id, i / 4 AS nav FROM range(10000) t(i))
            TO \(nav.sqlLiteral)
            """
        )
    }

    deinit {
        try? FileManager.default.removeItem(atPath: root)
    }

    var configuration: QueryWorkerConfiguration {
        var configuration = QueryWorkerConfiguration(
            readablePaths: [lake],
            stagingDirectory: staging
        )
        configuration.limits.runTime = .seconds(60)
        return configuration
    }

    func start(
        _ adjust: (inout QueryWorkerConfiguration) -> Void = { _ in }
    ) async throws -> QueryWorkerProcess {
        var configuration = configuration
        adjust(&configuration)
        return try await QueryWorkerProcess.start(
            executable: Self.executable(),
            configuration: configuration
        )
    }

    /// The `bourse` that was built together with these tests, and so lies beside them.
    static func executable() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let places = [own, CommandLine.arguments[0]].map {
            URL(fileURLWithPath: $0).deletingLastPathComponent().appending(path: "bourse").path
        }
        let found = places.first { FileManager.default.isExecutableFile(atPath: $0) }
        return try #require(found, "bourse is in none of \(places): build it first")
    }

    func staged() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: staging)
    }
}

extension QueryWorkerProcess {
    /// Parses and runs, and returns the rows as JSON.
    func rows(_ sql: String, within time: Duration? = nil) async throws -> String {
        let outcome = try await run(parse(sql), output: .rows(max: 1_000), within: time)
        return String(decoding: outcome.rows ?? [], as: UTF8.self)
    }
}

/// Runs `body` and returns the fault it must end with.
func faultOf(_ body: () async throws -> Void) async throws -> QueryWorkerFault {
    try await #require(throws: QueryWorkerFault.self) { try await body() }
}

/// Waits for what another process does on its own, and gives up loudly.
func eventually(_ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try !condition() {
        try #require(ContinuousClock.now < deadline, "It never came true.")
        try await Task.sleep(for: .milliseconds(5))
    }
}
