import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Crypto
import Doors
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
    @Option(
        help: """
            The SHA-256 of the certificate of the exchange's own authority, from the welcome e-mail.
            """)
    var caFingerprint: String?
    @Option(help: "Certificates to trust besides the system's: a file in PEM.")
    var caBundle: String?
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    func run() async throws {
        guard let url = URL(string: endpoint), url.host() != nil else {
            throw CommandFailure("--endpoint must be a URL, such as http://127.0.0.1:9400.")
        }
        let caBundle = try await certificates(of: url)
        let key = try privateKey()
        // Nobody's account yet: the code says whose the key will be.
        guard let nobody = AccountID(rawValue: "000000000000") else { return }
        let client = AWSClient(
            endpoint: url, account: nobody, region: "us-east-1", credentials: nil,
            http: try caBundle.map {
                try AWSClient.http(trusting: String(contentsOfFile: $0, encoding: .utf8))
            })
        let enrolled = try await client.send(
            Bourse.EnrollKey(code: code, publicKey: key.publicKey.pemRepresentation))
        try EnrolledProfile(
            endpoint: endpoint, account: enrolled.accountId, keyID: enrolled.keyId,
            roleArn: enrolled.roleArn, audience: enrolled.audience, region: enrolled.region,
            caBundle: caBundle
        ).write(as: profile)
        let config = try writeAWSProfile(region: enrolled.region, caBundle: caBundle)
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

    /// The path of the certificates to trust: those that were given, or the exchange's own authority's,
    /// provided that it is the one that the e-mail means.
    private func certificates(of endpoint: URL) async throws -> String? {
        if let caBundle { return URL(filePath: caBundle).absoluteURL.localPath }
        guard let caFingerprint else { return nil }
        let expected = caFingerprint.lowercased().filter { $0 != ":" && $0 != " " }
        guard endpoint.scheme == "https" else {
            throw CommandFailure(
                "--ca-fingerprint goes with an endpoint that begins with https://.")
        }
        let url = endpoint.appending(path: OwnPages.authorityPath)
        let answer: [UInt8]?
        do {
            answer = try await AWSClient.unverified(url)
        } catch {
            throw CommandFailure("\(endpoint) does not answer (\(error)).")
        }
        let text = String(decoding: answer ?? [], as: UTF8.self)
        guard let found = CertificateAuthority.fingerprint(ofPEM: text) else {
            throw CommandFailure("\(url) is no certificate; is the endpoint the e-mail's?")
        }
        guard found == expected else {
            throw CommandFailure(
                "The authority of \(endpoint) has the fingerprint \(found), not the one that was given: "
                    + "someone may stand in between. Nothing was sent; ask whoever sent the e-mail."
            )
        }
        let file = try EnrolledProfile.authorityFile(profile)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try DataDirectory.writePrivate(Array(text.utf8), to: file)
        return file.localPath
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

    private func writeAWSProfile(region: String, caBundle: String?) throws -> URL {
        let url =
            ProcessInfo.processInfo.environment["AWS_CONFIG_FILE"].map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".aws/config")
        let executable = Bundle.main.executablePath ?? CommandLine.arguments[0]
        var file = try SharedConfigFile(reading: url)
        var settings = [
            ("region", region), ("endpoint_url", endpoint),
            ("credential_process", "\"\(executable)\" credentials --profile \"\(profile)\""),
        ]
        if let caBundle { settings.append(("ca_bundle", caBundle)) }
        file.set(profile == "default" ? "default" : "profile \(profile)", settings)
        try file.write(to: url)
        return url
    }
}
