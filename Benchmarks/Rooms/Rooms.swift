import AWSAPI
import Crypto
import DuckDB
import EmbeddedCloud
import Foundation
import GlueAPI
import QueryWorker

/// Measures the rooms below the doors, each by itself: `dev/bench rooms` builds and runs it.
///
/// Every figure says how many times it was taken; the median counts, the extremes are shown.
@main
enum Rooms {
    static func main() async throws {
        guard CommandLine.arguments.count == 2 else {
            print("usage: room-benchmarks PATH-OF-BOURSE")
            exit(EXIT_FAILURE)
        }
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "room-benchmarks-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try wire()
        try policies()
        try await trail(in: folder.appending(path: "trail"))
        try await planning(in: folder)
        try await queries(in: folder, bourse: CommandLine.arguments[1])
    }

    // MARK: AWSAPI

    private static func wire() throws {
        let credentials = Credentials(accessKeyID: "AKIABENCH", secretAccessKey: "secret")
        var request = Glue.GetTable(databaseName: "nomura_data_products", name: "nav_history")
            .request
        request.headers.insert(WireHeader("host", "127.0.0.1:9400"), at: 0)
        let now = Date()
        SigV4.sign(&request, with: credentials, service: .glue, region: "us-east-1", at: now)
        let table = OperationTable(.glue, Glue.operations)
        guard case .v4(let own) = try SignatureClaim(reading: request) else { return }
        let key = SigningKey(secretAccessKey: credentials.secretAccessKey, scope: own.scope)
        let signed = request
        try report(
            "signature and decoding, GetTable", unit: "µs", scale: 1e6, runs: 21, each: 1_000
        ) {
            guard case .v4(let claim) = try SignatureClaim(reading: signed) else { return }
            try claim.check(
                signed, for: .glue, payloadHash: SigV4.hash(signed.body), key: key, now: now)
            let match = try table.match(signed)
            _ = try Glue.GetTable(reading: signed, labels: match.labels)
        }
    }

    // MARK: Policies

    /// One decision among 100,000 roles, each with a policy of its own.
    private static func policies() throws {
        guard let account = AccountID(rawValue: "222222222222") else { return }
        var documents: [String: PolicyDocument] = [:]
        for number in 0..<100_000 {
            let text = """
                {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
                     "Resource": "arn:aws:s3:::lake-\(number)/gold/*",
                     "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}},
                    {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::lake-\(number)/silver/*"}]}
                """
            documents["role-\(number)"] = try PolicyDocument(parsing: text, as: .identity)
        }
        let name = "role-4711"
        let role = ARN.role(name, in: account)
        let session = ARN(
            service: "sts", account: account.rawValue, resource: "assumed-role/\(name)/analyst")
        let resource = ARN.s3(
            bucket: "lake-4711", key: "gold/nav/daily/day=2024-02-19/part-0.parquet")
        try report("decision among 100,000 policies", unit: "µs", scale: 1e6, runs: 21, each: 1_000)
        {
            let access = Access(
                by: .session(session, of: role, in: account, id: "AROA:analyst"),
                action: "s3:GetObject", resource: resource, context: [.sourceIP: "127.0.0.1"])
            guard
                case .allow = decide(
                    access, under: Policies(identity: [documents[name]].compactMap(\.self)))
            else { preconditionFailure("The role may read.") }
        }
    }

    // MARK: Trail

