import AWSAPI
import AthenaAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// A work group: where the results of its queries go, and how much one may read.
struct WorkGroup: Sendable {
    var name: String
    var description: String?
    var isEnabled = true
    var configuration: Athena.WorkGroupConfiguration
    /// Nil for those that every account has without making them, and has not changed.
    var createdAt: Date?

    static let engineVersion = Athena.EngineVersion(
        selectedEngineVersion: "AUTO", effectiveEngineVersion: "Athena engine version 3")

    /// Results stay with the exchange, for a day, and are read through `GetQueryResults`.
    var managesResults: Bool { configuration.managedQueryResultsConfiguration?.enabled == true }

    /// Where results go, if the query does not say, or may not.
    var outputLocation: String? { configuration.resultConfiguration?.outputLocation }

    /// Whether the query's own wishes do not count.
    var isEnforced: Bool { configuration.enforceWorkGroupConfiguration == true }

    /// Bytes. A query that would read more does not run.
    var scanLimit: Int? { configuration.bytesScannedCutoffPerQuery }

    /// As Athena tells it.
    var described: Athena.WorkGroup {
        .init(
            name: name, state: isEnabled ? .enabled : .disabled, configuration: configuration,
            description: description, creationTime: createdAt)
    }

    var summary: Athena.WorkGroupSummary {
        .init(
            name: name, state: isEnabled ? .enabled : .disabled, description: description,
            creationTime: createdAt, engineVersion: Self.engineVersion)
    }
}

extension WorkGroup {
    static let primary = "primary"
    static let managed = "managed"

    /// Those that every account has without making them.
    static func builtIn(_ name: String, of account: AccountID) -> WorkGroup? {
        switch name {
        case primary:
            WorkGroup(
                name: primary,
                configuration: .init(
                    resultConfiguration: .init(
                        outputLocation: "s3://\(resultsBucket(of: account))/"),
                    // Always said: some clients index it without a default.
                    enforceWorkGroupConfiguration: false, publishCloudWatchMetricsEnabled: false,
                    requesterPaysEnabled: false, engineVersion: engineVersion))
        case managed:
            WorkGroup(
                name: managed, description: "Results stay with the exchange for a day.",
                configuration: .init(
                    managedQueryResultsConfiguration: .init(enabled: true),
                    enforceWorkGroupConfiguration: true, publishCloudWatchMetricsEnabled: false,
                    requesterPaysEnabled: false, engineVersion: engineVersion))
        default: nil
        }
    }

    /// The bucket that onboarding makes for an account's results.
    static func resultsBucket(of account: AccountID) -> String { "athena-results-\(account)" }
}

/// The work groups that accounts made or changed.
struct WorkGroupsState: Sendable {
    private var groups: TreeDictionary<AccountID, TreeDictionary<String, WorkGroup>> = [:]

    init(loading db: Database) throws {
        for row in try WorkGroupRow.fetchAll(db) { self[row.account, row.name] = try row.group }
    }

    /// Setting nil takes the account's own away; a built-in one is as it was made then.
    subscript(account: AccountID, name: String) -> WorkGroup? {
        get { groups[account]?[name] ?? WorkGroup.builtIn(name, of: account) }
        set { groups[account, default: [:]][name] = newValue }
    }

    /// By name.
    func all(of account: AccountID) -> [WorkGroup] {
        let own = groups[account] ?? [:]
        let builtIn = [WorkGroup.managed, WorkGroup.primary].filter { own[$0] == nil }
            .compactMap { WorkGroup.builtIn($0, of: account) }
        return (Array(own.values) + builtIn).sorted { $0.name < $1.name }
    }
}

struct WorkGroupRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "workGroup"
    static let migration = Migration(
        "2-work-groups",
        """
        CREATE TABLE workGroup (
            account TEXT NOT NULL,
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
            description TEXT,
            isEnabled INTEGER NOT NULL CHECK (isEnabled IN (0, 1)),
            configuration TEXT NOT NULL CHECK (json_valid(configuration)),
            createdAt TEXT NOT NULL,
            PRIMARY KEY (account, name)
        ) STRICT, WITHOUT ROWID;
        """)

    var account: AccountID
    var name: String
    var description: String?
    var isEnabled: Bool
    /// `Athena.WorkGroupConfiguration` in JSON.
    var configuration: String
    var createdAt: Date

    init(_ group: WorkGroup, of account: AccountID, at time: Date) {
        self.account = account
        name = group.name
        description = group.description
        isEnabled = group.isEnabled
        configuration = group.configuration.json
        createdAt = group.createdAt ?? time
    }

    var group: WorkGroup {
        get throws {
            WorkGroup(
                name: name, description: description, isEnabled: isEnabled,
                configuration: try Athena.WorkGroupConfiguration(json: configuration),
                createdAt: createdAt)
        }
    }
}
