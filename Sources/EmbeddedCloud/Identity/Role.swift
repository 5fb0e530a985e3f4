import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// A role's name in its account.
struct RoleID: Hashable, Sendable {
    var account: AccountID
    var name: String

    init(_ account: AccountID, _ name: String) {
        self.account = account
        self.name = name
    }

    /// Nil for anything but the ARN of a role as policies write it, and for one with a path: there are none
    /// here.
    init?(_ arn: ARN) {
        let mark = "role/"
        guard arn.service == "iam", arn.resource.hasPrefix(mark),
            let account = AccountID(rawValue: arn.account)
        else { return nil }
        let name = String(arn.resource.dropFirst(mark.count))
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else { return nil }
        self.init(account, name)
        // A deny of this role must not miss it under another partition or region.
        guard self.arn == arn else { return nil }
    }

    var arn: ARN { .role(name, in: account) }
}

/// A role that somebody made: who may open its sessions, and what they may do.
struct Role: Sendable {
    /// What a document that cannot be read any more stands for.
    static let closed = PolicyDocument([.init(.deny, sid: "UnreadablePolicy", actions: ["*"])])

    var row: RoleRow
    /// Nil: it cannot be read, and nobody is trusted.
    let trust: PolicyDocument?
    /// By name, as they were written.
    private(set) var policyTexts: [String: String] = [:]
    private var documents: [String: PolicyDocument] = [:]
    /// The managed policies that are in force for it.
    var attached: [ARN] = []

    init(_ row: RoleRow) {
        self.row = row
        trust = try? PolicyDocument(parsing: row.trust, as: .trust)
    }

    var id: RoleID { RoleID(row.account, row.name) }
    /// Those inside it.
    var policies: [PolicyDocument] { Array(documents.values) }

    /// The same role, with what else is said of it.
    func with(_ row: RoleRow) -> Role {
        var role = Role(row)
        (role.policyTexts, role.documents, role.attached) = (policyTexts, documents, attached)
        return role
    }

    mutating func setPolicy(_ name: String, _ text: String?) {
        policyTexts[name] = text
        documents[name] = text.map {
            (try? PolicyDocument(parsing: $0, as: .identity)) ?? Self.closed
        }
    }
}

struct RoleRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "role"

    /// `AROA…`
    var id: String
    var account: AccountID
    var name: String
    var description: String?
    /// As it was written.
    var trust: String
    /// Seconds.
    var maxSessionDuration: Int
    var createdAt: Date

    static let migration = Migration(
        "2-roles",
        """
        CREATE TABLE role (
            id TEXT PRIMARY KEY,
            account TEXT NOT NULL REFERENCES account(id),
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
            description TEXT,
            trust TEXT NOT NULL,
            maxSessionDuration INTEGER NOT NULL CHECK (maxSessionDuration BETWEEN 3600 AND 43200),
            createdAt TEXT NOT NULL,
            UNIQUE (account, name)
        ) STRICT;
        CREATE TABLE rolePolicy (
            role TEXT NOT NULL REFERENCES role(id) ON DELETE CASCADE,
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
            document TEXT NOT NULL,
            PRIMARY KEY (role, name)
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE account ADD COLUMN cutOffAt TEXT;
        ALTER TABLE account ADD COLUMN isCutOff INTEGER NOT NULL DEFAULT 0
            CHECK (isCutOff IN (0, 1));
        """)
}

/// A policy inside a role.
struct RolePolicyRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "rolePolicy"

    var role: String
    var name: String
    var document: String
}

extension IdentityState {
    /// The policies of the caller's identity. A role that is none may do nothing.
    func policies(of caller: Caller) -> [PolicyDocument] {
        switch caller.kind {
        case .anonymous: return [BuiltInRole.stranger]
        case .user: return [BuiltInRole.administrator]
        case .session(let name, _, _):
            if let policy = BuiltInRole.policy(of: name) { return [policy] }
            // Another role of the same name may have been made since.
            guard let role = roles[RoleID(caller.account, name)], role.row.id == caller.roleID
            else { return [] }
            return role.policies
                + role.attached.map { managedPolicies[$0]?.document ?? Role.closed }
        }
    }

    /// Who may open sessions of a role. Nil: nobody may, or there is no such role.
    ///
    /// - Parameter exchange: The account in which the provider's own roles are.
    func trustPolicy(of role: RoleID, exchange: AccountID) -> PolicyDocument? {
        if let trust = BuiltInRole.trust(of: role, exchange: exchange) { return trust }
        return roles[role]?.trust
    }
}
