import AWSAPI
import AthenaAPI
import FoundationEssentials
import GRDB
import Ledger

/// Athena: a query is accepted, runs by itself, and leaves its result in the caller's own bucket.
struct Queries: Sendable {
    /// UTF-8 bytes of a statement.
    static let queryBytesMax = 262_144
    /// Rows of one page of results, header included.
    static let pageRowsMax = 1_000

    let state: StateStore
    let runner: QueryRunner
    let objects: ObjectStore

    var handlers: [Handler] {
        [
            Handler(startQueryExecution), Handler(getQueryExecution), Handler(getQueryResults),
            Handler(stopQueryExecution), Handler(getWorkGroup),
        ]
    }

    @Sendable func startQueryExecution(
        _ operation: Athena.StartQueryExecution, _ request: Request
    ) async throws -> Athena.StartQueryExecution.Response {
        let execution = try execution(of: operation, request)
        let earlier: QueryExecution? = try await state.change(recording: request.event) { db, _ in
            if let earlier = try Self.earlier(execution, in: db) { return earlier }
            try execution.insert(db)
            return nil
        }
        if let earlier { return .init(queryExecutionId: earlier.id) }
        runner.start(execution)
        return .init(queryExecutionId: execution.id)
    }

    private func execution(
        of operation: Athena.StartQueryExecution, _ request: Request
    ) throws -> QueryExecution {
        guard !operation.queryString.isEmpty,
            operation.queryString.utf8.count <= Self.queryBytesMax
        else {
            throw AWSError.athenaInvalidRequest(
                "QueryString must have 1 to \(Self.queryBytesMax) bytes.")
        }
        guard operation.executionParameters?.isEmpty ?? true else {
            throw AWSError.athenaInvalidRequest("ExecutionParameters are not served.")
        }
        let workGroup = operation.workGroup ?? WorkGroups.primary
        guard WorkGroups.described(workGroup, of: request.account) != nil else {
            throw AWSError.workGroupNotFound(workGroup)
        }
        let context = operation.queryExecutionContext
        if let catalog = context?.catalog, !QueryCatalog.isOurs(catalog) {
            throw AWSError.athenaInvalidRequest("DataCatalog \(catalog) was not found.")
        }
        let id = UUID().uuidString.lowercased()
        let location = try outputLocation(operation, request)
        let (role, name): (String?, String) =
            switch request.caller.kind {
            case .session(let role, let name, _): (role, name)
            case .user(let name): (nil, name)
            case .anonymous: (nil, "")
            }
        // Some clients write the database's name as an identifier, in back-quotes.
        let database = context?.database.map { $0.filter { $0 != "`" } }
        return QueryExecution(
            id: id, account: request.account, role: role, sessionName: name,
            query: operation.queryString, database: database,
            outputLocation: location.appending("\(id).csv").description,
            workGroup: workGroup, clientRequestToken: operation.clientRequestToken, state: .queued,
            submittedAt: request.time)
    }

    private func outputLocation(
        _ operation: Athena.StartQueryExecution, _ request: Request
    ) throws -> S3URL {
        guard let given = operation.resultConfiguration?.outputLocation else {
            let standard = WorkGroups.defaultOutputLocation(of: request.account)
            guard let location = S3URL(standard),
                ownsBucket(location.bucket, request.account)
            else { throw AWSError.noOutputLocation }
            return location
        }
        guard let location = S3URL(given) else {
            throw AWSError.athenaInvalidRequest(
                "outputLocation is not a valid S3 path. Give s3://bucket/prefix/.")
        }
        guard ownsBucket(location.bucket, request.account) else {
            throw AWSError.athenaInvalidRequest(
                "Unable to verify/create output bucket \(location.bucket)")
        }
        return location
    }

    /// The one that a request with the same token began.
    private static func earlier(_ execution: QueryExecution, in db: Database) throws
        -> QueryExecution?
    {
        guard let token = execution.clientRequestToken,
            let earlier =
                try QueryExecution
                .filter(Column("account") == execution.account.rawValue)
                .filter(Column("clientRequestToken") == token)
                .fetchOne(db)
        else { return nil }
        guard earlier.isRepeated(by: execution) else {
            throw AWSError.athenaInvalidRequest(
                "Idempotent parameters do not match: the ClientRequestToken was used before.")
        }
        return earlier
    }

