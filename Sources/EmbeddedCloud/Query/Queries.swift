import AWSAPI
import AthenaAPI
import FoundationEssentials
import GRDB
import GlueAPI
import Ledger

/// Athena: a query is accepted, runs by itself, and leaves its result in the caller's own bucket.
struct Queries: Sendable {
    /// UTF-8 bytes of a statement.
    static let queryBytesMax = 262_144
    /// Rows of one page of results, header included.
    static let pageRowsMax = 1_000

    /// Ids of one page of a list, and of one batch.
    static let listMax = 50
    static let parametersMax = 1_000
    static let parameterBytesMax = 1_024

    let state: StateStore
    let runner: QueryRunner
    let objects: ObjectStore
    let results: ManagedResults

    var handlers: [Handler] {
        [
            Handler(startQueryExecution), Handler(getQueryExecution), Handler(getQueryResults),
            Handler(stopQueryExecution), Handler(listQueryExecutions),
            Handler(batchGetQueryExecution), Handler(getQueryRuntimeStatistics),
        ]
    }

    @Sendable func startQueryExecution(
        _ operation: Athena.StartQueryExecution, _ request: Request
    ) async throws -> Athena.StartQueryExecution.Response {
        var accepted = try await execution(of: operation, request)
        if runner.queue.hasTurn(for: request.account) {
            // So this is not written a second time, while it reads.
            accepted.state = .running
            accepted.startedAt = request.time
        }
        let execution = accepted
        let reuse = operation.resultReuseConfiguration?.resultReuseByAgeConfiguration
        let earlier: QueryExecution? = try await state.change(recording: request.event) { db, _ in
            if let earlier = try Self.earlier(execution, in: db) { return earlier }
            try execution.insert(db)
            return nil
        }
        if let earlier { return .init(queryExecutionId: earlier.id) }
        runner.start(
            execution,
            reusingNoOlderThan: reuse?.enabled == true
                ? request.time - TimeInterval((reuse?.maxAgeInMinutes ?? 60) * 60) : nil)
        return .init(queryExecutionId: execution.id)
    }

    private func execution(
        of operation: Athena.StartQueryExecution, _ request: Request
    ) async throws -> QueryExecution {
        guard !operation.queryString.isEmpty,
            operation.queryString.utf8.count <= Self.queryBytesMax
        else {
            throw AWSError.athenaInvalidRequest(
                "QueryString must have 1 to \(Self.queryBytesMax) bytes.")
        }
        let parameters = operation.executionParameters ?? []
        guard parameters.count <= Self.parametersMax,
            parameters.allSatisfy({ (1...Self.parameterBytesMax).contains($0.utf8.count) })
        else {
            throw AWSError.athenaInvalidRequest(
                "There may be \(Self.parametersMax) ExecutionParameters, of 1 to "
                    + "\(Self.parameterBytesMax) bytes.")
        }
        let name = operation.workGroup ?? WorkGroup.primary
        guard let workGroup = state.current.workGroups[request.account, name] else {
            throw AWSError.workGroupNotFound(name)
        }
        guard workGroup.isEnabled else {
            throw AWSError.athenaInvalidRequest("WorkGroup \(name) is disabled.")
        }
        let context = operation.queryExecutionContext
        if let catalog = context?.catalog, !QueryCatalog.isOurs(catalog) {
            throw AWSError.athenaInvalidRequest("DataCatalog \(catalog) was not found.")
        }
        let id = UUID().uuidString.lowercased()
        guard
            !workGroup.managesResults || operation.resultConfiguration?.outputLocation == nil
        else {
            throw AWSError.athenaInvalidRequest(
                "WorkGroup \(name) keeps its results: leave OutputLocation out.")
        }
        let location =
            workGroup.managesResults ? nil : try outputLocation(operation, workGroup, request)
        let (role, sessionName) = request.caller.name
        // Some clients write the database's name as an identifier, in back-quotes.
        let database = context?.database.map { $0.filter { $0 != "`" } }
        // What cannot be read fails when it runs, and says where.
        var statement = (try? AthenaStatement(reading: operation.queryString)) ?? .question
        var (prepared, given): (String?, [String]) = (nil, parameters)
        if case .execute(let statementName, let using) = statement {
            let row = try await state.ledger.read { db in
                try PreparedStatementRow.find(statementName, in: name, of: request.account, db)
            }
            guard let row else { throw AWSError.preparedStatementNotFound(statementName) }
            (prepared, given) = (row.statement, using.isEmpty ? parameters : using)
            statement = (try? AthenaStatement(reading: row.statement)) ?? .question
        }
        try check(statement, request)
        return QueryExecution(
            id: id, account: request.account, role: role, sessionName: sessionName,
            query: operation.queryString, database: database,
            outputLocation: location?.appending(statement.resultName(id)).description ?? "",
            workGroup: name, clientRequestToken: operation.clientRequestToken, state: .queued,
            submittedAt: request.time, statementType: statement.kind.type,
            substatementType: statement.kind.substatement,
            parameters: given.isEmpty
                ? nil : JSONValue.array(given.map(JSONValue.string)).text,
            isManaged: location == nil, prepared: prepared, openedBy: request.caller.openedBy,
            openedFrom: request.caller.openedFrom)
    }

