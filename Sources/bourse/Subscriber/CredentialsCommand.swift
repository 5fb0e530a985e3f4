import AWSAPI
import AWSClient
import ArgumentParser
import Foundation
import JWTKit
import STSAPI

struct CredentialsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials",
        abstract: "Open a session with this machine's key: the credential_process of AWS's tools.")

    /// Seconds that the token lives which opens the session.
    static let tokenLifetime: TimeInterval = 120

    @Option(help: "The profile that `bourse enroll` wrote.")
    var profile: String

    func run() async throws {
        let enrolled = try EnrolledProfile.read(profile)
        guard let url = URL(string: enrolled.endpoint),
            let account = AccountID(rawValue: enrolled.account)
        else { throw CommandFailure("Profile \(profile) is damaged; enrol it again.") }
        let client = AWSClient(
            endpoint: url, account: account, region: enrolled.region, credentials: nil,
            http: try enrolled.http)
        let answer = try await client.send(
            STS.AssumeRoleWithWebIdentity(
                roleArn: enrolled.roleArn, roleSessionName: sessionName,
                webIdentityToken: try await token(of: enrolled)))
        guard let credentials = answer.credentials else {
            throw CommandFailure("The exchange answered without credentials.")
        }
        // Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
        try printJSON(
            ProcessCredentials(
                AccessKeyId: credentials.accessKeyId,
                SecretAccessKey: credentials.secretAccessKey,
                SessionToken: credentials.sessionToken,
                Expiration: Timestamp.iso8601.text(credentials.expiration)))
    }

    /// Who uses the session on this machine, as far as a session's name may say it.
    private var sessionName: String {
        let user = NSUserName().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return String("bourse-\(user)".prefix(64))
    }

    private func token(of enrolled: EnrolledProfile) async throws -> String {
        let pem = try String(contentsOf: EnrolledProfile.keyFile(profile), encoding: .utf8)
        let keys = JWTKeyCollection()
        let keyID = JWKIdentifier(string: enrolled.keyID)
        await keys.add(ecdsa: try ES256PrivateKey(pem: pem), kid: keyID)
        let now = Date()
        return try await keys.sign(
            Claims(
                iss: "urn:bourse:key", sub: .init(value: enrolled.account),
                aud: .init(value: [enrolled.audience]), iat: .init(value: now),
                exp: .init(value: now + Self.tokenLifetime),
                jti: .init(value: UUID().uuidString)),
            kid: keyID)
    }

    private struct Claims: JWTPayload {
        var iss: IssuerClaim
        var sub: SubjectClaim
        var aud: AudienceClaim
        var iat: IssuedAtClaim
        var exp: ExpirationClaim
        var jti: IDClaim

        func verify(using algorithm: some JWTAlgorithm) async throws {}
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
