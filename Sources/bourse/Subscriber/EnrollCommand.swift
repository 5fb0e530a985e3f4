import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Crypto
import EmbeddedCloud
import Foundation

struct EnrollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Make this machine's key, register it, and write an AWS profile that uses it.",
        discussion: "The private key stays here. Repeating the command after a failure is safe.")

    @Option(help: "The exchange's address, from the welcome e-mail.")
    var endpoint: String
    @Option(help: "The one-time code, from the welcome e-mail.")
    var code: String
    @Option(help: "The AWS profile to write.")
    var profile: String
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    func run() async throws {
        guard let url = URL(string: endpoint), url.host() != nil else {
            throw CommandFailure("--endpoint must be a URL, such as http://127.0.0.1:9400.")
        }
        let key = try privateKey()
        // Nobody's account yet: the code says whose the key will be.
        guard let nobody = AccountID(rawValue: "000000000000") else { return }
        let client = AWSClient(
            endpoint: url, account: nobody, region: "us-east-1", credentials: nil)
        let enrolled = try await client.send(
            Bourse.EnrollKey(code: code, publicKey: key.publicKey.pemRepresentation))
        try EnrolledProfile(
            endpoint: endpoint, account: enrolled.accountId, keyID: enrolled.keyId,
            roleArn: enrolled.roleArn, audience: enrolled.audience, region: enrolled.region
        ).write(as: profile)
        let config = try writeAWSProfile(region: enrolled.region)
        if json {
            return try printJSON([
                "account": enrolled.accountId, "keyId": enrolled.keyId, "profile": profile,
                "roleArn": enrolled.roleArn,
            ])
        }
        print(
            """
            enrolled with \(enrolled.exchangeName) as account \(enrolled.accountId)
            private key: \(try EnrolledProfile.keyFile(profile).localPath) (it stays on this machine)
            AWS profile: \(profile) in \(config.localPath)
            next: aws sts get-caller-identity --profile \(profile)
            """)
    }

    /// The key of an enrolment that was begun before, or a new one, on the disk before it is registered.
    private func privateKey() throws -> P256.Signing.PrivateKey {
        let file = try EnrolledProfile.keyFile(profile)
        if let pem = try? String(contentsOf: file, encoding: .utf8) {
            return try P256.Signing.PrivateKey(pemRepresentation: pem)
        }
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let key = P256.Signing.PrivateKey()
        try DataDirectory.writePrivate(Array(key.pemRepresentation.utf8), to: file)
        return key
    }

    private func writeAWSProfile(region: String) throws -> URL {
        let url =
            ProcessInfo.processInfo.environment["AWS_CONFIG_FILE"].map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".aws/config")
        let executable = Bundle.main.executablePath ?? CommandLine.arguments[0]
        var file = try SharedConfigFile(reading: url)
        file.set(
            profile == "default" ? "default" : "profile \(profile)",
            [
                "region": region, "endpoint_url": endpoint,
                "credential_process":
                    "\"\(executable)\" credentials --profile \"\(profile)\"",
            ])
        try file.write(to: url)
        return url
    }
}
