import AWSAPI
import AWSClient
import BourseAPI
import DataExchangeAPI
import Foundation
import LakeFormationAPI
import STSAPI

@testable import Marketplace

extension Ground {
    /// moto answers for Glue, Lake Formation, S3 and STS. It has no Data Exchange and no data cells filters:
    /// those are answered in memory.
    static func moto() async throws -> Ground {
        let server = try await MotoServer.shared.value
        // Of the test's own: the server is everybody's.
        func account() throws -> AccountID {
            guard
                let id = AccountID(
                    rawValue: String(Int.random(in: 300_000_000_000..<999_999_999_999)))
            else { throw CancellationError() }
            return id
        }
        let (provider, subscriber) = (try account(), try account())
        let clouds = MotoClouds(
            memory: ProviderInMemory(),
            provider: try await server.client(in: provider),
            subscriber: try await server.client(in: subscriber))
        try await describe(through: clouds.provider)
        return Ground(
            provider: Provider(
                account: provider, region: "us-east-1", name: "Nomura Asset Management"),
            subscriber: subscriber, clouds: clouds,
            watchers: { (clouds.provider(for: $0), clouds.subscriber(subscriber, for: $0)) },
            end: {})
    }
}

private struct MotoClouds: Clouds {
    let memory: ProviderInMemory
    let provider: AWSClient
    let subscriber: AWSClient

    func provider(for contract: Contract.ID) -> any Cloud {
        Account(client: provider, memory: memory.provider(for: contract))
    }

    func subscriber(_ account: AccountID, for contract: Contract.ID) -> (any Cloud)? {
        guard account == subscriber.account,
            let memory = memory.subscriber(account, for: contract)
        else { return nil }
        return Account(client: subscriber, memory: memory)
    }

    private struct Account: Cloud {
        let client: AWSClient
        let memory: any Cloud

        var account: AccountID { client.account }
        var region: String { client.region }

        func send<Operation: AWSOperation>(
            _ operation: Operation
        ) async throws(AWSError) -> Operation.Response {
            let isMissing =
                Operation.service == .dataExchange || Operation.service == .bourse
                || Operation.name.hasSuffix("DataCellsFilter")
            return isMissing ? try await memory.send(operation) : try await client.send(operation)
        }
    }
}

/// One server for all tests of this process, with which it ends.
struct MotoServer: Sendable {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let python = root.appending(path: ".venv/bin/python")

    /// `make setup` brings it. Where all tests are to run it must be there.
    static var isWanted: Bool {
        ProcessInfo.processInfo.environment["BOURSE_ALL_TESTS"] != nil
            || FileManager.default.fileExists(
                atPath: root.appending(path: ".venv/bin/moto_server").path())
    }

    static let shared = Task { try await start() }

    let url: URL

    /// It ends when its input does, and that is when this process does.
    private static let program = """
        import os, sys, threading
        from moto.server import main
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        main(["-H", "127.0.0.1", "-p", "0"])
        """
    private static let startMax = Duration.seconds(60)

    private static func start() async throws -> MotoServer {
        let process = Process()
        process.executableURL = python
        process.arguments = ["-c", program]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = output
        try process.run()
        let (lines, line) = AsyncStream.makeStream(of: URL?.self)
        DispatchQueue.global().async {
            // The words after the first ones are read too, or the server would wait for that.
            var text = ""
            while true {
                let more = output.fileHandleForReading.availableData
                guard !more.isEmpty else { break }
                guard text.utf8.count < 16_384 else { continue }
                text += String(decoding: more, as: UTF8.self)
                if let found = text.firstMatch(of: #/Running on (http://[0-9.:]+)/#) {
                    line.yield(URL(string: String(found.1)))
                }
            }
            line.yield(nil)
            // As long as it is read, the server's input stays open.
            withExtendedLifetime(input) {}
        }
        let limit = Task {
            try await Task.sleep(for: startMax)
            line.yield(nil)
        }
        defer { limit.cancel() }
        var found = lines.makeAsyncIterator()
        guard let url = await found.next() ?? nil else {
            throw AWSError("NoMoto", "moto does not start: make setup")
        }
        return MotoServer(url: url)
    }

    /// With the keys of a role, which say to moto whose account it is.
    func client(in account: AccountID) async throws -> AWSClient {
        func client(_ keys: Credentials) -> AWSClient {
            AWSClient(
                endpoint: .exchange(url), account: account, region: "us-east-1",
                credentials: FixedCredentials(keys))
        }
        let answer = try await client(Credentials(accessKeyID: "a", secretAccessKey: "s")).send(
            STS.AssumeRole(
                roleArn: "arn:aws:iam::\(account):role/marketplace", roleSessionName: "test"))
        guard let keys = answer.credentials else { throw CancellationError() }
        return client(
            Credentials(
                accessKeyID: keys.accessKeyId, secretAccessKey: keys.secretAccessKey,
                sessionToken: keys.sessionToken))
    }
}
