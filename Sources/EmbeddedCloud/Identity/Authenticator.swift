import AWSAPI
import FoundationEssentials
import HashTreeCollections
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
    private let signingKeys = Mutex<[KeyName: SigningKey]>([:])
    /// By token.
    private let sessions = Mutex<[String: Session]>([:])

    init(sealingKey: SealingKey) { self.sealingKey = sealingKey }

    /// - Parameter payloadHash: What the signature covers of the body: declared, or its SHA-256.
    func caller(
        of request: WireRequest, to service: AWSService, payloadHash: String,
        among identities: IdentityState, now: Date
    ) throws(SignatureFault) -> Caller {
        let claim = try SignatureClaim(reading: request)
        let (caller, secret) = try holder(of: claim, among: identities, now: now)
        let name = KeyName(accessKeyID: claim.accessKeyID, scope: claim.scope)
        let known = signingKeys.withLock { $0[name] }
        let key = known ?? SigningKey(secretAccessKey: secret, scope: claim.scope)
        try claim.check(request, for: service, payloadHash: payloadHash, key: key, now: now)
        // Only after the check: a stranger's requests must not fill the table.
        if known == nil {
            signingKeys.withLock { keys in
                if keys.count >= Self.keptMax { keys.removeAll(keepingCapacity: true) }
                keys[name] = key
            }
        }
        return caller
    }

    /// What a token says. Opening one takes longer than everything else here, and a client sends the same
    /// one with each request of an hour. Only tokens that this exchange sealed are kept.
    private func session(of token: String) -> Session? {
        if let known = sessions.withLock({ $0[token] }) { return known }
        guard let session = Session(token: token, openedBy: sealingKey) else { return nil }
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
        guard let session = session(of: token),
            session.accessKeyID == claim.accessKeyID
        else { throw .invalidToken }
        guard identities.accounts[session.account] != nil,
            identities.enrolledKeys[session.openedBy] != nil
        else { throw .unknownKey }
        guard now < session.expiresAt else { throw .expiredToken }
        let kind = Caller.Kind.session(
            role: session.role, name: session.name, issuedAt: session.issuedAt)
        return (
            Caller(account: session.account, kind: kind, accessKeyID: session.accessKeyID),
            session.secretAccessKey
        )
    }
}
