import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// A policy that stands by itself, and is in force for each role that it is attached to.
struct ManagedPolicy: Sendable {
    var row: ManagedPolicyRow {
        didSet { document = Self.document(of: versions, row.defaultVersion) }
    }
    /// By their numbers.
    var versions: [ManagedPolicyVersionRow] {
        didSet { document = Self.document(of: versions, row.defaultVersion) }
    }
    /// What is in force.
    private(set) var document: PolicyDocument

    init(_ row: ManagedPolicyRow, _ versions: [ManagedPolicyVersionRow]) {
        self.row = row
        self.versions = versions.sorted { $0.version < $1.version }
        document = Self.document(of: versions, row.defaultVersion)
    }

    private static func document(
        of versions: [ManagedPolicyVersionRow], _ version: Int
    ) -> PolicyDocument {
        versions.first { $0.version == version }
            .flatMap { try? PolicyDocument(parsing: $0.document, as: .identity) } ?? Role.closed
    }
}

struct ManagedPolicyRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "managedPolicy"

    /// `ANPA…`
    var id: String
    var account: AccountID
    var name: String
    var description: String?
    var defaultVersion: Int
    /// Of the versions that there have been.
    var lastVersion: Int
    var createdAt: Date
    var updatedAt: Date

    var arn: ARN {
        ARN(service: "iam", account: account.rawValue, resource: "policy/\(name)")
    }

    static let migration = Migration(
        "4-managed-policies",
        """
        CREATE TABLE managedPolicy (
            id TEXT PRIMARY KEY,
            account TEXT NOT NULL REFERENCES account(id),
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
            description TEXT,
            defaultVersion INTEGER NOT NULL,
            lastVersion INTEGER NOT NULL,
            createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL,
            UNIQUE (account, name)
        ) STRICT;
        CREATE TABLE managedPolicyVersion (
            policy TEXT NOT NULL REFERENCES managedPolicy(id) ON DELETE CASCADE,
            version INTEGER NOT NULL,
            document TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            PRIMARY KEY (policy, version)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE attachedPolicy (
            role TEXT NOT NULL REFERENCES role(id),
            policy TEXT NOT NULL REFERENCES managedPolicy(id),
            PRIMARY KEY (role, policy)
        ) STRICT, WITHOUT ROWID;
        """)
}

struct ManagedPolicyVersionRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "managedPolicyVersion"

    /// The policy's id.
    var policy: String
    var version: Int
    /// As it was written.
    var document: String
    var createdAt: Date
}

struct AttachedPolicyRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "attachedPolicy"

    /// Ids.
    var role: String
    var policy: String
}
