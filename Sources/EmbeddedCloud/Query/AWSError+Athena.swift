import AWSAPI

extension AWSError {
    static func athenaInvalidRequest(_ message: String) -> AWSError {
        AWSError("InvalidRequestException", message)
    }

    /// Of an id that nobody was given, and of another account's.
    static func queryExecutionNotFound(_ id: String) -> AWSError {
        athenaInvalidRequest("QueryExecution \(id) was not found")
    }

    static func queryNotFinished(_ state: QueryExecution.State) -> AWSError {
        athenaInvalidRequest("Query has not yet finished. Current state: \(state.rawValue)")
    }

    static func workGroupNotFound(_ name: String) -> AWSError {
        athenaInvalidRequest("WorkGroup \(name) is not found.")
    }

    static let noOutputLocation = athenaInvalidRequest(
        "No output location provided. An output location is required either through the Workgroup "
            + "result configuration setting or as an API input.")
}
