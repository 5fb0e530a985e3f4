import AWSAPI
import AWSClient
import EmbeddedCloud
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// An exchange in a process of its own, its lake, and a subscriber's machine, in one folder.
final class DemoExchange {
    static let startTimeout = Duration.seconds(20)

    let folder: URL
    private var server: Process?
    private var port = 0

    init(in folder: URL) { self.folder = folder }

    var data: DataDirectory { DataDirectory(folder.appending(path: "exchange").localPath) }
    var lake: URL { folder.appending(path: "lake", directoryHint: .isDirectory) }
    var contract: URL { folder.appending(path: "contract.json") }
    private var log: URL { folder.appending(path: "serve.log") }
    private var subscriber: URL { folder.appending(path: "subscriber") }

    /// What a subscriber's machine has in its environment: its keys and profiles are its own.
    private var subscriberEnvironment: [String: String] {
        [
            "BOURSE_HOME": subscriber.appending(path: "bourse").localPath,
            "AWS_CONFIG_FILE": subscriber.appending(path: "aws-config").localPath,
        ]
    }

    // MARK: The server

    /// Starts the exchange; after the first time, where it was before.
    func start() async throws -> RunningServer {
        try? FileManager.default.removeItem(at: data.server)
        try Data().write(to: log)
        let process = try process(
            ["serve", "--data", data.url.localPath, "--http", "127.0.0.1:\(port)"])
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        server = process

        let deadline = ContinuousClock.now + Self.startTimeout
        while ContinuousClock.now < deadline {
            if let running = try? RunningServer(reading: data) {
                port = URL(string: running.endpoint)?.port ?? 0
                return running
            }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        let reason = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        throw CommandFailure("The exchange did not start: \(reason)")
    }

    /// As `kill -9` does, and the machine that starts it again.
    func crash() async throws {
        if let server, server.isRunning {
            kill(server.processIdentifier, SIGKILL)
            await exit(of: server)
        }
        _ = try await start()
    }

    func stop() async {
        guard let server, server.isRunning else { return }
        server.terminate()
        await exit(of: server)
    }

    private func exit(of process: Process) async {
        while process.isRunning { try? await Task.sleep(for: .milliseconds(5)) }
    }

    // MARK: Its clients

    var administrator: AWSClient {
        get throws { try .administrator(of: data) }
    }

    /// The account behind a profile, by a session that `bourse credentials` opens.
    func subscriber(profile: String) async throws -> AWSClient {
        let server = try RunningServer(reading: data)
        let output = try await run(["credentials", "--profile", profile], asSubscriber: true)
        let json = try JSONValue(parsing: output)
        guard let endpoint = URL(string: server.endpoint),
            let id = json["AccessKeyId"]?.string, let secret = json["SecretAccessKey"]?.string,
            let token = json["SessionToken"]?.string,
            let account = AccountID(rawValue: Journey.account)
        else { throw CommandFailure("bourse credentials printed no credentials.") }
        return AWSClient(
            exchange: endpoint, account: account, region: server.region,
            credentials: Credentials(
                accessKeyID: id, secretAccessKey: secret, sessionToken: token))
    }

    // MARK: Commands

    /// Runs `bourse` with these words, as a person would, and gives back what it prints.
    @discardableResult
    func run(_ words: [String], asSubscriber: Bool = false) async throws -> String {
        let process = try process(words)
        if asSubscriber {
            process.environment = ProcessInfo.processInfo.environment
                .merging(subscriberEnvironment) { $1 }
        }
        let output = folder.appending(path: "output-\(UUID().uuidString)")
        try Data().write(to: output)
        defer { try? FileManager.default.removeItem(at: output) }
        let handle = try FileHandle(forWritingTo: output)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        await exit(of: process)
        try handle.close()
        let text = try String(contentsOf: output, encoding: .utf8)
        guard process.terminationStatus == 0 else {
            throw CommandFailure("bourse \(words.joined(separator: " ")) failed: \(text)")
        }
        return text
    }

    private func process(_ words: [String]) throws -> Process {
        guard let executable = Bundle.main.executableURL else {
            throw CommandFailure("This program does not find its own file.")
        }
        let process = Process()
        process.executableURL = executable
        process.arguments = words
        return process
    }

    /// What to type to go on where the demo ended.
    var waysOn: String {
        let bourse = Bundle.main.executablePath ?? "bourse"
        let environment = subscriberEnvironment.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        return """
            the directory is kept: \(folder.localPath)
              \(bourse) serve --data \(data.url.localPath) --http 127.0.0.1:\(port)
              \(bourse) contract list --data \(data.url.localPath)
              export \(environment)
              aws sts get-caller-identity --profile nomura
            """
    }
}
