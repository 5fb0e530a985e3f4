import AWSAPI
import BourseAPI
import FoundationEssentials
import GlueAPI
import HashTreeCollections
import QueryWorker

/// What a subscriber would be answered, shown to the provider.
struct Previews: Sendable {
    static let rowsMax = 1_000

    let state: StateStore
    let runner: QueryRunner
    let exchange: AccountID

    var handlers: [Handler] { [Handler(preview)] }

    @Sendable func preview(
        _ operation: Bourse.PreviewQuery, _ request: Request
    ) async throws -> Bourse.PreviewQuery.Response {
        let caller = try state.current.identity.subscriber(
            operation.accountId, session: "preview", exchange: exchange, at: request.time)
        guard (1...Queries.queryBytesMax).contains(operation.query.utf8.count) else {
            throw AWSError.validation("Query must have 1 to \(Queries.queryBytesMax) bytes.")
        }
        let seen = state.current.databases(
            of: caller.account, seenBy: caller, at: request.time)
        let shared = seen.first { $0.targetDatabase != nil }
        let answer = try await runner.preview(
            operation.query, as: caller, in: operation.database ?? shared?.name,
            rowsMax: Self.rowsMax)
        return .init(
            columns: answer.outcome.summary.columns.map(\.name),
            rows: String(decoding: answer.outcome.rows ?? [], as: UTF8.self),
            bytesScanned: answer.scannedBytes)
    }
}

extension QueryRunner {
    /// Runs a question of an account's in its turn. Nothing of it is kept.
    ///
    /// - Throws: `QueryFailedException`, in the words that the account would be told.
    func preview(
        _ sql: String, as caller: Caller, in database: String?, rowsMax: Int,
        before publishing: ExchangeID? = nil
    ) async throws -> (outcome: QueryOutcome, scannedBytes: Int) {
        let (role, sessionName) = caller.name
        let execution = QueryExecution(
            id: UUID().uuidString.lowercased(), account: caller.account,
            role: role, sessionName: sessionName, query: sql,
            database: database, outputLocation: "", workGroup: WorkGroup.primary, state: .running,
            submittedAt: clock())
        do {
            guard try AthenaStatement(reading: sql) == .question else {
                throw QueryFault.notSupported("A preview of anything but a SELECT", at: nil)
            }
            return try await queue.run(for: caller.account) {
                try await pool.holding(caller.account) {
                    var running = execution
                    let prepared = try await prepare(
                        sql, &running, recorded: false, before: publishing)
                    let outcome = try await self.run(
                        prepared, for: caller.account, output: .rows(max: rowsMax))
                    try await recheck(prepared)
                    return (outcome, prepared.plan.scannedBytes)
                }
            }
        } catch let error as CancellationError {
            throw error
        } catch QueryWorkerFault.exceeded(.resultRows) {
            throw AWSError(
                "QueryFailedException", "There are more than \(rowsMax) rows: say LIMIT.")
        } catch {
            throw AWSError(
                "QueryFailedException", "\(explain(error, of: execution).located(in: sql))")
        }
    }
}
