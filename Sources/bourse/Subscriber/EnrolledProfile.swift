import AWSClient
import AsyncHTTPClient
import Crypto
import EmbeddedCloud
import Foundation

/// What a subscriber's machine keeps of one enrolment, under `$BOURSE_HOME` (`~/.bourse`): the private
/// key, which never leaves it, and where and as whom it opens sessions.
struct EnrolledProfile: Codable {
    var endpoint: String
    var account: String
    var roleArn: String
    var audience: String
    var region: String
    /// The path of the certificates to trust besides the system's, in PEM. Nil where the system's will do.
    var caBundle: String?

    static func home(_ profile: String) throws -> URL {
        guard !profile.isEmpty, !profile.hasPrefix("."), !profile.contains("/") else {
            throw CommandFailure("--profile must be a plain name, such as nomura.")
        }
        let environment = ProcessInfo.processInfo.environment
        let home =
            environment["BOURSE_HOME"].map { URL(filePath: $0, directoryHint: .isDirectory) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".bourse")
        return home.appending(path: profile, directoryHint: .isDirectory)
    }

    static func keyFile(_ profile: String) throws -> URL {
        try home(profile).appending(path: "private-key.pem")
    }

    /// The key that a renewal is under way to.
    static func nextKeyFile(_ profile: String) throws -> URL {
        try home(profile).appending(path: "private-key.next.pem")
    }

    /// The key of this file, which is made where there is none: on the disk before anybody hears of it, so
    /// that what was begun goes on with the same one.
    static func key(in file: URL) throws -> P256.Signing.PrivateKey {
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

    /// The certificate of the exchange's own authority, once it was compared with its fingerprint.
    static func authorityFile(_ profile: String) throws -> URL {
        try home(profile).appending(path: "ca.pem")
    }

    /// For requests to the exchange.
    var http: HTTPClient? {
        get throws {
            guard let caBundle else { return nil }
            do {
                return try AWSClient.http(
                    trusting: String(contentsOfFile: caBundle, encoding: .utf8))
            } catch {
                throw CommandFailure(
                    "\(caBundle), which holds the certificates to trust, cannot be used (\(error)); "
                        + "enrol again.")
            }
        }
    }

    private static func file(_ profile: String) throws -> URL {
        try home(profile).appending(path: "profile.json")
    }

    func write(as profile: String) throws {
        try DataDirectory.writePrivate(
            Array(try JSONEncoder().encode(self)), to: Self.file(profile))
    }

    static func read(_ profile: String) throws -> EnrolledProfile {
        guard let data = try? Data(contentsOf: file(profile)) else {
            throw CommandFailure(
                "Profile \(profile) is not enrolled on this machine; the welcome e-mail has the "
                    + "command: bourse enroll --endpoint URL --code CODE --profile \(profile)")
        }
        return try JSONDecoder().decode(EnrolledProfile.self, from: data)
    }
}
