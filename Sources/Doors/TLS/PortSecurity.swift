import FoundationEssentials
import HummingbirdCore
import HummingbirdTLS
import NIOSSL

/// How the port speaks: plainly, or with TLS.
public enum PortSecurity: Sendable {
    case none
    /// A certificate that others vouch for.
    case certificate(PortCertificate)
    /// One of the exchange's own authority.
    case authority(CertificateAuthority, names: [String])

    /// Of URLs.
    public var scheme: String {
        if case .none = self { "http" } else { "https" }
    }

    /// The authority's certificate, for clients to trust. Nil where they know whom to trust already.
    public var authorityPEM: String? {
        guard case .authority(let authority, _) = self else { return nil }
        return try? authority.certificatePEM
    }

    /// What commands on this machine trust besides the system's certificates.
    public var trustedPEM: String? {
        if case .certificate(let given) = self { given.chainPEM } else { authorityPEM }
    }

    /// - Throws: Where the certificate or its key is none.
    func server(_ http: HTTPServerBuilder, at now: Date) throws -> HTTPServerBuilder {
        let certificate: PortCertificate
        switch self {
        case .none: return http
        case .certificate(let given): certificate = given
        case .authority(let authority, let names):
            certificate = try authority.certify(names, at: now)
        }
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.chainPEM.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(certificate.keyPEM.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        return try .tls(http, tlsConfiguration: configuration)
    }
}
