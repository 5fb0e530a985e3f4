import Crypto
public import Foundation
import SwiftASN1
import X509

/// The exchange's own small authority: it certifies the exchange's port, so that TLS works at once, and
/// nobody else's.
///
/// Its certificate goes to clients, who know its fingerprint from the welcome e-mail. Its key certifies
/// nothing but hosts of this exchange, and stays on this machine.
public struct CertificateAuthority: Sendable {
    /// Seconds that the authority lives: ten years.
    static let lifetime: TimeInterval = 10 * 365 * 86_400
    /// Seconds that a port's certificate lives; a new one is made with every start.
    static let portLifetime: TimeInterval = 397 * 86_400
    /// Seconds by which clients' clocks may be behind.
    static let backdating: TimeInterval = 3_600

    let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// - Parameter name: The provider's, as people will see it.
    public static func make(for name: String, at now: Date) throws -> CertificateAuthority {
        let key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName {
            OrganizationName(name)
            CommonName("Bourse exchange authority")
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: now - backdating, notValidAfter: now + lifetime, issuer: subject,
            subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try .init {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
            }, issuerPrivateKey: .init(key))
        return CertificateAuthority(certificate: certificate, key: key)
    }

    /// - Throws: Where one of the two is no PEM of its kind.
    public init(certificatePEM: String, keyPEM: String) throws {
        self.init(
            certificate: try Certificate(pemEncoded: certificatePEM),
            key: try P256.Signing.PrivateKey(pemRepresentation: keyPEM))
    }

    private init(certificate: Certificate, key: P256.Signing.PrivateKey) {
        self.certificate = certificate
        self.key = key
    }

    public var certificatePEM: String {
        get throws { try certificate.serializeAsPEM().pemString + "\n" }
    }

    /// A secret: for the owner's file alone.
    public var keyPEM: String { key.pemRepresentation }

    /// SHA-256 of the certificate, in hex: what people compare.
    public var fingerprint: String {
        get throws { try Self.fingerprint(of: certificate) }
    }

    /// Nil for a text that is no certificate.
    public static func fingerprint(ofPEM text: String) -> String? {
        guard let certificate = try? Certificate(pemEncoded: text) else { return nil }
        return try? fingerprint(of: certificate)
    }

    private static func fingerprint(of certificate: Certificate) throws -> String {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return SHA256.hash(data: serializer.serializedBytes).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    /// A certificate for the port, with a key of its own.
    ///
    /// - Parameter names: Host names and addresses, as clients write them in the URL.
    func certify(_ names: [String], at now: Date) throws -> PortCertificate {
        let portKey = P256.Signing.PrivateKey()
        let alternatives = names.map { name -> GeneralName in
            IPAddress(name).map { .ipAddress(ASN1OctetString(contentBytes: $0.bytes[...])) }
                ?? .dnsName(name)
        }
        let portCertificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(portKey.publicKey),
            notValidBefore: now - Self.backdating,
            notValidAfter: min(now + Self.portLifetime, certificate.notValidAfter),
            issuer: certificate.subject,
            subject: try DistinguishedName { CommonName(names.first ?? "localhost") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try .init {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(alternatives)
                // Strict clients, Python's from 3.13 on among them, refuse a certificate without it.
                AuthorityKeyIdentifier(
                    keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
            }, issuerPrivateKey: .init(key))
        return PortCertificate(
            chainPEM: try portCertificate.serializeAsPEM().pemString + "\n"
                + certificatePEM, keyPEM: portKey.pemRepresentation)
    }
}

/// What the port shows, and proves it with.
public struct PortCertificate: Sendable {
    /// The port's own first.
    public let chainPEM: String
    /// A secret.
    public let keyPEM: String

    public init(chainPEM: String, keyPEM: String) {
        self.chainPEM = chainPEM
        self.keyPEM = keyPEM
    }
}