    @Sendable func getQueryExecution(
        _ operation: Athena.GetQueryExecution, _ request: Request
    ) async throws -> Athena.GetQueryExecution.Response {
        .init(queryExecution: try await own(operation.queryExecutionId, request).described)
    }

    @Sendable func stopQueryExecution(
        _ operation: Athena.StopQueryExecution, _ request: Request
    ) async throws -> Athena.StopQueryExecution.Response {
        let execution = try await own(operation.queryExecutionId, request)
        if !execution.state.isFinal { runner.cancel(execution.id) }
        return .init()
    }

    @Sendable func getWorkGroup(
        _ operation: Athena.GetWorkGroup, _ request: Request
    ) async throws -> Athena.GetWorkGroup.Response {
        guard let group = WorkGroups.described(operation.workGroup, of: request.account) else {
            throw AWSError.workGroupNotFound(operation.workGroup)
        }
        return .init(workGroup: group)
    }

    @Sendable func getQueryResults(
        _ operation: Athena.GetQueryResults, _ request: Request
    ) async throws -> Athena.GetQueryResults.Response {
        let execution = try await own(operation.queryExecutionId, request)
        switch execution.state {
        case .succeeded: break
        case .failed, .cancelled:
            throw AWSError.athenaInvalidRequest(
                "Query did not finish successfully. Final query state: \(execution.state.rawValue)")
        case .queued, .running: throw AWSError.queryNotFinished(execution.state)
        }
        let rows = operation.maxResults ?? Self.pageRowsMax
        guard (1...Self.pageRowsMax).contains(rows) else {
            throw AWSError.athenaInvalidRequest("MaxResults must be 1 to \(Self.pageRowsMax).")
        }
        guard let start = operation.nextToken.map({ Int($0) }) ?? 0, start >= 0 else {
            throw AWSError.athenaInvalidRequest("NextToken is not one of this query's.")
        }
        guard let path = try await resultFile(of: execution) else {
            throw AWSError.athenaInvalidRequest(
                "Could not find results at \(execution.outputLocation)")
        }
        guard let page = try page(of: path, from: start, rowsMax: rows) else {
            throw AWSError.athenaInvalidRequest(
                "\(execution.outputLocation) holds no result of this query's at that place.")
        }
        return .init(
            updateCount: 0,
            resultSet: .init(
                rows: page.rows.map { row in
                    .init(data: row.map { .init(varCharValue: $0) })
                },
                resultSetMetadata: .init(columnInfo: try execution.resultColumns.map(\.described))),
            nextToken: page.next.map(String.init))
    }

    /// Nil where the file is not as the query left it, or `start` is not of its pages.
    private func page(of path: String, from start: Int, rowsMax: Int) throws -> QueryResultPage? {
        do {
            return try QueryResultPage(of: path, from: start, rowsMax: rowsMax)
        } catch is QueryResultPage.Unreadable {
            return nil
        }
    }

    /// Nil where it is no longer there.
    private func resultFile(of execution: QueryExecution) async throws -> String? {
        guard let url = S3URL(execution.outputLocation),
            let bucket = objects.bucket(named: url.bucket), bucket.account == execution.account
        else { return nil }
        return try await objects.head(url.key, in: bucket)?.path
    }

    /// Whether results may be left there.
    private func ownsBucket(_ name: String, _ account: AccountID) -> Bool {
        guard let bucket = objects.bucket(named: name) else { return false }
        return bucket.account == account && !bucket.isLinked
    }

    private func own(_ id: String, _ request: Request) async throws -> QueryExecution {
        guard let execution = try await runner.execution(id),
            execution.account == request.account
        else { throw AWSError.queryExecutionNotFound(id) }
        return execution
    }
}

extension QueryExecution {
    /// Whether `other` asks for the same again.
    fileprivate func isRepeated(by other: QueryExecution) -> Bool {
        query == other.query && database == other.database && workGroup == other.workGroup
            && S3URL(outputLocation)?.bucket == S3URL(other.outputLocation)?.bucket
    }
}
