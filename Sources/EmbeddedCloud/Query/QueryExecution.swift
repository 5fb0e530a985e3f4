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
    /// The result's full S3 URL.
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

    /// Whoever asked, as the grants know it.
    var caller: Caller {
        let kind: Caller.Kind =
            if let role {
                .session(role: role, name: sessionName, issuedAt: submittedAt)
            } else {
                .user(name: sessionName)
            }
        return Caller(account: account, kind: kind, accessKeyID: "")
    }

    var resultColumns: [ResultColumn] {
        get throws {
            guard let columns else { return [] }
            return try JSONDecoder().decode([ResultColumn].self, from: Data(columns.utf8))
        }
    }

    /// As Athena tells it.
    var described: Athena.QueryExecution {
        func milliseconds(from start: Date?, to end: Date?) -> Int? {
            guard let start, let end else { return nil }
            return Int((end.timeIntervalSince(start) * 1_000).rounded())
        }
        var error: Athena.AthenaError?
        if state == .failed {
            error = .init(
                errorCategory: errorCategory, errorType: 1_000, retryable: errorCategory == 1,
                errorMessage: reason)
        }
        return .init(
            queryExecutionId: id, query: query, statementType: .dml,
            managedQueryResultsConfiguration: nil,
            resultConfiguration: .init(outputLocation: outputLocation),
            queryExecutionContext: .init(database: database, catalog: "awsdatacatalog"),
            status: .init(
                state: .init(rawValue: state.rawValue), stateChangeReason: reason,
                submissionDateTime: submittedAt, completionDateTime: completedAt,
                athenaError: error),
            statistics: .init(
                engineExecutionTimeInMillis: milliseconds(from: startedAt, to: completedAt),
                dataScannedInBytes: scannedBytes,
                totalExecutionTimeInMillis: milliseconds(from: submittedAt, to: completedAt),
                queryQueueTimeInMillis: milliseconds(from: submittedAt, to: startedAt)),
            workGroup: workGroup,
            engineVersion: .init(
                selectedEngineVersion: "AUTO", effectiveEngineVersion: "Athena engine version 3"),
            substatementType: "SELECT")
    }
}
