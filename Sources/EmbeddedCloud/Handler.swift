import AWSAPI
import FoundationEssentials
import S3API

/// One operation and what this cloud does when it is sent.
struct Handler: Sendable {
    let operation: any AWSOperation.Type
    /// The IAM action: S3's are not all named after their operations. Nil: the handler decides by itself,
    /// item by item.
    let action: @Sendable (any AWSOperation) -> String?
    /// What the request is about, for the policies. Nil: the service as a whole.
    let resource: @Sendable (any AWSOperation, Call) -> ARN?
    /// What policies may ask about this operation in particular.
    let context: @Sendable (any AWSOperation) -> [(ConditionKey, String)]
    let respond: @Sendable (any AWSOperation, Request) async throws -> Answer

    /// The shape, and the object's bytes that follow it.
    struct Answer: Sendable {
        var shape: any AWSShape
        var body: ObjectBody?
        /// Who the caller turned out to be, by what the operation carried.
        var proven: AuditEvent.UserIdentity?
    }

    init<Operation: AWSOperation>(
        _ respond: @escaping @Sendable (Operation, Request) async throws -> Operation.Response,
        action: @escaping @Sendable (Operation) -> String? = { _ in Operation.action },
        on resource: (@Sendable (Operation, Call) -> ARN)? = nil,
        saying context: (@Sendable (Operation) -> [ConditionKey: String?])? = nil
    ) {
        self.init(
            answering: { Answer(shape: try await respond($0, $1)) }, action: action, on: resource,
            saying: context)
    }

    /// Of an operation that is answered with an object's bytes.
    init<Operation: AWSOperation>(
        streaming respond:
            @escaping @Sendable (Operation, Request) async throws -> (
                Operation.Response, ObjectBody
            ),
        action: @escaping @Sendable (Operation) -> String? = { _ in Operation.action },
        on resource: (@Sendable (Operation, Call) -> ARN)? = nil,
        saying context: (@Sendable (Operation) -> [ConditionKey: String?])? = nil
    ) {
        self.init(
            answering: { (operation: Operation, request) in
                let (shape, body) = try await respond(operation, request)
                return Answer(shape: shape, body: body)
            }, action: action, on: resource, saying: context)
    }

    /// Of an operation that nobody signs: what it carries says who sends it.
    init<Operation: AWSOperation>(
        proving respond:
            @escaping @Sendable (Operation, Request) async throws -> (
                Operation.Response, AuditEvent.UserIdentity
            )
    ) {
        self.init(
            answering: { (operation: Operation, request) in
                let (shape, identity) = try await respond(operation, request)
                return Answer(shape: shape, proven: identity)
            }, action: { _ in Operation.action }, on: nil, saying: nil)
    }

    private init<Operation: AWSOperation>(
        answering respond: @escaping @Sendable (Operation, Request) async throws -> Answer,
        action: @escaping @Sendable (Operation) -> String?,
        on resource: (@Sendable (Operation, Call) -> ARN)?,
        saying context: (@Sendable (Operation) -> [ConditionKey: String?])?
    ) {
        self.operation = Operation.self
        self.action = { operation in (operation as? Operation).flatMap(action) }
        self.resource = { operation, call in
            guard let resource, let operation = operation as? Operation else { return nil }
            return resource(operation, call)
        }
        self.context = { operation in
            guard let context, let operation = operation as? Operation else { return [] }
            return context(operation).compactMap { key, value in value.map { (key, $0) } }
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
    /// Whether nothing has ended meanwhile what the caller has.
    var isAdmitted: @Sendable () -> Bool = { false }
    /// Decides about a resource besides the operation's own: what a copy reads, each key of a list.
    var authorize: @Sendable (_ action: String, _ resource: ARN) throws(AWSError) -> Void = {
        _, _ throws(AWSError) in throw .accessDenied(.s3)
    }

    var caller: Caller { call.caller }
    var account: AccountID { call.caller.account }
    var time: Date { call.time }
}
