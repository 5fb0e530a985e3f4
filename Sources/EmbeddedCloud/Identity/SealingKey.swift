import AWSAPI
import Crypto
import FoundationEssentials

/// The exchange's own secret: what it seals, nobody else can read or make.
///
/// Session tokens are sealed and self-contained, so checking one needs no look-up.
struct SealingKey: Sendable {
    private let key: SymmetricKey

    /// - Parameter bytes: 32, from `keys/sealing.key`.
    init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        key = SymmetricKey(data: bytes)
    }

    static func makeBytes() -> [UInt8] {
        SymmetricKey(size: .bits256).withUnsafeBytes(Array.init)
    }

    /// - Parameter purpose: Opening asks for the same one: a sealed secret never passes as a token.
    func seal(_ plain: Data, for purpose: Purpose) throws -> Data {
        let box = try AES.GCM.seal(plain, using: key, authenticating: purpose.bytes)
        guard let combined = box.combined else { throw CryptoKitError.incorrectParameterSize }
        return combined
    }

    /// Nil for what this key did not seal for that purpose.
    func open(_ sealed: Data, for purpose: Purpose) -> Data? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed) else { return nil }
        return try? AES.GCM.open(box, using: key, authenticating: purpose.bytes)
    }

    enum Purpose: String {
        case sessionToken = "session-token/1"
        case accessKeySecret = "access-key-secret/1"

        var bytes: [UInt8] { Array(rawValue.utf8) }
    }
}

/// What a session token says, sealed inside it.
struct Session: Codable, Sendable {
    var accessKeyID: String
    var secretAccessKey: String
    var account: AccountID
    /// Nil: it is the user's own who has this name.
    var role: String?
    /// Of a role that somebody made, IAM's id: one made later under the same name is another role.
    var roleID: String?
    var name: String
    /// The key that opened it, or that opened the session from which it was opened.
    var openedBy: String
    /// The account of whoever opened it.
    var openedFrom: AccountID
    /// JSON. Nil: it has none of its own.
    var policy: String?
    /// Nil: it does all that its role may.
    var lent: LentFiles?
    var issuedAt: Date
    var expiresAt: Date

    /// The token that its holder sends with every request.
    func token(sealedBy key: SealingKey) throws -> String {
        try key.seal(try JSONEncoder().encode(self), for: .sessionToken).base64EncodedString()
    }

    /// Nil for anything but a token of this exchange's.
    init?(token: String, openedBy key: SealingKey) {
        guard let sealed = Data(base64Encoded: token),
            let plain = key.open(sealed, for: .sessionToken),
            let session = try? JSONDecoder().decode(Session.self, from: plain)
        else { return nil }
        self = session
    }

    /// Whoever holds it.
    ///
    /// - Parameter policy: Its own, read.
    func caller(policy: PolicyDocument?) -> Caller {
        Caller(
            account: account,
            kind: role.map { .session(role: $0, name: name, issuedAt: issuedAt) }
                ?? .user(name: name),
            accessKeyID: accessKeyID, roleID: roleID, openedBy: openedBy, openedFrom: openedFrom,
            sessionPolicy: policy, lent: lent)
    }

    init(
        of role: RoleID, id roleID: String?, name: String, openedBy: String,
        openedFrom: AccountID, policy: String?, issuedAt: Date, expiresAt: Date
    ) {
        self.init(
            account: role.account, role: role.name, roleID: roleID, name: name, openedBy: openedBy,
            openedFrom: openedFrom, policy: policy, issuedAt: issuedAt, expiresAt: expiresAt)
    }

    /// A user's own.
    init(
        ofUser name: String, in account: AccountID, openedBy: String, issuedAt: Date,
        expiresAt: Date
    ) {
        self.init(
            account: account, role: nil, roleID: nil, name: name, openedBy: openedBy,
            openedFrom: account, policy: nil, issuedAt: issuedAt, expiresAt: expiresAt)
    }

    /// One that reads some files and does nothing else, of whoever has the session or key that asks for it.
    init(lending files: LentFiles, to caller: Caller, issuedAt: Date, expiresAt: Date) {
        let (role, name) = caller.name
        self.init(
            account: caller.account, role: role, roleID: caller.roleID, name: name,
            openedBy: caller.openedBy ?? caller.accessKeyID,
            openedFrom: caller.openedFrom ?? caller.account,
            policy: caller.sessionPolicy?.text, issuedAt: issuedAt, expiresAt: expiresAt)
        lent = files
    }

    /// One of whoever has the session or key that asks for it, for one thing.
    init(narrowing caller: Caller, to policy: PolicyDocument, issuedAt: Date, expiresAt: Date) {
        let (role, name) = caller.name
        self.init(
            account: caller.account, role: role, roleID: caller.roleID, name: name,
            openedBy: caller.openedBy ?? caller.accessKeyID,
            openedFrom: caller.openedFrom ?? caller.account, policy: policy.text,
            issuedAt: issuedAt, expiresAt: expiresAt)
    }

    private init(
        account: AccountID, role: String?, roleID: String?, name: String, openedBy: String,
        openedFrom: AccountID, policy: String?, issuedAt: Date, expiresAt: Date
    ) {
        accessKeyID = AccessKey.makeID(prefix: "ASIA")
        secretAccessKey = AccessKey.makeSecret()
        self.account = account
        self.role = role
        self.roleID = roleID
        self.name = name
        self.openedBy = openedBy
        self.openedFrom = openedFrom
        self.policy = policy
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}

/// New access keys, in AWS's form.
enum AccessKey {
    /// - Parameter prefix: `AKIA` for keys that stay, `ASIA` for sessions.
    static func makeID(prefix: String) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        return prefix + String((0..<16).map { _ in letters.randomElement() ?? "A" })
    }

    /// 40 characters, 240 bits.
    static func makeSecret() -> String {
        Data((0..<30).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
    }
}
