import AWSAPI
import FoundationEssentials
import JWTKit

/// A JSON Web Token as it came. Nothing in it is believed before ``check(signedBy:)``.
struct WebIdentityToken: Sendable {
    /// Source: AWS Security Token Service API Reference, AssumeRoleWithWebIdentity.
    static let bytesMax = 20_000

    let text: String
    let algorithm: String?
    let keyID: String?
    let claims: WebIdentityClaims

    init(_ text: String) throws(AWSError) {
        do {
            guard text.utf8.count <= Self.bytesMax else {
                throw JWTError.malformedToken(reason: "")
            }
            let (header, claims, _) = try DefaultJWTParser()
                .parse(Array(text.utf8), as: WebIdentityClaims.self)
            self.text = text
            algorithm = header.alg
            keyID = header.kid
            self.claims = claims
        } catch {
            throw .invalidIdentityToken(
                "The token is not a JSON Web Token that is understood here.")
        }
    }

    /// What is kept of it so that it is used once. Nil where it has no name of its own.
    var onceUsed: UsedTokenRow? {
        guard let id = claims.jti?.value, !id.isEmpty else { return nil }
        return UsedTokenRow(id: id, expiresAt: claims.exp.value)
    }

    /// Whether it is in force now, and not for longer than `lifetimeMax` seconds.
    func checkTimes(
        at now: Date, lifetimeMax: TimeInterval
    ) throws(AWSError) {
        guard now < claims.exp.value else {
            throw AWSError("ExpiredTokenException", "The token has expired.")
        }
        let issuedAt = claims.iat.value
        let latest = now + SignatureClaim.clockSkewMax
        guard claims.exp.value.timeIntervalSince(issuedAt) <= lifetimeMax, issuedAt <= latest,
            claims.nbf.map({ $0.value <= latest }) ?? true
        else {
            throw .invalidIdentityToken(
                "The token may live \(Int(lifetimeMax)) s at most, beginning now.")
        }
    }

    func check(signedBy key: WebIdentityKey) async throws(AWSError) {
        guard algorithm == key.algorithm else {
            throw .invalidIdentityToken("The token's alg must be \(key.algorithm), as its key is.")
        }
        guard await key.signed(text) else {
            throw .invalidIdentityToken("The token's signature does not hold.")
        }
    }
}

/// What a token says.
///
/// Source: RFC 7519, section 4.1; OpenID Connect Core 1.0, section 2.
struct WebIdentityClaims: JWTPayload {
    var iss: IssuerClaim
    var sub: SubjectClaim
    var aud: Audience
    /// The client that the token was made for, where `aud` names several.
    var azp: String?
    var iat: IssuedAtClaim
    var nbf: NotBeforeClaim?
    var exp: ExpirationClaim
    var jti: IDClaim?
    /// Of a token that renews its key: the id of the new one.
    var renewsWith: String?

    /// The times are checked against the request's, so that a clock under test decides.
    func verify(using algorithm: some JWTAlgorithm) async throws {}

    /// One name or a list of them, which may be empty. JWTKit's own claim stops the process at an empty
    /// one, and this is read before anyone is known.
    struct Audience: Codable {
        let names: [String]

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let name = try? value.decode(String.self) {
                names = [name]
            } else {
                names = try value.decode([String].self)
            }
        }

        func encode(to encoder: any Encoder) throws { try names.encode(to: encoder) }
    }
}
