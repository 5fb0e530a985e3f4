import AWSAPI
import AWSClient
import Crypto
import EmbeddedCloud
import Foundation
import JWTKit
import STSAPI

extension EnrolledProfile {
    /// Seconds that the token lives which opens the session.
    static let tokenLifetime: TimeInterval = 120

    /// Opens a session with this machine's key.
    ///
    /// - Parameter profile: The one that this was read of.
    func openSession(_ profile: String) async throws -> STS.Credentials {
        let answer = try await client(profile, with: nil).send(
            STS.AssumeRoleWithWebIdentity(
                roleArn: roleArn, roleSessionName: sessionName,
                webIdentityToken: try await token(signedWith: Self.keyFile(profile))))
        guard let credentials = answer.credentials else {
            throw CommandFailure("The exchange answered without credentials.")
        }
        return credentials
    }

    /// - Parameter credentials: Nil for what is not signed.
    func client(_ profile: String, with credentials: STS.Credentials?) throws -> AWSClient {
        guard let url = URL(string: endpoint), let account = AccountID(rawValue: account) else {
            throw CommandFailure("Profile \(profile) is damaged; enrol it again.")
        }
        return AWSClient(
            exchange: url, account: account, region: region,
            credentials: credentials.map {
                Credentials(
                    accessKeyID: $0.accessKeyId, secretAccessKey: $0.secretAccessKey,
                    sessionToken: $0.sessionToken)
            }, http: try http)
    }

    /// Who uses the session on this machine, as far as a session's name may say it.
    private var sessionName: String {
        let user = NSUserName().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return String("bourse-\(user)".prefix(64))
    }

    /// - Parameter renewsWith: The id of the key that takes the place of this one. Nil: the token opens a
    ///   session.
    func token(signedWith file: URL, renewsWith next: String? = nil) async throws -> String {
        let pem = try String(contentsOf: file, encoding: .utf8)
        let keys = JWTKeyCollection()
        let publicKey = try P256.Signing.PrivateKey(pemRepresentation: pem).publicKey
        let kid = JWKIdentifier(
            string: EnrolledKeyID.of(subjectPublicKeyInfo: publicKey.derRepresentation))
        await keys.add(ecdsa: try ES256PrivateKey(pem: pem), kid: kid)
        let now = Date()
        return try await keys.sign(
            Claims(
                iss: "urn:bourse:key", sub: .init(value: account),
                aud: .init(value: [audience]), iat: .init(value: now),
                exp: .init(value: now + Self.tokenLifetime),
                jti: .init(value: UUID().uuidString), renewsWith: next),
            kid: kid)
    }

    private struct Claims: JWTPayload {
        var iss: IssuerClaim
        var sub: SubjectClaim
        var aud: AudienceClaim
        var iat: IssuedAtClaim
        var exp: ExpirationClaim
        var jti: IDClaim
        var renewsWith: String?

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }
}
