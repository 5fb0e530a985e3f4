public import AWSAPI
import FoundationEssentials
import HashTreeCollections
import S3API
import Synchronization

/// Turns a signed request into its caller, or says why not. No look-up beyond memory.
///
/// The order of the checks is AWS's: form, key, session, scope, clock, signature.
final class Authenticator: Sendable {
    /// Derived keys and opened sessions that are kept; at the limit all of them are dropped, and made again
    /// as they are asked for.
    static let keptMax = 10_000

    private struct KeyName: Hashable {
        var accessKeyID: String
        var scope: CredentialScope
    }

    private let sealingKey: SealingKey
    private let servesVersion2: Bool
    private let signingKeys = Mutex<[KeyName: SigningKey]>([:])
    /// By token.
    private let sessions = Mutex<[String: OpenSession]>([:])

    /// - Parameter servesVersion2: Whether presigned requests of Signature Version 2 are accepted.
    init(sealingKey: SealingKey, servesVersion2: Bool) {
        self.sealingKey = sealingKey
        self.servesVersion2 = servesVersion2
    }

    /// - Parameter bodyHash: The body's SHA-256 in hex. Nil: it is still to come.
    func sender(
        of request: WireRequest, to service: AWSService, bodyHash: String?,
        among identities: IdentityState, now: Date
    ) throws(SignatureFault) -> Sender {
        let claim = try SignatureClaim(reading: request)
        if case .v2 = claim, !servesVersion2 || service != .s3 { throw .versionNotServed }
        let (caller, secret) = try holder(of: claim, among: identities, now: now)
        switch claim {
        case .v2(let claim):
            try claim.check(request, secretAccessKey: secret, now: now)
            return Sender(caller: caller, payload: .unsigned)
        case .v4(let claim):
            let hash = try claim.payloadHash(for: service, bodyHash: bodyHash)
            let name = KeyName(accessKeyID: claim.accessKeyID, scope: claim.scope)
            let known = signingKeys.withLock { $0[name] }
            let key = known ?? SigningKey(secretAccessKey: secret, scope: claim.scope)
            try claim.check(request, for: service, payloadHash: hash, key: key, now: now)
            // Only after the check: a stranger's requests must not fill the table.
            if known == nil { keep(key, as: name) }
            return Sender(caller: caller, payload: try claim.payload(signedAs: hash, key: key))
        }
    }

    private func keep(_ key: SigningKey, as name: KeyName) {
        signingKeys.withLock { keys in
            if keys.count >= Self.keptMax { keys.removeAll(keepingCapacity: true) }
            keys[name] = key
        }
    }

    /// What a token says. Opening one takes longer than everything else here, and a client sends the same
    /// one with each request of an hour. Only tokens that this exchange sealed are kept.
    private func session(of token: String) -> OpenSession? {
        if let known = sessions.withLock({ $0[token] }) { return known }
        guard let session = OpenSession(token: token, openedBy: sealingKey) else { return nil }
        sessions.withLock { sessions in
            if sessions.count >= Self.keptMax { sessions.removeAll(keepingCapacity: true) }
            sessions[token] = session
        }
        return session
    }

    private func holder(
        of claim: SignatureClaim, among identities: IdentityState, now: Date
    ) throws(SignatureFault) -> (Caller, secret: String) {
        guard let token = claim.sessionToken else {
            guard let row = identities.accessKeys[claim.accessKeyID],
                let secret = sealingKey.open(row.sealedSecret, for: .accessKeySecret)
            else { throw .unknownKey }
            let caller = Caller(
                account: row.account, kind: .user(name: row.userName), accessKeyID: row.id)
            return (caller, String(decoding: secret, as: UTF8.self))
        }
        guard let open = session(of: token), open.session.accessKeyID == claim.accessKeyID else {
            throw .invalidToken
        }
        let session = open.session
        guard identities.hasOpener(session.openedBy) else { throw .unknownKey }
        guard now < session.expiresAt, identities.admits(open.caller) else { throw .expiredToken }
        return (open.caller, session.secretAccessKey)
    }
}

/// What a token says, read once.
private struct OpenSession {
    let session: Session
    let caller: Caller

    /// Nil for anything but a token of this exchange's.
    init?(token: String, openedBy key: SealingKey) {
        guard let session = Session(token: token, openedBy: key) else { return nil }
        self.session = session
        var policy: PolicyDocument?
        if let text = session.policy {
            policy = (try? PolicyDocument(parsing: text, as: .session)) ?? Role.closed
        }
        caller = session.caller(policy: policy)
    }
}

/// Whoever signed a request, and how the body is compared with what was signed.
public struct Sender: Sendable {
    public let caller: Caller
    public let payload: SignedPayload

    public init(caller: Caller, payload: SignedPayload) {
        self.caller = caller
        self.payload = payload
    }
}
