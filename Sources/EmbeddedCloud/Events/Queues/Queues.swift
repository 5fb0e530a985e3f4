import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger
import SQSAPI

/// SQS's queues: made, found, described and removed, each by its own account alone.
///
/// Another account's queue and one that does not exist are the same to whoever asks.
struct Queues: Sendable {
    let state: StateStore
    let region: String
    /// Rings at a queue's id when a message has come.
    let arrivals: Bell<Int>

    var handlers: [Handler] {
        [
            Handler(createQueue, on: { resource($0.queueName, $1) }),
            Handler(getQueueUrl, on: { resource($0.queueName, $1) }),
            Handler(listQueues), handler(getQueueAttributes), handler(setQueueAttributes),
            handler(deleteQueue), handler(purgeQueue),
        ]
    }

    @Sendable func createQueue(
        _ operation: SQS.CreateQueue, _ request: Request
    ) async throws -> SQS.CreateQueue.Response {
        let address = QueueAddress(account: request.account, name: operation.queueName)
        guard !address.name.hasSuffix(".fifo") else { throw AWSError.fifoRefused }
        guard QueueAddress.isName(address.name) else {
            throw AWSError.invalidQueueParameter(
                "Can only include alphanumeric characters, hyphens, or underscores. "
                    + "1 to 80 in length")
        }
        guard operation.tags?.isEmpty ?? true else {
            throw AWSError.invalidQueueParameter("Tags of queues are not served here.")
        }
        let attributes = operation.attributes ?? [:]
        let region = region
        try await state.change(recording: request.event) { db, state in
            if let queue = state.queues[address] {
                return try Self.compare(queue, attributes, region: region, among: state.queues)
            }
            guard state.queues.queues(of: address.account).count < MessageLimits.queuesPerAccountMax
            else {
                throw AWSError.overLimit(
                    "An account has at most \(MessageLimits.queuesPerAccountMax) queues.")
            }
            var queue = QueueRow(
                id: state.queues.lastID + 1, address: address, createdAt: request.time)
            try queue.set(attributes, region: region, among: state.queues)
            try queue.insert(db)
            state.queues.put(queue)
        }
        return .init(queueUrl: address.url(at: request.call.origin.endpoint))
    }

    /// Making a queue again is no error where nothing that was asked for differs.
    private static func compare(
        _ queue: QueueRow, _ attributes: [String: String], region: String, among queues: QueuesState
    ) throws(AWSError) {
        var wanted = queue
        try wanted.set(attributes, region: region, among: queues)
        let (old, new) = (queue.attributes(region: region), wanted.attributes(region: region))
        guard
            let difference = attributes.keys.sorted().first(where: { name in
                let name = SQS.QueueAttributeName(rawValue: name)
                return old[name] != new[name]
            })
        else { return }
        throw .queueNameExists(differingIn: difference)
    }

    @Sendable func getQueueUrl(
        _ operation: SQS.GetQueueUrl, _ request: Request
    ) async throws -> SQS.GetQueueUrl.Response {
        let owner = operation.queueOwnerAWSAccountId ?? request.account.rawValue
        let address = QueueAddress(account: request.account, name: operation.queueName)
        guard owner == request.account.rawValue, state.current.queues[address] != nil else {
            throw AWSError.queueDoesNotExist
        }
        return .init(queueUrl: address.url(at: request.call.origin.endpoint))
    }

    @Sendable func listQueues(
        _ operation: SQS.ListQueues, _ request: Request
    ) async throws -> SQS.ListQueues.Response {
        let limit = operation.maxResults ?? 1_000
        guard (1...1_000).contains(limit) else {
            throw AWSError.invalidQueueParameter(limit, for: "MaxResults", "Must be 1 to 1000.")
        }
        // The token is the last name shown.
        let names = state.current.queues.queues(of: request.account).keys
            .filter { $0.hasPrefix(operation.queueNamePrefix ?? "") }
            .filter { $0 > operation.nextToken ?? "" }
            .sorted()
        let shown = names.prefix(limit)
        return .init(
            queueUrls: shown.isEmpty
                ? nil
                : shown.map { name in
                    QueueAddress(account: request.account, name: name)
                        .url(at: request.call.origin.endpoint)
                },
            nextToken: names.count > shown.count ? shown.last : nil)
    }

