import AWSAPI
import FoundationEssentials

/// One operation and what this cloud does when it is sent.
struct Handler: Sendable {
    let operation: any AWSOperation.Type
    /// The IAM action: S3's are not all named after their operations.
    let action: String
    /// What the request is about, for the policies. Nil: the service as a whole.
    let resource: @Sendable (any AWSOperation, Call) -> ARN?
    let respond: @Sendable (any AWSOperation, Request) async throws -> Answer

    /// The shape, and the object's bytes that follow it.
    struct Answer: Sendable {
        var shape: any AWSShape
        var body: ObjectBody?
    }

    init<Operation: AWSOperation>(
        _ respond: @escaping @Sendable (Operation, Request) async throws -> Operation.Response,
        action: String = Operation.action,
        on resource: (@Sendable (Operation, Call) -> ARN)? = nil
    ) {
        self.init(
            answering: { Answer(shape: try await respond($0, $1)) }, action: action, on: resource)
    }

    /// Of an operation that is answered with an object's bytes.
    init<Operation: AWSOperation>(
        streaming respond:
            @escaping @Sendable (Operation, Request) async throws -> (
                Operation.Response, ObjectBody
            ),
        on resource: (@Sendable (Operation, Call) -> ARN)? = nil
    ) {
        self.init(
            answering: { (operation: Operation, request) in
                let (shape, body) = try await respond(operation, request)
                return Answer(shape: shape, body: body)
            }, action: Operation.action, on: resource)
    }

    private init<Operation: AWSOperation>(
        answering respond: @escaping @Sendable (Operation, Request) async throws -> Answer,
        action: String, on resource: (@Sendable (Operation, Call) -> ARN)?
    ) {
        self.operation = Operation.self
        self.action = action
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
    /// The bytes that came with the operation, where they stream.
    var upload: ObjectUpload?

    var caller: Caller { call.caller }
    var account: AccountID { call.caller.account }
    var time: Date { call.time }
}
