import AWSAPI
import Foundation
import Synchronization
import Testing

@testable import AWSClient

@Suite struct `An access key` {
    /// A machine of the test's own: its files, and no other's.
    private final class Machine: Sendable {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

        init(config: String = "", credentials: String = "") throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(config.utf8).write(to: folder.appending(path: "config"))
            try Data(credentials.utf8).write(to: folder.appending(path: "credentials"))
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func environment(_ more: [String: String] = [:]) -> [String: String] {
            [
                "AWS_CONFIG_FILE": folder.appending(path: "config").path(),
                "AWS_SHARED_CREDENTIALS_FILE": folder.appending(path: "credentials").path(),
                "AWS_EC2_METADATA_DISABLED": "true",
            ].merging(more) { $1 }
        }

        func found(
            profile: String? = nil, _ more: [String: String] = [:]
        ) async throws -> TemporaryCredentials? {
            // Beside other tests a machine may take its time.
            try await CredentialChain(
                profile: profile, environment: environment(more), metadataTimeout: .seconds(60)
            ).credentials()
        }
    }

    private static let printed =
        #"{"Version":1,"AccessKeyId":"P","SecretAccessKey":"s","SessionToken":"t","Expiration":"2031-01-01T00:00:00Z"}"#
    private static let metadata = ScriptedServer.Answer(
        body:
            #"{"Code":"Success","AccessKeyId":"M","SecretAccessKey":"s","Token":"t","Expiration":"2031-01-01T00:00:00Z"}"#
    )

    @Test func `of the environment goes first`() async throws {
        let machine = try Machine(
            credentials: "[default]\naws_access_key_id = F\naws_secret_access_key = s\n")
        #expect(try await machine.found()?.keys.accessKeyID == "F")
        let keys = [
            "AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t",
        ]
        let found = try await machine.found(keys)?.keys
        #expect(found?.accessKeyID == "E" && found?.sessionToken == "t")
        // Unless a profile is meant.
        #expect(try await machine.found(profile: "default", keys)?.keys.accessKeyID == "F")
        await #expect(throws: CredentialFault.self) {
            try await machine.found(["AWS_ACCESS_KEY_ID": "E"])
        }
    }

    @Test func `of a profile is in one file or the other`() async throws {
        let machine = try Machine(
            config: """
                [default]
                aws_access_key_id = D
                aws_secret_access_key = s
                [profile both]
                region = eu-west-1
                aws_access_key_id = C
                aws_secret_access_key = c
                s3 =
                  aws_access_key_id = nested
                [profile half]
                aws_access_key_id = H
                [profile role]
                role_arn = arn:aws:iam::111111111111:role/r
                """, credentials: "[both]\naws_access_key_id=K\naws_secret_access_key=k=\n")
        let both = try await machine.found(profile: "both")?.keys
        #expect(both?.accessKeyID == "K" && both?.secretAccessKey == "k=")
        #expect(try await machine.found(["AWS_PROFILE": "both"])?.keys.accessKeyID == "K")
        #expect(try await machine.found()?.keys.accessKeyID == "D")
        for name in ["half", "role", "nobody"] {
            await #expect(throws: CredentialFault.self) { try await machine.found(profile: name) }
        }
        #expect(try await Machine().found() == nil)
    }

    @Test func `is what a process prints`() async throws {
        func found(_ command: String) async throws -> TemporaryCredentials? {
            try await Machine(config: "[profile p]\ncredential_process = \(command)\n")
                .found(profile: "p")
        }
        let keys = try await found("echo '\(Self.printed)'")
        #expect(keys?.keys.accessKeyID == "P" && keys?.keys.sessionToken == "t")
        #expect(keys?.expiration == Timestamp.parse("2031-01-01T00:00:00Z"))
        let faults = [
            "false", "echo no", "head -c 100000 /dev/zero", "/nowhere/at-all",
            "echo '\(Self.printed.replacing("\"Version\":1", with: "\"Version\":2"))'",
            "echo '\(Self.printed.replacing("2031-01", with: "soon"))'",
        ]
        for command in faults {
            await #expect(throws: CredentialFault.self) { try await found(command) }
        }
    }

    @Test func `of a container is asked for with its token`() async throws {
        let server = try await ScriptedServer([Self.metadata])
        let machine = try Machine()
        let file = machine.folder.appending(path: "token")
        try Data("Bearer x\n".utf8).write(to: file)
        let found = try await machine.found([
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/role",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file.path(),
        ])
        #expect(found?.keys.accessKeyID == "M" && found?.keys.sessionToken == "t")
        #expect(server.asked.map(\.path) == ["/role"])
        #expect(server.asked.first?.headers["authorization"] == "Bearer x")
        for foreign in ["http://192.0.2.1/role", "http://example.com/", "nothing"] {
            await #expect(throws: CredentialFault.self) {
                try await machine.found(["AWS_CONTAINER_CREDENTIALS_FULL_URI": foreign])
            }
        }
    }

    @Test func `of an instance is asked for in three steps`() async throws {
        let server = try await ScriptedServer([
            .init(body: "TOKEN"), .init(body: "the-role\n"), Self.metadata,
        ])
        let here = [
            "AWS_EC2_METADATA_DISABLED": "false",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url.absoluteString,
        ]
        #expect(try await Machine().found(here)?.keys.accessKeyID == "M")
        let roles = "/latest/meta-data/iam/security-credentials/"
        #expect(server.asked.map(\.path) == ["/latest/api/token", roles, roles + "the-role"])
        #expect(server.asked.map(\.method) == ["PUT", "GET", "GET"])
        #expect(server.asked.last?.headers["x-aws-ec2-metadata-token"] == "TOKEN")
        // An instance without a role, and none at all.
        let bare = try await ScriptedServer([.init(body: "TOKEN"), .init(status: 404)])
        #expect(
            try await Machine().found([
                "AWS_EC2_METADATA_DISABLED": "false",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": bare.url.absoluteString,
            ]) == nil)
        #expect(
            try await Machine().found([
                "AWS_EC2_METADATA_DISABLED": "false",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1",
            ]) == nil)
    }

    /// Gives keys that are good for an hour, numbered.
    private final class Counting: CredentialSource {
        let count = Mutex(0)
        let time: Mutex<Date>
        let isDown = Mutex(false)

        init(at time: Date) { self.time = Mutex(time) }

        func credentials() async throws -> TemporaryCredentials? {
            guard !isDown.withLock({ $0 }) else { throw CredentialFault("down") }
            let number = count.withLock { count in
                count += 1
                return count
            }
            try await Task.sleep(for: .milliseconds(20))
            return TemporaryCredentials(
                Credentials(accessKeyID: "\(number)", secretAccessKey: "s"),
                expiration: time.withLock { $0 + 3_600 })
        }
    }

    @Test func `is asked for once until it ends`() async throws {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        let source = Counting(at: start)
        let chain = CredentialChain([source], clock: { source.time.withLock { $0 } })
        func ask() async throws -> String? { try await chain.credentials()?.keys.accessKeyID }
        // All at once, and then again.
        let together = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { try await ask() } }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(together == ["1"])
        #expect(try await ask() == "1")
        source.time.withLock { $0 = start + 3_600 - CredentialChain.renewal + 1 }
        #expect(try await ask() == "2")
        // The source is down: the old ones, to their end and no longer.
        source.isDown.withLock { $0 = true }
        source.time.withLock { $0 += 3_500 }
        #expect(try await ask() == "2")
        source.time.withLock { $0 += 200 }
        await #expect(throws: CredentialFault.self) { try await ask() }
    }
}
