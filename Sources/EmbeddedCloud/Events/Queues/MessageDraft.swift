import AWSAPI
import FoundationEssentials
import SQSAPI

/// A message that can be sent, once a queue says how large it may be.
struct MessageDraft: Sendable {
    let body: String
    let attributes: [String: MessageAttribute]
    /// Seconds. Nil: as the queue has it.
    let delay: Int?

    init(_ operation: SQS.SendMessage) throws(AWSError) {
        try Self.refuse(
            systemAttributes: operation.messageSystemAttributes,
            deduplicationID: operation.messageDeduplicationId, groupID: operation.messageGroupId)
        try self.init(
            body: operation.messageBody, attributes: operation.messageAttributes,
            delay: operation.delaySeconds)
    }

    init(_ entry: SQS.SendMessageBatchRequestEntry) throws(AWSError) {
        try Self.refuse(
            systemAttributes: entry.messageSystemAttributes,
            deduplicationID: entry.messageDeduplicationId, groupID: entry.messageGroupId)
        try self.init(
            body: entry.messageBody, attributes: entry.messageAttributes,
            delay: entry.delaySeconds)
    }

    private init(
        body: String, attributes: [String: SQS.MessageAttributeValue]?, delay: Int?
    ) throws(AWSError) {
        guard !body.isEmpty else {
            throw .invalidQueueParameter("The request must contain the parameter MessageBody.")
        }
        if let fault = MessageRow.contentFault(in: body) { throw .invalidMessageContents(fault) }
        if let delay, !MessageLimits.delaySeconds.contains(delay) {
            throw .invalidQueueParameter(
                delay, for: "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
        }
        self.body = body
        self.attributes = try [String: MessageAttribute](attributes)
        self.delay = delay
    }

    /// What would be promised and not kept: order and single delivery within a group, tracing.
    private static func refuse(
        systemAttributes: [String: SQS.MessageSystemAttributeValue]?, deduplicationID: String?,
        groupID: String?
    ) throws(AWSError) {
        guard systemAttributes?.isEmpty ?? true, deduplicationID == nil, groupID == nil else {
            throw .invalidQueueParameter(
                "The request includes a parameter that is not valid for this queue type: "
                    + "MessageSystemAttributes, MessageDeduplicationId and MessageGroupId are not "
                    + "served here.")
        }
    }

    func message(to queue: QueueRow, _ request: Request) throws(AWSError) -> MessageRow {
        let message = MessageRow(
            to: queue, body: body, attributes: attributes, from: request.caller.userID,
            at: request.time, delay: delay)
        guard message.size <= queue.maximumMessageSize else {
            throw .invalidQueueParameter(
                "One or more parameters are invalid. Reason: Message must be shorter than "
                    + "\(queue.maximumMessageSize) bytes.")
        }
        return message
    }
}

/// What the batch operations share.
enum Batch {
    static func check(_ ids: [String]) throws(AWSError) {
        guard !ids.isEmpty else { throw .emptyBatchRequest }
        guard ids.count <= MessageLimits.batchEntriesMax else {
            throw .tooManyEntriesInBatchRequest
        }
        guard ids.allSatisfy(QueueAddress.isName) else { throw .invalidBatchEntryID }
        var seen: Set<String> = []
        for id in ids where !seen.insert(id).inserted { throw .batchEntryIDsNotDistinct(id) }
    }

    static func failure(of id: String, _ error: AWSError) -> SQS.BatchResultErrorEntry {
        .init(id: id, senderFault: true, code: error.code, message: error.message)
    }
}
