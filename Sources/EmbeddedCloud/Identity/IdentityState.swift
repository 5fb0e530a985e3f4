import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// Who is known: accounts, their keys, and the codes with which keys are enrolled.
struct IdentityState: Sendable {
    var accounts: TreeDictionary<AccountID, AccountRow> = [:]
    /// Keys that do not end: the administrator's.
    var accessKeys: TreeDictionary<String, AccessKeyRow> = [:]
    var enrolledKeys: TreeDictionary<String, EnrolledKeyRow> = [:]
    /// Those that somebody made.
    var roles: TreeDictionary<RoleID, Role> = [:]
    var managedPolicies: TreeDictionary<ARN, ManagedPolicy> = [:]
    var providers: TreeDictionary<ARN, IdentityProvider> = [:]

    init(loading db: Database) throws {
        for row in try AccountRow.fetchAll(db) { accounts[row.id] = row }
        for row in try AccessKeyRow.fetchAll(db) { accessKeys[row.id] = row }
        for row in try EnrolledKeyRow.fetchAll(db) { enrolledKeys[row.id] = row }
        let policies = Dictionary(grouping: try RolePolicyRow.fetchAll(db), by: \.role)
        for row in try RoleRow.fetchAll(db) {
            var role = Role(row)
            for policy in policies[row.id] ?? [] { role.setPolicy(policy.name, policy.document) }
            roles[role.id] = role
        }
        try loadManagedPolicies(db)
        for row in try IdentityProviderRow.fetchAll(db) {
            providers[row.arn] = IdentityProvider(row)
        }
    }

    private mutating func loadManagedPolicies(_ db: Database) throws {
        let versions = Dictionary(
            grouping: try ManagedPolicyVersionRow.fetchAll(db), by: \.policy)
        var names: [String: ARN] = [:]
        for row in try ManagedPolicyRow.fetchAll(db) {
            managedPolicies[row.arn] = ManagedPolicy(row, versions[row.id] ?? [])
            names[row.id] = row.arn
        }
        let attached = Dictionary(grouping: try AttachedPolicyRow.fetchAll(db), by: \.role)
        for role in roles.values {
            roles[role.id]?.attached = (attached[role.row.id] ?? []).compactMap { names[$0.policy] }
        }
    }

    /// Whether what opened a session is still good.
    func hasOpener(_ id: String) -> Bool { opener(id) != nil }

    /// The account of a key, or of the issuer by whose word a session was opened, and since when it is
    /// known.
    private func opener(_ id: String) -> (account: AccountID, since: Date)? {
        if let key = enrolledKeys[id] { return (key.account, key.createdAt) }
        if let key = accessKeys[id] { return (key.account, .distantPast) }
        guard let provider = ARN(id).flatMap({ providers[$0]?.row }) else { return nil }
        return (provider.account, provider.createdAt)
    }

    /// Whether nothing has ended what the caller has: the revocation of its key or issuer, or the cut-off of
    /// its account, of the one from which its session was opened, or of the one whose key it was in the
    /// first place.
    func admits(_ caller: Caller) -> Bool {
        guard case .session(_, _, let issuedAt) = caller.kind, let id = caller.openedBy else {
            return true
        }
        // What was revoked and registered anew lets in nobody from before.
        guard let opener = opener(id), opener.since <= issuedAt else { return false }
        return [caller.account, caller.openedFrom ?? opener.account, opener.account].allSatisfy {
            isOpen($0, to: issuedAt)
        }
    }

    /// Whether the account is known and lets in what was opened at that time: it is not cut off, and was not
    /// since.
    func isOpen(_ id: AccountID, to issuedAt: Date) -> Bool {
        guard let account = accounts[id], !account.isCutOff else { return false }
        return account.cutOffAt.map { issuedAt > $0 } ?? true
    }

    static let migration = Migration(
        "1-identity",
        """
        CREATE TABLE exchange (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            account TEXT NOT NULL CHECK (length(account) = 12),
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE account (
            id TEXT PRIMARY KEY CHECK (length(id) = 12),
            name TEXT NOT NULL CHECK (name <> ''),
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE accessKey (
            id TEXT PRIMARY KEY,
            account TEXT NOT NULL REFERENCES account(id),
            userName TEXT NOT NULL,
            sealedSecret BLOB NOT NULL
        ) STRICT;
        CREATE TABLE enrolmentCode (
            hash TEXT PRIMARY KEY CHECK (length(hash) = 64),
            account TEXT NOT NULL UNIQUE REFERENCES account(id),
            expiresAt TEXT NOT NULL,
            usedBy TEXT
        ) STRICT;
        CREATE TABLE enrolledKey (
            id TEXT PRIMARY KEY,
            account TEXT NOT NULL REFERENCES account(id),
            publicKey TEXT NOT NULL,
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE usedToken (
            id TEXT PRIMARY KEY,
            expiresAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX usedTokenExpiry ON usedToken(expiresAt);
        """)
}

/// The exchange itself: one row.
struct ExchangeRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "exchange"

    var id = 1
    var account: AccountID
    var region: String
    var name: String
    var createdAt: Date
}

struct AccountRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "account"

    var id: AccountID
    var name: String
    var createdAt: Date
    /// What was opened until then is over for good. Nil: it was never cut off.
    var cutOffAt: Date?
    /// Nothing is opened, and nobody let in, until the cut-off is lifted.
    var isCutOff = false
}

struct AccessKeyRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "accessKey"

    var id: String
    var account: AccountID
    var userName: String
    /// AES-GCM under the sealing key: the file of the ledger alone opens nothing.
    var sealedSecret: Data
}

struct EnrolmentCodeRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "enrolmentCode"

    /// SHA-256 of the code; the code itself is kept nowhere.
    var hash: String
    var account: AccountID
    var expiresAt: Date
    /// The id of the key that it enrolled.
    var usedBy: String?
}

struct EnrolledKeyRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "enrolledKey"

    /// The key's own fingerprint: ``WebIdentityKey/id``.
    var id: String
    var account: AccountID
    /// PEM.
    var publicKey: String
    var createdAt: Date
    /// The key that took its place. It opens no session any more; those that it opened go on.
    var renewedBy: String?
    var renewedAt: Date?
}

/// A web-identity token that has been used, kept until it would have expired anyway.
struct UsedTokenRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "usedToken"

    var id: String
    var expiresAt: Date
}
