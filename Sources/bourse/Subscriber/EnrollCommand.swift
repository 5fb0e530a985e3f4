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
    @OptionGroup var others: EnrolsElsewhere
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    func run() async throws {
        guard let url = URL(string: endpoint), url.host() != nil else {
            throw CommandFailure("--endpoint must be a URL, such as http://127.0.0.1:9400.")
        }
        let caBundle = try await certificates(of: url)
        // Nobody's account yet: the code says whose the key will be.
        guard let nobody = AccountID(rawValue: "000000000000") else { return }
        let client = AWSClient(
            exchange: url, account: nobody, region: "us-east-1", credentials: nil,
            http: try caBundle.map {
                try AWSClient.http(trusting: String(contentsOfFile: $0, encoding: .utf8))
            })
        switch others.proof {
        case .ownKey: try await enrollOwnKey(client, caBundle)
        case .publicKey(let file): try await enroll(publicKeyIn: file, client, caBundle)
        case .issuer(let url): try await enroll(issuer: url, client, caBundle)
        }
    }

    private func enrollOwnKey(_ client: AWSClient, _ caBundle: String?) async throws {
        let file = try EnrolledProfile.keyFile(profile)
        let key = try EnrolledProfile.key(in: file)
        let enrolled = try await client.send(
            Bourse.EnrollKey(code: code, publicKey: key.publicKey.pemRepresentation))
        try EnrolledProfile(
            endpoint: endpoint, account: enrolled.accountId, roleArn: enrolled.roleArn,
            audience: enrolled.audience, region: enrolled.region, caBundle: caBundle
        ).write(as: profile)
        let executable = Bundle.main.executablePath ?? CommandLine.arguments[0]
        let config = try writeAWSProfile(
            enrolled.region, caBundle,
            [("credential_process", "\"\(executable)\" credentials --profile \"\(profile)\"")])
        if json {
            return try printJSON([
                "account": enrolled.accountId, "keyId": enrolled.keyId, "profile": profile,
                "roleArn": enrolled.roleArn,
            ])
        }
        print(
            """
            enrolled with \(enrolled.exchangeName) as account \(enrolled.accountId)
            private key: \(file.localPath) (it stays on this machine)
            AWS profile: \(profile) in \(config.localPath)
            next: aws sts get-caller-identity --profile \(profile)
            """)
    }

    private func enroll(
        publicKeyIn file: String, _ client: AWSClient, _ caBundle: String?
    ) async throws {
        guard let pem = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw CommandFailure("\(file) cannot be read.")
        }
        let enrolled = try await client.send(Bourse.EnrollKey(code: code, publicKey: pem))
        let tokens = others.tokenFile ?? ""
        let config = try writeAWSProfile(
            enrolled.region, caBundle,
            [("role_arn", enrolled.roleArn), ("web_identity_token_file", tokens)])
        if json {
            return try printJSON([
                "account": enrolled.accountId, "audience": enrolled.audience,
                "keyId": enrolled.keyId, "profile": profile, "roleArn": enrolled.roleArn,
            ])
        }
        print(
            """
            enrolled with \(enrolled.exchangeName) as account \(enrolled.accountId)
            AWS profile: \(profile) in \(config.localPath)
            next: have a token written to \(tokens) for each session: a JSON Web Token with the header's \
            kid \(enrolled.keyId), alg ES256 or RS256, and the claims iss urn:bourse:key, sub \
            \(enrolled.accountId), aud \(enrolled.audience), iat, exp within 5 minutes, and a jti of its own
            """)
    }

    private func enroll(
        issuer: String, _ client: AWSClient, _ caBundle: String?
    ) async throws {
        let enrolled = try await client.send(
            Bourse.EnrollIssuer(
                code: code, url: issuer, subjects: others.subject,
                clientIds: others.clientId.isEmpty ? nil : others.clientId))
        let tokens = others.tokenFile ?? ""
        let config = try writeAWSProfile(
            enrolled.region, caBundle,
            [("role_arn", enrolled.roleArn), ("web_identity_token_file", tokens)])
        if json {
            return try printJSON([
                "account": enrolled.accountId,
                "audience": enrolled.audiences.joined(separator: ","),
                "issuerArn": enrolled.issuerArn, "profile": profile, "roleArn": enrolled.roleArn,
            ])
        }
        print(
            """
            enrolled \(issuer) with \(enrolled.exchangeName) for account \(enrolled.accountId)
            AWS profile: \(profile) in \(config.localPath)
            next: have the issuer's token for \(enrolled.audiences.joined(separator: " or ")) written to \
            \(tokens), then: aws sts get-caller-identity --profile \(profile)
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

    /// - Parameter settings: How its tools get credentials.
    private func writeAWSProfile(
        _ region: String, _ caBundle: String?, _ settings: [(name: String, value: String)]
    ) throws -> URL {
        let url =
            ProcessInfo.processInfo.environment["AWS_CONFIG_FILE"].map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".aws/config")
        var file = try SharedConfigFile(reading: url)
        file.set(
            SharedConfigFile.head(ofProfile: profile),
            [("region", region), ("endpoint_url", endpoint)] + settings
                + (caBundle.map { [("ca_bundle", $0)] } ?? []))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try DataDirectory.writePrivate(Array(file.text.utf8), to: url.resolvingSymlinksInPath())
        return url
    }
}

/// Who signs the tokens, if it is not a key that this machine makes.
struct EnrolsElsewhere: ParsableArguments {
    enum Proof {
        case ownKey
        /// Its path.
        case publicKey(String)
        /// Its URL.
        case issuer(String)
    }

    @Option(
        help: """
            Enrol this public key (PEM, P-256 or RSA) instead of making one: whoever holds its private half \
            signs the tokens.
            """)
    var publicKey: String?
    @Option(
        help: """
            Enrol this OpenID Connect issuer instead of a key, such as \
            https://token.actions.githubusercontent.com.
            """)
    var issuer: String?
    @Option(help: "With --issuer: whose tokens open sessions; * and ? stand for any. Repeatable.")
    var subject: [String] = []
    @Option(help: "With --issuer: an audience of the tokens, if not the exchange's. Repeatable.")
    var clientId: [String] = []
    @Option(
        help: "With --public-key or --issuer: the file in which AWS's tools will find the token.")
    var tokenFile: String?

    var proof: Proof {
        if let issuer { return .issuer(issuer) }
        return publicKey.map(Proof.publicKey) ?? .ownKey
    }

    func validate() throws {
        guard publicKey == nil || issuer == nil else {
            throw ValidationError("--public-key and --issuer exclude each other.")
        }
        guard issuer != nil || (subject.isEmpty && clientId.isEmpty) else {
            throw ValidationError("--subject and --client-id go with --issuer.")
        }
        guard issuer == nil || !subject.isEmpty else {
            throw ValidationError(
                "--issuer needs --subject: whose tokens open sessions, such as "
                    + "'repo:acme/etl:ref:refs/heads/main'.")
        }
        switch (proof, tokenFile) {
        case (.ownKey, .some):
            throw ValidationError("--token-file goes with --public-key or --issuer.")
        case (.publicKey, nil), (.issuer, nil):
            throw ValidationError("Say where the tokens will lie: --token-file PATH.")
        default: break
        }
    }
}
