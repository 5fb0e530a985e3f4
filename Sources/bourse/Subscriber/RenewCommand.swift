import AWSClient
import ArgumentParser
import BourseAPI
import Crypto
import EmbeddedCloud
import Foundation

struct RenewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Put a new key in the place of this machine's.",
        discussion: """
            The old key opens no session any more; those that it opened go on to their ends. Repeating the \
            command after a failure is safe.
            """)

    @Option(help: "The profile that `bourse enroll` wrote.")
    var profile: String
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    func run() async throws {
        let enrolled = try EnrolledProfile.read(profile)
        let (old, next) = try (
            EnrolledProfile.keyFile(profile), EnrolledProfile.nextKeyFile(profile)
        )
        let key = try EnrolledProfile.key(in: next).publicKey
        let renewed = try await enrolled.client(profile, with: nil).send(
            Bourse.RenewKey(
                token: try await enrolled.token(
                    signedWith: old,
                    renewsWith: EnrolledKeyID.of(subjectPublicKeyInfo: key.derRepresentation)),
                publicKey: key.pemRepresentation))
        try DataDirectory.replace(old, with: next)
        if json {
            return try printJSON([
                "account": renewed.accountId, "keyId": renewed.keyId, "profile": profile,
            ])
        }
        print(
            """
            profile \(profile) of account \(renewed.accountId) has a new key: \(renewed.keyId)
            private key: \(old.localPath) (it stays on this machine)
            next: aws sts get-caller-identity --profile \(profile)
            """)
    }
}
