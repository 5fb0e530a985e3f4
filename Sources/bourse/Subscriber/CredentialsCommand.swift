import AWSAPI
import ArgumentParser
import Foundation
import STSAPI

struct CredentialsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials",
        abstract: "Open a session with this machine's key: the credential_process of AWS's tools.")

    @Option(help: "The profile that `bourse enroll` wrote.")
    var profile: String

    func run() async throws {
        let credentials = try await EnrolledProfile.read(profile).openSession(profile)
        // Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
        try printJSON(
            ProcessCredentials(
                AccessKeyId: credentials.accessKeyId,
                SecretAccessKey: credentials.secretAccessKey,
                SessionToken: credentials.sessionToken,
                Expiration: Timestamp.iso8601.text(credentials.expiration)))
    }

    /// The members that AWS's SDKs read.
    private struct ProcessCredentials: Encodable {
        var Version = 1
        var AccessKeyId: String
        var SecretAccessKey: String
        var SessionToken: String
        var Expiration: String
    }
}