    private static func trail(in folder: URL) async throws {
        guard let keyID = TrailKeyID(rawValue: "bench") else { return }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let trail = try Trail.open(
            directory: folder, signer: TrailSigner(keyID: keyID, privateKey: .init()),
            lastHead: nil,
            clock: { Date() }, onHead: { _ in })
        for appenders in [1, 8, 64] {
            let begin = ContinuousClock.now
            let end = begin + .seconds(3)
            let before = trail.tally
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<appenders {
                    group.addTask {
                        while ContinuousClock.now < end { _ = try? await trail.append(event()) }
                    }
                }
            }
            let seconds = (ContinuousClock.now - begin) / .seconds(1)
            let records = Double(trail.tally.records - before.records) / seconds
            let syncs = Double(trail.tally.batches - before.batches) / seconds
            print(
                "trail, \(appenders) appenders, 3 s: \(Int(records)) records/s in \(Int(syncs)) syncs/s"
            )
        }
        await trail.close()
    }

    private static func event() -> AuditEvent {
        var event = AuditEvent(
            eventID: UUID(), eventTime: Date(), eventSource: "glue.amazonaws.com",
            eventName: "GetTable", awsRegion: "us-east-1", sourceIPAddress: "127.0.0.1",
            userIdentity: .init(
                type: "AssumedRole", principalId: "AROADATA-SUBSCRIBER:analyst",
                arn: "arn:aws:sts::222222222222:assumed-role/data-subscriber/analyst",
                accountId: "222222222222", accessKeyId: "ASIABENCH"),
            readOnly: true, recipientAccountId: "222222222222")
        event.requestParameters = #"{"DatabaseName":"external_nomura_data","Name":"nav_history"}"#
        return event
    }

    // MARK: Query worker

    private static func queries(in folder: URL, bourse: String) async throws {
        let lake = folder.appending(path: "lake")
        let staging = folder.appending(path: "staging", directoryHint: .notDirectory)
        for path in [lake, staging] {
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        }
        let file = lake.appending(path: "nav.parquet").path()
        let engine = try Database(.memory, settings: ["threads": "2"]).connect()
        try engine.execute(
            """
            COPY (SELECT 'F' || lpad((i % 1000)::VARCHAR, 4, '0') AS fund_id, i AS day,
                         (i * 7919 % 10007) / 100.0 AS nav FROM range(1000000) t(i)
                  ORDER BY fund_id, day) TO '\(file)' (FORMAT parquet)
            """)
        let configuration = QueryWorkerConfiguration(
            readablePaths: [lake.path()], stagingDirectory: staging.path())
        func start() async throws -> QueryWorkerProcess {
            try await QueryWorkerProcess.start(executable: bourse, configuration: configuration)
        }
        try await report("query worker, start", unit: "ms", scale: 1e3, runs: 11, each: 1) {
            try await start().stop()
        }
        let worker = try await start()
        let sql =
            "SELECT day, nav FROM read_parquet('\(file)') WHERE fund_id = 'F0042' AND day < 100000"
        let tree = try await worker.parse(sql)
        try await report("query worker, parse", unit: "ms", scale: 1e3, runs: 21, each: 10) {
            _ = try await worker.parse(sql)
        }
        try await report("warm point query, worker", unit: "ms", scale: 1e3, runs: 21, each: 10) {
            _ = try await worker.run(tree, output: .rows(max: 1_000))
        }
        try report("warm point query, plain DuckDB", unit: "ms", scale: 1e3, runs: 21, each: 10) {
            _ = try engine.rows(sql)
        }
        worker.stop()
    }

    // MARK: Timing

    static func report(
        _ name: String, unit: String, scale: Double, runs: Int, each: Int,
        _ body: () async throws -> Void
    ) async throws {
        var times: [Double] = []
        for run in 0...runs {
            let begin = ContinuousClock.now
            for _ in 0..<each { try await body() }
            // The first run warms up.
            if run > 0 { times.append((ContinuousClock.now - begin) / .seconds(1) / Double(each)) }
        }
        show(name, unit, scale, each, times)
    }

    private static func report(
        _ name: String, unit: String, scale: Double, runs: Int, each: Int, _ body: () throws -> Void
    ) throws {
        var times: [Double] = []
        for run in 0...runs {
            let begin = ContinuousClock.now
            for _ in 0..<each { try body() }
            if run > 0 { times.append((ContinuousClock.now - begin) / .seconds(1) / Double(each)) }
        }
        show(name, unit, scale, each, times)
    }

    private static func show(
        _ name: String, _ unit: String, _ scale: Double, _ each: Int, _ times: [Double]
    ) {
        let sorted = times.sorted().map { String(format: "%.2f", $0 * scale) }
        print(
            "\(name): \(sorted[sorted.count / 2]) \(unit) "
                + "(\(sorted[0]) to \(sorted[sorted.count - 1]), \(times.count) runs of \(each))")
    }
}
