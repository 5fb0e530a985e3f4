import AWSAPI
import FoundationEssentials
import GRDB
import Ledger
import SQSAPI

/// SQS's messages: sent, received, kept hidden, deleted.
struct Messages: Sendable {
    let state: StateStore
    let region: String
    let arrivals: Bell<Int>
    let clock: WaitingClock

    var handlers: [Handler] {
        [
            handler(sendMessage), handler(sendMessageBatch), handler(receiveMessage),
            handler(deleteMessage), handler(deleteMessageBatch), handler(changeMessageVisibility),
        ]
    }

    private func handler<Operation: AWSOperation & QueueRequest>(
        _ respond: @escaping @Sendable (Operation, Request) async throws -> Operation.Response
    ) -> Handler {
        Handler(respond, on: { operation, call in operation.resource(call, region: region) })
    }

    // MARK: Sending

    @Sendable func sendMessage(
        _ operation: SQS.SendMessage, _ request: Request
    ) async throws -> SQS.SendMessage.Response {
        let draft = try MessageDraft(operation)
        let arrivals = arrivals
        let message = try await state.change(recording: request.event) { db, state in
            let queue = try state.queue(at: operation.queueUrl, of: request)
            let message = try draft.message(to: queue, request)
            try message.post(in: db, ringing: arrivals)
            return message
        }
        return .init(
            md5OfMessageBody: message.bodyMD5,
            md5OfMessageAttributes: MessageAttribute.md5(of: message.attributes),
            messageId: message.id)
    }

    /// Each entry for itself: some may be sent and others refused.
    @Sendable func sendMessageBatch(
        _ operation: SQS.SendMessageBatch, _ request: Request
    ) async throws -> SQS.SendMessageBatch.Response {
        try Batch.check(operation.entries.map(\.id))
        let arrivals = arrivals
        return try await state.change(recording: request.event) { db, state in
            let queue = try state.queue(at: operation.queueUrl, of: request)
            var response = SQS.SendMessageBatch.Response(successful: [], failed: [])
            var size = 0
            for entry in operation.entries {
                do {
                    let message = try MessageDraft(entry).message(to: queue, request)
                    size += message.size
                    guard size <= MessageLimits.bytesMax else {
                        throw AWSError.batchRequestTooLong
                    }
                    try message.post(in: db, ringing: arrivals)
                    response.successful.append(
                        .init(
                            id: entry.id, messageId: message.id, md5OfMessageBody: message.bodyMD5,
                            md5OfMessageAttributes: MessageAttribute.md5(of: message.attributes)))
                } catch let error as AWSError {
                    response.failed.append(Batch.failure(of: entry.id, error))
                }
            }
            return response
        }
    }

    // MARK: Receiving

    /// Waits up to `WaitTimeSeconds` for a message, holding nothing of the ledger meanwhile.
    ///
    /// What it hides is no change of the trail's: it comes back by itself, and the record of the receive
    /// is written before the answer leaves.
    @Sendable func receiveMessage(
        _ operation: SQS.ReceiveMessage, _ request: Request
    ) async throws -> SQS.ReceiveMessage.Response {
        let wanted = try Self.number(
            operation.maxNumberOfMessages ?? 1, in: MessageLimits.receivedAtOnce,
            of: "MaxNumberOfMessages")
        var queue = try state.current.queue(at: operation.queueUrl, of: request)
        let wait = try Self.number(
            operation.waitTimeSeconds ?? queue.receiveMessageWaitTimeSeconds,
            in: MessageLimits.waitSeconds, of: "WaitTimeSeconds")
        if let seconds = operation.visibilityTimeout {
            _ = try Self.number(
                seconds, in: MessageLimits.visibilitySeconds, of: "VisibilityTimeout")
        }
        let view = MessageView(asked: operation)
        let deadline = clock.now() + TimeInterval(wait)
        while true {
            let heard = arrivals.rings(at: queue.id)
            let (messages, next) = try await look(
                into: queue, for: wanted, hiding: operation.visibilityTimeout)
            let now = clock.now()
            if !messages.isEmpty || now >= deadline || arrivals.isClosed {
                return .init(messages: messages.isEmpty ? nil : messages.map(view.message))
            }
            guard arrivals.waiting(at: queue.id) < MessageLimits.waitersPerQueueMax else {
                throw AWSError.overLimit(
                    "At most \(MessageLimits.waitersPerQueueMax) receives wait at one queue.")
            }
            try await arrivals.wait(
                at: queue.id, after: heard, until: min(deadline, next ?? deadline), by: clock)
            // It may have been changed, or deleted, meanwhile.
            queue = try state.current.queue(at: operation.queueUrl, of: request)
        }
    }

