import AWSAPI
import GRDB
import HashTreeCollections
import Ledger

/// The rules of every bus, with their patterns parsed and their targets beside them.
struct RulesState: Sendable {
    private var buses: TreeDictionary<EventBus, TreeDictionary<String, Rule>> = [:]

    init(loading db: Database) throws {
        for row in try RuleRow.fetchAll(db) {
            do throws(EventPatternFault) {
                self[row.bus, row.name] = Rule(row: row, pattern: try row.parsedPattern())
            } catch {
                throw DataDirectoryFault.damaged("the pattern of rule \(row.name) is not valid.")
            }
        }
        for row in try TargetRow.fetchAll(db) {
            self[row.eventBus, row.rule]?.targets[row.id] = row
        }
    }

    subscript(bus: EventBus, name: String) -> Rule? {
        get { buses[bus]?[name] }
        set { buses[bus, default: [:]][name] = newValue }
    }

    func rules(of bus: EventBus) -> TreeDictionary<String, Rule> { buses[bus] ?? [:] }

    static let migration = Migration(
        "1-rules",
        """
        CREATE TABLE rule (
            account TEXT NOT NULL REFERENCES account(id),
            busName TEXT NOT NULL,
            name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
            eventPattern TEXT NOT NULL,
            isEnabled INTEGER NOT NULL CHECK (isEnabled IN (0, 1)),
            description TEXT,
            roleArn TEXT,
            PRIMARY KEY (account, busName, name)
        ) STRICT;
        CREATE TABLE ruleTarget (
            account TEXT NOT NULL,
            busName TEXT NOT NULL,
            rule TEXT NOT NULL,
            id TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
            arn TEXT NOT NULL,
            roleArn TEXT,
            input TEXT,
            inputPath TEXT,
            maximumRetryAttempts INTEGER CHECK (maximumRetryAttempts BETWEEN 0 AND 185),
            maximumEventAgeInSeconds INTEGER CHECK (maximumEventAgeInSeconds BETWEEN 60 AND 86400),
            deadLetterArn TEXT,
            PRIMARY KEY (account, busName, rule, id),
            FOREIGN KEY (account, busName, rule) REFERENCES rule(account, busName, name),
            CHECK (input IS NULL OR inputPath IS NULL)
        ) STRICT;
        """)
}

struct Rule: Sendable {
    var row: RuleRow
    var pattern: EventPattern
    /// By their ids.
    var targets: TreeDictionary<String, TargetRow> = [:]
}

struct RuleRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "rule"

    let account: AccountID
    let busName: String
    let name: String
    /// As it was given.
    var eventPattern: String
    var isEnabled: Bool
    var description: String?
    /// Kept for those who ask for it: no target here needs a role.
    var roleArn: String?

    var bus: EventBus { EventBus(of: account, named: busName) }

    func parsedPattern() throws(EventPatternFault) -> EventPattern {
        try EventPattern(parsing: eventPattern)
    }
}

struct TargetRow: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "ruleTarget"

    let account: AccountID
    let busName: String
    let rule: String
    let id: String
    var arn: String
    /// Kept for those who ask for it.
    var roleArn: String?
    /// JSON text that is delivered in place of the event.
    var input: String?
    /// Which part of the event is delivered.
    var inputPath: String?
    var maximumRetryAttempts: Int?
    /// Seconds.
    var maximumEventAgeInSeconds: Int?
    var deadLetterArn: String?

    var eventBus: EventBus { EventBus(of: account, named: busName) }
}
