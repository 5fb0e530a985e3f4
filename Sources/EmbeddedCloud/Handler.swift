import AWSAPI
import FoundationEssentials

/// One operation and what this cloud does when it is sent.
struct Handler: Sendable {
    let operation: any AWSOperation.Type
    /// What the request is about, for the policies. Nil: the service as a whole.
    let resource: @Sendable (any AWSOperation, Call) -> ARN?
    let respond: @Sendable (any AWSOperation, Request) async throws -> any AWSShape

    init<Operation: AWSOperation>(
        _ respond: @escaping @Sendable (Operation, Request) async throws -> Operation.Response,
        on resource: (@Sendable (Operation, Call) -> ARN)? = nil
    ) {
        self.operation = Operation.self
        self.resource = { operation, call in
            guard let resource, let operation = operation as? Operation else { return nil }
            return resource(operation, call)
        }
        self.respond = { operation, request in
            guard let operation = operation as? Operation else {
                preconditionFailure("A handler is found by the type of its operation.")
            }
            return try await respond(operation, request)
        }
    }
}

/// What a handler is given besides the operation.
struct Request: Sendable {
    let call: Call
    /// What the trail will say if the request succeeds. A change keeps it in its own transaction.
    let event: AuditEvent

    var caller: Caller { call.caller }
    var account: AccountID { call.caller.account }
    var time: Date { call.time }
}