    /// - Returns: Messages, or when there will be one if nobody sends any.
    private func look(
        into queue: QueueRow, for count: Int, hiding seconds: Int?
    ) async throws -> ([MessageRow], next: Date?) {
        let seconds = seconds ?? queue.visibilityTimeout
        while true {
            // Looking costs no write: most looks of a poll find nothing.
            let now = clock.now()
            let next = try await state.ledger.read { db in
                try MessageRow.nextVisible(in: queue, at: now, in: db)
            }
            guard let next, next <= now else { return ([], next) }
            let reception = try await state.ledger.write { [state, region, arrivals] db in
                guard try !MessageRow.isInFlightFull(queue, at: now, in: db) else {
                    throw AWSError.overLimit(
                        "\(MessageLimits.inFlightMax) messages of this queue are in flight.")
                }
                let deadLetters = queue.deadLetterAddress.flatMap { state.current.queues[$0] }
                let reception = try MessageRow.receive(
                    count, from: queue, deadLetters: deadLetters, hiding: seconds, region: region,
                    at: now, in: db)
                if let deadLetters, reception.redriven > 0 {
                    db.afterNextTransaction { _ in arrivals.ring(at: deadLetters.id) }
                }
                return reception.messages
            }
            if !reception.isEmpty { return (reception, nil) }
        }
    }

    // MARK: After receiving

    @Sendable func deleteMessage(
        _ operation: SQS.DeleteMessage, _ request: Request
    ) async throws -> EmptyResponse {
        guard let handle = ReceiptHandle(operation.receiptHandle) else {
            throw AWSError.receiptHandleIsInvalid(operation.receiptHandle)
        }
        try await state.change(recording: request.event) { db, state in
            let queue = try state.queue(at: operation.queueUrl, of: request)
            try MessageRow.delete(handle, from: queue, in: db)
        }
        return EmptyResponse()
    }

    @Sendable func deleteMessageBatch(
        _ operation: SQS.DeleteMessageBatch, _ request: Request
    ) async throws -> SQS.DeleteMessageBatch.Response {
        try Batch.check(operation.entries.map(\.id))
        return try await state.change(recording: request.event) { db, state in
            let queue = try state.queue(at: operation.queueUrl, of: request)
            var response = SQS.DeleteMessageBatch.Response(successful: [], failed: [])
            for entry in operation.entries {
                if let handle = ReceiptHandle(entry.receiptHandle) {
                    try MessageRow.delete(handle, from: queue, in: db)
                    response.successful.append(.init(id: entry.id))
                } else {
                    let error = AWSError.receiptHandleIsInvalid(entry.receiptHandle)
                    response.failed.append(Batch.failure(of: entry.id, error))
                }
            }
            return response
        }
    }

    @Sendable func changeMessageVisibility(
        _ operation: SQS.ChangeMessageVisibility, _ request: Request
    ) async throws -> EmptyResponse {
        guard let handle = ReceiptHandle(operation.receiptHandle) else {
            throw AWSError.receiptHandleIsInvalid(operation.receiptHandle)
        }
        let seconds = try Self.number(
            operation.visibilityTimeout, in: MessageLimits.visibilitySeconds,
            of: "VisibilityTimeout")
        let arrivals = arrivals
        try await state.change(recording: request.event) { db, state in
            let queue = try state.queue(at: operation.queueUrl, of: request)
            guard
                try MessageRow.hide(
                    handle, of: queue, until: request.time + TimeInterval(seconds),
                    at: request.time, in: db)
            else { throw AWSError.messageNotInflight }
            db.afterNextTransaction { _ in arrivals.ring(at: queue.id) }
        }
        return EmptyResponse()
    }

    private static func number(
        _ number: Int, in range: ClosedRange<Int>, of parameter: String
    ) throws(AWSError) -> Int {
        guard range.contains(number) else {
            throw .invalidQueueParameter(
                number, for: parameter,
                "Must be between \(range.lowerBound) and \(range.upperBound), if provided.")
        }
        return number
    }
}

extension SQS.SendMessage: QueueRequest {}
extension SQS.SendMessageBatch: QueueRequest {}
extension SQS.ReceiveMessage: QueueRequest {}
extension SQS.DeleteMessage: QueueRequest {}
extension SQS.DeleteMessageBatch: QueueRequest {}
extension SQS.ChangeMessageVisibility: QueueRequest {}

extension MessageRow {
    /// Deletes what the handle's receipt was for. A receipt that is not the newest deletes nothing, and
    /// that is no error: nor is a second deletion.
    fileprivate static func delete(
        _ handle: ReceiptHandle, from queue: QueueRow, in db: Database
    ) throws {
        try db.execute(
            sql: "DELETE FROM message WHERE id = ? AND queue = ? AND receipt = ?",
            arguments: [handle.message, queue.id, handle.receipt])
    }

    /// - Returns: False if the message is not in flight under that receipt.
    fileprivate static func hide(
        _ handle: ReceiptHandle, of queue: QueueRow, until time: Date, at now: Date,
        in db: Database
    ) throws -> Bool {
        try db.execute(
            sql: """
                UPDATE message SET visibleAt = ?
                WHERE id = ? AND queue = ? AND receipt = ? AND visibleAt > ?
                """, arguments: [time, handle.message, queue.id, handle.receipt, now])
        return db.changesCount == 1
    }
}
