import AWSAPI
import BourseAPI
import Crypto
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// How the holders of accounts register what opens sessions: keys of their own, or the issuer that vouches
/// for their people and programs.
extension Accounts {
    /// Seconds for which a renewed key is kept: its sessions have ended by then.
    static let renewedKeyKept = TimeInterval(Sessions.lifetimes.upperBound)

    @Sendable func enrollKey(
        _ operation: Bourse.EnrollKey, _ request: Request
    ) async throws -> Bourse.EnrollKey.Response {
        let key = try Self.key(operation.publicKey)
        let account = try await state.change(recording: request.event) { db, state in
            let account = try Self.use(operation.code, for: key.id, db, state, at: request.time)
            guard account.isNew else { return account.id }
            try Self.insert(key, of: account.id, db, &state, at: request.time)
            return account.id
        }
        return .init(
            accountId: account.rawValue, keyId: key.id,
            roleArn: ARN.role(BuiltInRole.dataSubscriber, in: account).description,
            audience: sessions.audience, region: exchange.region, exchangeName: exchange.name)
    }

    @Sendable func enrollIssuer(
        _ operation: Bourse.EnrollIssuer, _ request: Request
    ) async throws -> Bourse.EnrollIssuer.Response {
        // Before anything is asked of anyone: whoever has no code has no business here.
        let hash = EnrolmentCode.hash(operation.code)
        guard
            let code = try await state.ledger.read({ try EnrolmentCodeRow.fetchOne($0, key: hash) })
        else { throw AWSError.enrolmentRefused }
        let row = IdentityProviderRow(
            account: code.account, issuer: operation.url,
            clientIDs: (operation.clientIds ?? [sessions.audience]).withoutRepeats,
            thumbprints: [], subjects: operation.subjects.withoutRepeats, createdAt: request.time)
        do throws(IdentityProviderFault) {
            try row.check()
        } catch {
            throw AWSError.validation(error.message)
        }
        guard !row.subjects.isEmpty, !row.clientIDs.isEmpty else {
            throw AWSError.validation("There must be a subject, and a client id.")
        }
        if code.usedBy == nil, request.time < code.expiresAt {
            _ = try await sessions.issuerKeys.keys(of: row.issuer, at: request.time)
        }
        let id = row.arn.description
        try await state.change(recording: request.event) { db, state in
            let account = try Self.use(operation.code, for: id, db, state, at: request.time)
            guard account.isNew else { return }
            try IdentityProviders.insert(row, db, &state)
        }
        return .init(
            accountId: row.account.rawValue, issuerArn: id,
            roleArn: ARN.role(BuiltInRole.dataSubscriber, in: row.account).description,
            audiences: row.clientIDs, region: exchange.region, exchangeName: exchange.name)
    }

    /// Puts a new key in the place of the one that signed the token.
    @Sendable func renewKey(
        _ operation: Bourse.RenewKey, _ request: Request
    ) async throws -> Bourse.RenewKey.Response {
        let key = try Self.key(operation.publicKey)
        let token = try WebIdentityToken(operation.token)
        let old = try await sessions.enrolledKey(signing: token, at: request.time)
        guard token.claims.renewsWith == key.id else {
            throw AWSError.invalidIdentityToken("The token's renewsWith must be \(key.id).")
        }
        try await state.change(recording: request.event) { db, state in
            guard var row = state.identity.enrolledKeys[old.id],
                state.identity.accounts[row.account]?.isCutOff == false
            else { throw AWSError.enrolmentRefused }
            if let once = token.onceUsed { try Sessions.use(once, db, at: request.time) }
            // An answer that was lost.
            if row.renewedBy == key.id { return }
            guard row.renewedBy == nil else {
                throw AWSError.validation("The key was renewed already, with another one.")
            }
            try Self.insert(key, of: row.account, db, &state, at: request.time)
            (row.renewedBy, row.renewedAt) = (key.id, request.time)
            try row.update(db)
            state.identity.enrolledKeys[row.id] = row
            for over in state.identity.enrolledKeys.values
            where over.account == row.account
                && over.renewedAt.map({ request.time - Self.renewedKeyKept > $0 }) ?? false
            {
                try over.delete(db)
                state.identity.enrolledKeys[over.id] = nil
            }
        }
        return .init(accountId: old.account.rawValue, keyId: key.id)
    }

    // MARK: Codes and keys

    private static func key(_ pem: String) throws(AWSError) -> WebIdentityKey {
        guard let key = WebIdentityKey(pem: pem) else {
            throw .validation(
                "PublicKey must be a P-256 or RSA (2,048 bits or more) public key in PEM.")
        }
        return key
    }

    /// - Parameter id: What the code is used for. It may be said again: an answer may be lost.
    /// - Returns: The account that the code was made for, and whether the code was used just now.
    private static func use(
        _ code: String, for id: String, _ db: Database, _ state: CloudState, at now: Date
    ) throws -> (id: AccountID, isNew: Bool) {
        guard var row = try EnrolmentCodeRow.fetchOne(db, key: EnrolmentCode.hash(code)),
            row.usedBy == nil || row.usedBy == id, now < row.expiresAt,
            state.identity.accounts[row.account]?.isCutOff == false
        else { throw AWSError.enrolmentRefused }
        guard row.usedBy == nil else { return (row.account, false) }
        row.usedBy = id
        try row.update(db)
        return (row.account, true)
    }

    private static func insert(
        _ key: WebIdentityKey, of account: AccountID, _ db: Database, _ state: inout CloudState,
        at now: Date
    ) throws {
        guard state.identity.enrolledKeys[key.id] == nil else {
            throw AWSError.validation("This key is enrolled already; make a new one.")
        }
        let row = EnrolledKeyRow(
            id: key.id, account: account, publicKey: key.pem, createdAt: now)
        try row.insert(db)
        state.identity.enrolledKeys[row.id] = row
    }
}

/// The one-time code in a welcome e-mail: 125 bits, in letters that are not mistaken for each other.
enum EnrolmentCode {
    private static let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")

    static func make() -> String {
        (0..<5).map { _ in String((0..<5).map { _ in letters.randomElement() ?? "A" }) }
            .joined(separator: "-")
    }

    /// What the ledger keeps of it. Case and dashes do not count: people type codes.
    static func hash(_ code: String) -> String {
        SHA256.hash(data: Array(code.uppercased().utf8.filter { $0 != UInt8(ascii: "-") })).hex
    }
}
