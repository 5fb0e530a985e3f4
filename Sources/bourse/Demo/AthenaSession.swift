import AWSAPI
import AWSClient
import AthenaAPI

/// Queries through Athena as a subscriber sends them.
struct AthenaSession {
    struct Answer {
        /// Nil where the query was refused; then ``reason`` says why.
        var table: [[String]]?
        var reason: String?
        var bytesScanned: Int

        /// Without the line of the columns' names.
        var rows: [[String]] { Array((table ?? []).dropFirst()) }
    }

    let client: AWSClient
    let database: String
    let output: String

    func run(_ sql: String) async throws -> Answer {
        let started = try await client.send(
            Athena.StartQueryExecution(
                queryString: sql, queryExecutionContext: .init(database: database),
                resultConfiguration: .init(outputLocation: output)))
        guard let id = started.queryExecutionId else {
            throw CommandFailure("Athena started a query without an id.")
        }
        let execution = try await eventually("query \(id)") {
            let execution = try await client.send(Athena.GetQueryExecution(queryExecutionId: id))
                .queryExecution
            switch execution?.status?.state {
            case .succeeded, .failed, .cancelled: return execution
            default: return nil
            }
        }
        guard execution.status?.state == .succeeded else {
            return Answer(
                reason: execution.status?.stateChangeReason ?? "no reason", bytesScanned: 0)
        }
        let results = try await client.send(Athena.GetQueryResults(queryExecutionId: id))
        return Answer(
            table: (results.resultSet?.rows ?? []).map { row in
                (row.data ?? []).map { $0.varCharValue ?? "NULL" }
            }, bytesScanned: execution.statistics?.dataScannedInBytes ?? 0)
    }
}
