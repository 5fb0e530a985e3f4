import AWSAPI
import BourseAPI
import Crypto
import FoundationEssentials
import GRDB
import HashTreeCollections

/// The accounts that the exchange knows, and how their holders enrol keys.
struct Accounts: Sendable {
    /// Seconds for which an enrolment code works: three days.
    static let enrolmentCodeLifetime: TimeInterval = 72 * 3_600

    let state: StateStore
    let audience: String
    let exchange: ExchangeRow

    var handlers: [Handler] { [Handler(addAccount), Handler(enrollKey)] }

    @Sendable func addAccount(
        _ operation: Bourse.AddAccount, _ request: Request
    ) async throws -> Bourse.AddAccount.Response {
        guard let account = AccountID(rawValue: operation.accountId) else {
            throw AWSError.validation("AccountId must be twelve digits.")
        }
        let name = operation.displayName
        guard !name.isEmpty, name.utf8.count <= 256 else {
            throw AWSError.validation("DisplayName must have 1 to 256 bytes.")
        }
        guard account != exchange.account else {
            throw AWSError.validation("\(account) is the exchange's own account.")
        }
        let code = EnrolmentCode.make()
        let expiresAt = request.time + Self.enrolmentCodeLifetime
        try await state.change(recording: request.event) { db, state in
            let row =
                state.identity.accounts[account]
                .map { known in
                    var row = known
                    row.name = name
                    return row
                }
                ?? AccountRow(id: account, name: name, createdAt: request.time)
            try row.save(db)
            try EnrolmentCodeRow.filter(Column("account") == account.rawValue).deleteAll(db)
            try EnrolmentCodeRow(
                hash: EnrolmentCode.hash(code), account: account, expiresAt: expiresAt
            ).insert(db)
            state.identity.accounts[account] = row
        }
        return .init(
            accountId: account.rawValue, enrolmentCode: code, expiresAt: expiresAt)
    }

    @Sendable func enrollKey(
        _ operation: Bourse.EnrollKey, _ request: Request
    ) async throws -> Bourse.EnrollKey.Response {
        guard let key = try? P256.Signing.PublicKey(pemRepresentation: operation.publicKey) else {
            throw AWSError.validation("PublicKey must be a P-256 public key in PEM.")
        }
        let keyID = "bourse-" + SHA256.hash(data: key.derRepresentation).hex.prefix(32)
        let hash = EnrolmentCode.hash(operation.code)
        let account = try await state.change(recording: request.event) { db, state in
            guard var code = try EnrolmentCodeRow.fetchOne(db, key: hash),
                code.usedBy == nil || code.usedBy == keyID, request.time < code.expiresAt
            else { throw AWSError.enrolmentRefused }
            guard state.identity.accounts[code.account]?.isCutOff == false else {
                throw AWSError.enrolmentRefused
            }
            guard code.usedBy == nil else { return code.account }
            let row = EnrolledKeyRow(
                id: keyID, account: code.account, publicKey: key.pemRepresentation,
                createdAt: request.time)
            guard state.identity.enrolledKeys[keyID] == nil else {
                throw AWSError.validation("This key is enrolled already; make a new one.")
            }
            try row.insert(db)
            code.usedBy = keyID
            try code.update(db)
            state.identity.enrolledKeys[keyID] = row
            return code.account
        }
        return .init(
            accountId: account.rawValue, keyId: keyID,
            roleArn: ARN.role(BuiltInRole.dataSubscriber, in: account).description,
            audience: audience, region: exchange.region, exchangeName: exchange.name)
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