    @Sendable func getQueueAttributes(
        _ operation: SQS.GetQueueAttributes, _ request: Request
    ) async throws -> SQS.GetQueueAttributes.Response {
        let queue = try state.current.queue(at: operation.queueUrl, of: request)
        let names = operation.attributeNames ?? []
        var all = queue.attributes(region: region)
        let counted: Set<SQS.QueueAttributeName> = [
            .approximateNumberOfMessages, .approximateNumberOfMessagesNotVisible,
            .approximateNumberOfMessagesDelayed, .all,
        ]
        if !counted.isDisjoint(with: names) {
            let counts = try await state.ledger.read { db in
                try MessageRow.counts(of: queue, at: request.time, in: db)
            }
            all[.approximateNumberOfMessages] = String(counts.visible)
            all[.approximateNumberOfMessagesNotVisible] = String(counts.inFlight)
            all[.approximateNumberOfMessagesDelayed] = String(counts.delayed)
        }
        if let unknown = names.first(where: { !$0.isKnown }) {
            throw AWSError.invalidAttributeName(unknown.rawValue)
        }
        let shown = names.contains(.all) ? all : all.filter { names.contains($0.key) }
        let attributes = shown.map { ($0.key.rawValue, $0.value) }
        return .init(
            attributes: attributes.isEmpty ? nil : Dictionary(uniqueKeysWithValues: attributes))
    }

    @Sendable func setQueueAttributes(
        _ operation: SQS.SetQueueAttributes, _ request: Request
    ) async throws -> EmptyResponse {
        let region = region
        try await state.change(recording: request.event) { db, state in
            var queue = try state.queue(at: operation.queueUrl, of: request)
            try queue.set(operation.attributes, region: region, among: state.queues)
            queue.modifiedAt = request.time
            try queue.update(db)
            state.queues.put(queue)
        }
        return EmptyResponse()
    }

    @Sendable func deleteQueue(
        _ operation: SQS.DeleteQueue, _ request: Request
    ) async throws -> EmptyResponse {
        let id = try await state.change(recording: request.event) { db, state in
            let queue = try state.queue(at: operation.queueUrl, of: request)
            try queue.delete(db)
            state.queues.remove(queue)
            return queue.id
        }
        arrivals.forget(id)
        return EmptyResponse()
    }

    @Sendable func purgeQueue(
        _ operation: SQS.PurgeQueue, _ request: Request
    ) async throws -> EmptyResponse {
        try await state.change(recording: request.event) { db, state in
            var queue = try state.queue(at: operation.queueUrl, of: request)
            if let last = queue.purgedAt,
                request.time.timeIntervalSince(last) < MessageLimits.purgeInterval
            {
                throw AWSError.purgeQueueInProgress
            }
            try MessageRow.filter(Column("queue") == queue.id).deleteAll(db)
            queue.purgedAt = request.time
            try queue.update(db)
            state.queues.put(queue)
        }
        return EmptyResponse()
    }

    // MARK: Resources

    private func resource(_ name: String, _ call: Call) -> ARN {
        QueueAddress(account: call.caller.account, name: name).arn(in: region)
    }

    private func handler<Operation: AWSOperation & QueueRequest>(
        _ respond: @escaping @Sendable (Operation, Request) async throws -> Operation.Response
    ) -> Handler {
        Handler(respond, on: { operation, call in operation.resource(call, region: region) })
    }
}

/// An operation on one queue, which it names by its URL.
protocol QueueRequest: Sendable {
    var queueUrl: String { get }
}

extension QueueRequest {
    /// For the policies. A URL that names no queue stands as it is: the handler will say what it lacks.
    func resource(_ call: Call, region: String) -> ARN {
        QueueAddress(url: queueUrl)?.arn(in: region)
            ?? ARN(
                service: "sqs", region: region, account: call.caller.account.rawValue,
                resource: queueUrl)
    }
}

extension SQS.GetQueueAttributes: QueueRequest {}
extension SQS.SetQueueAttributes: QueueRequest {}
extension SQS.DeleteQueue: QueueRequest {}
extension SQS.PurgeQueue: QueueRequest {}

extension CloudState {
    /// The caller's own queue at that URL.
    func queue(at url: String, of request: Request) throws(AWSError) -> QueueRow {
        guard let address = QueueAddress(url: url) else { throw .invalidAddress(url) }
        guard address.account == request.account, let queue = queues[address] else {
            throw .queueDoesNotExist
        }
        return queue
    }
}
