import AWSAPI
import AthenaAPI
import FoundationEssentials
import GRDB
import Ledger
import QueryWorker

/// One query from its acceptance to its result: it survives the process that runs it.
struct QueryExecution: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "queryExecution"
    static let migration = Migration(
        "1-query-execution",
        """
        CREATE TABLE queryExecution (
            id TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            role TEXT,
            sessionName TEXT NOT NULL,
            query TEXT NOT NULL,
            database TEXT,
            outputLocation TEXT NOT NULL,
            workGroup TEXT NOT NULL,
            clientRequestToken TEXT,
            state TEXT NOT NULL
                CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
            reason TEXT,
            errorCategory INTEGER,
            submittedAt TEXT NOT NULL,
            startedAt TEXT,
            completedAt TEXT,
            scannedBytes INTEGER,
            columns TEXT
        ) STRICT;
        CREATE UNIQUE INDEX queryExecutionToken
            ON queryExecution(account, clientRequestToken) WHERE clientRequestToken IS NOT NULL;
        CREATE INDEX queryExecutionOpen ON queryExecution(state)
            WHERE state IN ('QUEUED', 'RUNNING');
        """)
    static let kindsMigration = Migration(
        "2-query-execution",
        """
        ALTER TABLE queryExecution ADD COLUMN statementType TEXT NOT NULL DEFAULT 'DML';
        ALTER TABLE queryExecution ADD COLUMN substatementType TEXT;
        ALTER TABLE queryExecution ADD COLUMN parameters TEXT;
        ALTER TABLE queryExecution ADD COLUMN isManaged INTEGER NOT NULL DEFAULT 0
            CHECK (isManaged IN (0, 1));
        ALTER TABLE queryExecution ADD COLUMN manifestLocation TEXT;
        ALTER TABLE queryExecution ADD COLUMN plannedAt TEXT;
        ALTER TABLE queryExecution ADD COLUMN outputRows INTEGER;
        ALTER TABLE queryExecution ADD COLUMN outputBytes INTEGER;
        ALTER TABLE queryExecution ADD COLUMN reused TEXT;
        ALTER TABLE queryExecution ADD COLUMN prepared TEXT;
        CREATE INDEX queryExecutionNewest
            ON queryExecution(account, workGroup, submittedAt DESC, id DESC);
        """)
    static let openerMigration = Migration(
        "3-query-execution",
        """
        ALTER TABLE queryExecution ADD COLUMN openedBy TEXT;
        ALTER TABLE queryExecution ADD COLUMN openedFrom TEXT;
        """)

    enum State: String, Codable, Sendable {
        case queued = "QUEUED"
        case running = "RUNNING"
        case succeeded = "SUCCEEDED"
        case failed = "FAILED"
        case cancelled = "CANCELLED"

        var isFinal: Bool { self != .queued && self != .running }
    }

    var id: String
    var account: AccountID
    /// Nil for the administrator.
    var role: String?
    var sessionName: String
    var query: String
    var database: String?
    /// The result's full S3 URL. Empty where the exchange keeps it.
    var outputLocation: String
    var workGroup: String
    var clientRequestToken: String?
    var state: State
    var reason: String?
    var errorCategory: Int?
    var submittedAt: Date
    var startedAt: Date?
    var completedAt: Date?
    var scannedBytes: Int?
    /// ``ResultColumn``s as JSON.
    var columns: String?
    /// `DML`, `DDL` or `UTILITY`.
    var statementType = "DML"
    /// `SELECT`, `CREATE_TABLE_AS_SELECT`, ...
    var substatementType: String?
    /// What stands for the statement's `?`s: SQL literals, as a JSON list.
    var parameters: String?
    /// Whether the exchange keeps the result, for ``ManagedResults/keptFor``.
    var isManaged = false
    /// Where the list of the files is that the statement wrote.
    var manifestLocation: String?
    /// When it was known what to read.
    var plannedAt: Date?
    var outputRows: Int?
    var outputBytes: Int?
    /// The query whose result this one has, because it was asked for that.
    var reused: String?

    /// The statement that EXECUTE means.
    var prepared: String?
    /// The key with which the session was opened that asked, and the account from which: with them it ends.
    var openedBy: String?
    var openedFrom: AccountID?

    /// What runs.
    var text: String { prepared ?? query }

    /// SQL literals.
    var parameterList: [String] {
        get throws {
            try parameters.map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) }
                ?? []
        }
    }

    /// Whoever asked, as the grants know it. Its session was open when the query came, so that counts as
    /// the session's beginning.
    var caller: Caller {
        let kind: Caller.Kind =
            if let role {
                .session(role: role, name: sessionName, issuedAt: submittedAt)
            } else {
                .user(name: sessionName)
            }
        return Caller(
            account: account, kind: kind, accessKeyID: "", roleID: nil, openedBy: openedBy,
            openedFrom: openedFrom, sessionPolicy: nil)
    }

    var resultColumns: [ResultColumn] {
        get throws {
            guard let columns else { return [] }
            return try JSONDecoder().decode([ResultColumn].self, from: Data(columns.utf8))
        }
    }

    enum ResultKind: Sendable { case rows, lines, files }

    /// What it leaves.
    var kindOfResult: ResultKind {
        switch substatementType {
        case nil, "SELECT": .rows
        case "CREATE_TABLE_AS_SELECT", "INSERT", "UNLOAD": .files
        default: .lines
        }
    }

    /// Whether the other one's result is as good as its own.
    func asksTheSame(as other: QueryExecution) -> Bool {
        state == .succeeded && account == other.account && role == other.role
            && query == other.query && prepared == other.prepared && database == other.database
            && parameters == other.parameters && isManaged == other.isManaged
            && workGroup == other.workGroup
    }

    /// As Athena tells it.
    var described: Athena.QueryExecution {
        var error: Athena.AthenaError?
        if state == .failed {
            error = .init(
                errorCategory: errorCategory, errorType: 1_000, retryable: errorCategory == 1,
                errorMessage: reason)
        }
        return .init(
            queryExecutionId: id, query: query, statementType: .init(rawValue: statementType),
            managedQueryResultsConfiguration: isManaged ? .init(enabled: true) : nil,
            resultConfiguration: .init(outputLocation: isManaged ? nil : outputLocation),
            queryExecutionContext: .init(database: database, catalog: "awsdatacatalog"),
            status: .init(
                state: .init(rawValue: state.rawValue), stateChangeReason: reason,
                submissionDateTime: submittedAt, completionDateTime: completedAt,
                athenaError: error),
            statistics: .init(
                engineExecutionTimeInMillis: milliseconds(from: startedAt, to: completedAt),
                dataScannedInBytes: scannedBytes, dataManifestLocation: manifestLocation,
                totalExecutionTimeInMillis: milliseconds(from: submittedAt, to: completedAt),
                queryQueueTimeInMillis: milliseconds(from: submittedAt, to: startedAt),
                servicePreProcessingTimeInMillis: 0,
                queryPlanningTimeInMillis: milliseconds(from: startedAt, to: plannedAt),
                serviceProcessingTimeInMillis: 0,
                resultReuseInformation: .init(reusedPreviousResult: reused != nil)),
            workGroup: workGroup, engineVersion: WorkGroup.engineVersion,
            executionParameters: try? parameters.map { _ in try parameterList },
            substatementType: substatementType)
    }

    /// Source: Amazon Athena API Reference, QueryRuntimeStatistics.
    var runtimeStatistics: Athena.QueryRuntimeStatistics {
        .init(
            timeline: .init(
                queryQueueTimeInMillis: milliseconds(from: submittedAt, to: startedAt),
                servicePreProcessingTimeInMillis: 0,
                queryPlanningTimeInMillis: milliseconds(from: startedAt, to: plannedAt),
                engineExecutionTimeInMillis: milliseconds(from: startedAt, to: completedAt),
                serviceProcessingTimeInMillis: 0,
                totalExecutionTimeInMillis: milliseconds(from: submittedAt, to: completedAt)),
            rows: .init(
                inputBytes: scannedBytes, outputBytes: outputBytes, outputRows: outputRows))
    }

    private func milliseconds(from start: Date?, to end: Date?) -> Int? {
        guard let start, let end else { return nil }
        return Int((end.timeIntervalSince(start) * 1_000).rounded())
    }
}
