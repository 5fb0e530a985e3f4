import AWSAPI
import Foundation

/// A profile of AWS's shared files: its keys, or what its `credential_process` prints.
///
/// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files", "Process credential
/// provider".
public struct ProfileCredentials: CredentialSource {
    private let profile: SharedProfile

    public init(_ profile: SharedProfile) { self.profile = profile }

    public func credentials() async throws -> TemporaryCredentials? {
        if let id = profile["aws_access_key_id"] {
            guard let secret = profile["aws_secret_access_key"] else {
                throw CredentialFault(
                    "The profile \(profile.name) has a key's id and no secret; add "
                        + "aws_secret_access_key.")
            }
            return TemporaryCredentials(
                Credentials(
                    accessKeyID: id, secretAccessKey: secret,
                    sessionToken: profile["aws_session_token"]))
        }
        if let command = profile["credential_process"] {
            return try await CredentialProcess(command: command, profile: profile.name).run()
        }
        guard
            let other = ["role_arn", "sso_session", "sso_start_url"].first(where: {
                profile[$0] != nil
            })
        else { return nil }
        throw CredentialFault(
            "The profile \(profile.name) gets its keys by \(other), which is not done here; have them told "
                + "by credential_process = aws configure export-credentials --profile "
                + "\(profile.name) --format process in a profile of its own.")
    }
}

/// One profile, as the config and the credentials file have it together.
public struct SharedProfile: Sendable {
    public let name: String
    private let values: [String: String]

    public subscript(_ name: String) -> String? { values[name] }

    /// The profile that is meant, or that `AWS_PROFILE` names, or else the default one.
    ///
    /// - Throws: ``CredentialFault`` for one that was named and is in neither file.
    public init(
        _ name: String?, environment: [String: String]
    ) throws {
        func file(_ variable: String, _ usual: String) throws -> SharedConfigFile {
            let url =
                environment[variable].map { URL(filePath: $0) }
                ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: usual)
            return try SharedConfigFile(reading: url)
        }
        let said = name ?? environment["AWS_PROFILE"]
        self.name = said ?? "default"
        let config = try file("AWS_CONFIG_FILE", ".aws/config")
            .section(SharedConfigFile.head(ofProfile: self.name))
        // Keys of the credentials file go before those of the other one.
        let keys = try file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials").section(self.name)
        values = config.merging(keys) { _, key in key }
        guard said == nil || !values.isEmpty else {
            throw CredentialFault(
                "There is no profile \(self.name) in AWS's config and credentials files.")
        }
    }
}

/// A program that prints keys.
struct CredentialProcess {
    static let timeout = Duration.seconds(60)
    static let outputBytesMax = 64 << 10

    let command: String
    let profile: String

    func run() async throws -> TemporaryCredentials {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        do { try process.run() } catch {
            throw CredentialFault(
                "The credential_process of \(profile) cannot be started: \(error)")
        }
        let bytes: [UInt8]
        switch await Self.end(of: process, printing: output.fileHandleForReading) {
        case .printed(let printed, status: 0): bytes = printed
        case .printed:
            throw CredentialFault(
                "The credential_process of \(profile) failed; run it by hand: \(command)")
        case .tooMuch:
            throw CredentialFault(
                "The credential_process of \(profile) prints more than \(Self.outputBytesMax) bytes."
            )
        case .tooLate:
            throw CredentialFault(
                "The credential_process of \(profile) has not ended after \(Self.timeout).")
        }
        guard let document = try? JSONValue(parsing: bytes), document["Version"]?.text == "1",
            let credentials = TemporaryCredentials(document: document, token: "SessionToken")
        else {
            throw CredentialFault(
                "What the credential_process of \(profile) prints is no credentials of version 1.")
        }
        return credentials
    }

    private enum End: Sendable {
        case printed([UInt8], status: Int32)
        case tooMuch
        case tooLate
    }

    /// What comes first: its end, too much of its words, or the end of our patience.
    private static func end(of process: Process, printing output: FileHandle) async -> End {
        let (ends, end) = AsyncStream.makeStream(of: End.self)
        DispatchQueue.global().async {
            var bytes: [UInt8] = []
            while let more = try? output.read(upToCount: outputBytesMax + 1), !more.isEmpty {
                bytes += more
                if bytes.count > outputBytesMax {
                    process.terminate()
                    end.yield(.tooMuch)
                    return
                }
            }
            process.waitUntilExit()
            end.yield(.printed(bytes, status: process.terminationStatus))
        }
        let limit = Task {
            try await Task.sleep(for: timeout)
            process.terminate()
            end.yield(.tooLate)
        }
        defer { limit.cancel() }
        var first = ends.makeAsyncIterator()
        return await first.next() ?? .tooLate
    }
}