    /// Whether whoever asks may write where the statement says, as its session stands now: what it changes in
    /// the catalogue is asked of Glue when it runs.
    private func check(_ statement: AthenaStatement, _ request: Request) throws(AWSError) {
        let location: String?
        switch statement {
        case .createTableAs(_, _, let properties, _):
            if case .text(let place)? = properties["external_location"] {
                location = place
            } else {
                location = nil
            }
            try request.authorize("glue:CreateTable", .root(of: request.account))
        case .unload(_, let place, _): location = place
        case .insert(let name, _, _):
            let database = DatabaseID(catalog: request.account, name: name.database ?? "")
            location =
                state.current.catalogue[database.table(name.name)]?.storageDescriptor?
                .location
        case .createView, .createExternalTable:
            return try request.authorize("glue:CreateTable", .root(of: request.account))
        case .dropTable:
            return try request.authorize("glue:DeleteTable", .root(of: request.account))
        case .createDatabase:
            return try request.authorize("glue:CreateDatabase", .root(of: request.account))
        case .dropDatabase:
            return try request.authorize("glue:DeleteDatabase", .root(of: request.account))
        default: return
        }
        guard let url = location.flatMap(S3URL.init)?.folder else { return }
        try request.authorize("s3:PutObject", .s3(bucket: url.bucket, key: url.key + "*"))
    }

    private func outputLocation(
        _ operation: Athena.StartQueryExecution, _ workGroup: WorkGroup, _ request: Request
    ) throws -> S3URL {
        let asked = operation.resultConfiguration?.outputLocation
        guard let given = workGroup.isEnforced ? workGroup.outputLocation : asked else {
            guard let location = workGroup.outputLocation.flatMap(S3URL.init),
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

    @Sendable func getQueryRuntimeStatistics(
        _ operation: Athena.GetQueryRuntimeStatistics, _ request: Request
    ) async throws -> Athena.GetQueryRuntimeStatistics.Response {
        .init(
            queryRuntimeStatistics: try await own(operation.queryExecutionId, request)
                .runtimeStatistics)
    }

    /// The newest first.
    @Sendable func listQueryExecutions(
        _ operation: Athena.ListQueryExecutions, _ request: Request
    ) async throws -> Athena.ListQueryExecutions.Response {
        let group = operation.workGroup ?? WorkGroup.primary
        guard state.current.workGroups[request.account, group] != nil else {
            throw AWSError.workGroupNotFound(group)
        }
        let limit = try AthenaPage.limit(operation.maxResults, max: Self.listMax)
        // The token is the last id: what comes after it is older, or as old and lower.
        let last = operation.nextToken.flatMap(PageToken.key)
        guard operation.nextToken == nil || last != nil else {
            throw AWSError.athenaInvalidRequest("NextToken is not one that was given out.")
        }
        let found = try await state.ledger.read { db in
            var listed = QueryExecution.filter(
                Column("account") == request.account.rawValue && Column("workGroup") == group)
            if let last = try last.flatMap({ try QueryExecution.fetchOne(db, key: $0) }) {
                listed = listed.filter(
                    Column("submittedAt") < last.submittedAt
                        || Column("submittedAt") == last.submittedAt && Column("id") < last.id)
            }
            return try listed.order(Column("submittedAt").desc, Column("id").desc)
                .limit(limit + 1).select(Column("id"), as: String.self).fetchAll(db)
        }
        let page = Array(found.prefix(limit))
        return .init(
            queryExecutionIds: page,
            nextToken: found.count > limit ? page.last.map(PageToken.text) : nil)
    }

    @Sendable func batchGetQueryExecution(
        _ operation: Athena.BatchGetQueryExecution, _ request: Request
    ) async throws -> Athena.BatchGetQueryExecution.Response {
        guard (1...Self.listMax).contains(operation.queryExecutionIds.count) else {
            throw AWSError.athenaInvalidRequest(
                "There must be 1 to \(Self.listMax) QueryExecutionIds.")
        }
        var found: [Athena.QueryExecution] = []
        var unknown: [Athena.UnprocessedQueryExecutionId] = []
        for id in operation.queryExecutionIds {
            if let execution = try await runner.execution(id),
                execution.account == request.account
            {
                found.append(execution.described)
            } else {
                let error = AWSError.queryExecutionNotFound(id)
                unknown.append(
                    .init(queryExecutionId: id, errorCode: error.code, errorMessage: error.message))
            }
        }
        return .init(queryExecutions: found, unprocessedQueryExecutionIds: unknown)
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
                execution.isManaged
                    ? "The results of \(execution.id) have expired."
                    : "Could not find results at \(execution.outputLocation)")
        }
        guard execution.kindOfResult != .files else {
            return .init(
                updateCount: execution.outputRows ?? 0,
                resultSet: .init(
                    rows: [],
                    resultSetMetadata: .init(
                        columnInfo: try execution.resultColumns.map(\.described))))
        }
        guard let page = try page(of: path, as: execution.kindOfResult, from: start, rowsMax: rows)
        else {
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
    private func page(
        of path: String, as kind: QueryExecution.ResultKind, from start: Int, rowsMax: Int
    ) throws -> QueryResultPage? {
        do {
            return kind == .lines
                ? try QueryResultPage(ofLinesIn: path, from: start, rowsMax: rowsMax)
                : try QueryResultPage(of: path, from: start, rowsMax: rowsMax)
        } catch is QueryResultPage.Unreadable {
            return nil
        }
    }

    /// Nil where it is no longer there.
    private func resultFile(of execution: QueryExecution) async throws -> String? {
        if execution.isManaged { return results.path(of: execution) }
        guard let url = S3URL(execution.manifestLocation ?? execution.outputLocation),
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
            && parameters == other.parameters
            && S3URL(outputLocation)?.bucket == S3URL(other.outputLocation)?.bucket
    }
}
