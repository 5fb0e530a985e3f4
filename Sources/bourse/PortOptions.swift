import ArgumentParser
import Doors
import EmbeddedCloud
import Foundation

/// How `serve` makes its port secure.
struct PortOptions: ParsableArguments {
    @Flag(
        help: """
            Speak TLS, certified by an authority of the exchange's own; clients know its fingerprint from the \
            welcome e-mail.
            """)
    var tls = false
    @Option(
        help: ArgumentHelp(
            "A further name or address of this machine, as clients write it in the URL; the first is that of "
                + "the welcome e-mails. Repeatable.",
            valueName: "name"))
    var tlsName: [String] = []
    @Option(help: "Speak TLS with this certificate, and those that vouch for it: a file in PEM.")
    var tlsCertificate: String?
    @Option(help: "The certificate's private key: a file in PEM.")
    var tlsKey: String?

    /// How clients on other machines write this one in a URL.
    func publicHost(of address: ListenAddress) -> String { tlsName.first ?? address.localHost }

    func security(
        of cloud: EmbeddedCloud, in directory: DataDirectory, at address: ListenAddress
    ) throws -> PortSecurity {
        switch (tls, tlsCertificate, tlsKey) {
        case (_, let certificate?, let key?):
            return .certificate(
                PortCertificate(chainPEM: try Self.read(certificate), keyPEM: try Self.read(key)))
        case (_, .some, nil), (_, nil, .some):
            throw CommandFailure("--tls-certificate and --tls-key go together.")
        case (true, nil, nil):
            return .authority(
                try Self.authority(of: cloud, in: directory),
                names: [address.localHost, "localhost", "127.0.0.1", "::1"] + tlsName)
        case (false, nil, nil): return .none
        }
    }

    var isSecure: Bool { tls || tlsCertificate != nil }

    private static func read(_ path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw CommandFailure("\(path) cannot be read: \(error.localizedDescription)")
        }
    }

    /// The data directory's authority, or a new one. The key is on the disk before the certificate, which
    /// is what clients are told of.
    private static func authority(
        of cloud: EmbeddedCloud, in directory: DataDirectory
    ) throws -> CertificateAuthority {
        let certificate = directory.authorityCertificate.localPath
        if FileManager.default.fileExists(atPath: certificate) {
            return try CertificateAuthority(
                certificatePEM: try read(certificate),
                keyPEM: try read(directory.authorityKey.localPath))
        }
        let authority = try CertificateAuthority.make(for: cloud.name, at: cloud.now)
        try DataDirectory.writePrivate(Array(authority.keyPEM.utf8), to: directory.authorityKey)
        try DataDirectory.writePrivate(
            Array(try authority.certificatePEM.utf8), to: directory.authorityCertificate)
        return authority
    }
}
