import AWSAPI
import Crypto
public import FoundationEssentials
import JWTKit

/// What enrolled keys are called, in tokens as well: by what they are.
public enum EnrolledKeyID {
    /// `bourse-`, and the first half of the SHA-256 in hex.
    ///
    /// - Parameter der: The public key as SubjectPublicKeyInfo.
    public static func of(subjectPublicKeyInfo der: Data) -> String {
        "bourse-" + SHA256.hash(data: der).hex.prefix(32)
    }
}

/// The public key that a web identity's tokens are signed with: P-256 or RSA.
///
/// Which algorithm verifies is the key's to say, never the token's.
enum WebIdentityKey: Sendable {
    /// UTF-8 bytes of a key in PEM: an RSA key of 8,192 bits has 1,500.
    static let textBytesMax = 4_096

    case es256(P256.Signing.PublicKey)
    /// 2,048 bits at least.
    case rs256(JWTKit.Insecure.RSA.PublicKey)

    /// - Parameter text: SubjectPublicKeyInfo in PEM.
    init?(pem text: String) {
        guard text.utf8.count <= Self.textBytesMax else { return nil }
        if let key = try? P256.Signing.PublicKey(pemRepresentation: text) {
            self = .es256(key)
        } else if let key = try? JWTKit.Insecure.RSA.PublicKey(pem: text) {
            self = .rs256(key)
        } else {
            return nil
        }
    }

    /// The token's `alg`, where this key signed it.
    var algorithm: String {
        switch self {
        case .es256: "ES256"
        case .rs256: "RS256"
        }
    }

    var pem: String {
        switch self {
        case .es256(let key): key.pemRepresentation
        case .rs256(let key): key.pemRepresentation
        }
    }

    var id: String {
        let der =
            switch self {
            case .es256(let key): key.derRepresentation
            case .rs256(let key): key.derRepresentation
            }
        return EnrolledKeyID.of(subjectPublicKeyInfo: der)
    }

    /// Whether this key signed the token.
    func signed(_ token: String) async -> Bool {
        let keys = JWTKeyCollection()
        switch self {
        case .es256(let key):
            guard let key = try? ES256PublicKey(backing: key) else { return false }
            await keys.add(ecdsa: key)
        case .rs256(let key): await keys.add(rsa: key, digestAlgorithm: .sha256)
        }
        return (try? await keys.verify(token, as: WebIdentityClaims.self)) != nil
    }
}

extension WebIdentityKey: Decodable {
    /// A JSON Web Key.
    ///
    /// Source: RFC 7517; RFC 7518, section 6.
    init(from decoder: any Decoder) throws {
        let json = try decoder.container(keyedBy: Member.self)
        let algorithm = try json.decodeIfPresent(String.self, forKey: .alg)
        let use = try json.decodeIfPresent(String.self, forKey: .use)
        guard use == nil || use == "sig" else {
            throw DecodingError.dataCorruptedError(
                forKey: .use, in: json, debugDescription: "It is not for signatures.")
        }
        switch (try json.decode(String.self, forKey: .kty), algorithm) {
        case ("EC", nil), ("EC", "ES256"):
            guard try json.decode(String.self, forKey: .crv) == "P-256" else {
                throw DecodingError.dataCorruptedError(
                    forKey: .crv, in: json, debugDescription: "The curve is not P-256.")
            }
            let key = try ES256PublicKey(
                parameters: (
                    x: try json.decode(String.self, forKey: .x),
                    y: try json.decode(String.self, forKey: .y)
                ))
            self = .es256(try P256.Signing.PublicKey(pemRepresentation: key.pemRepresentation))
        case ("RSA", nil), ("RSA", "RS256"):
            let modulus = try json.decode(String.self, forKey: .n)
            guard modulus.utf8.count <= Self.textBytesMax else {
                throw DecodingError.dataCorruptedError(
                    forKey: .n, in: json, debugDescription: "The modulus is too long.")
            }
            self = .rs256(
                try JWTKit.Insecure.RSA.PublicKey(
                    modulus: modulus, exponent: try json.decode(String.self, forKey: .e)))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .kty, in: json, debugDescription: "It is neither ES256 nor RS256.")
        }
    }

    private enum Member: String, CodingKey { case kty, alg, use, crv, x, y, n, e }
}
