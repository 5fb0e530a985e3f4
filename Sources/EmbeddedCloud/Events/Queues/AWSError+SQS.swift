import AWSAPI

/// Each under its name in the JSON protocol and the one that clients of the older protocol know.
///
/// Source: Amazon Simple Queue Service API Reference, "Common Errors" and the errors of each action.
extension AWSError {
    static let queueDoesNotExist = sqs(
        "QueueDoesNotExist", legacy: "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.")

    static func queueNameExists(differingIn attribute: String) -> AWSError {
        sqs(
            "QueueNameExists", legacy: "QueueAlreadyExists",
            "A queue already exists with the same name and a different value for attribute "
                + "\(attribute)")
    }

    static func invalidAddress(_ url: String) -> AWSError {
        sqs("InvalidAddress", "The address \(url) is not valid for this endpoint.")
    }

    static func invalidQueueParameter(_ message: String) -> AWSError {
        sqs("InvalidParameterValue", message)
    }

    static func invalidQueueParameter(
        _ value: some CustomStringConvertible, for parameter: String, _ reason: String
    ) -> AWSError {
        invalidQueueParameter(
            "Value \(value) for parameter \(parameter) is invalid. Reason: \(reason)")
    }

    static func invalidAttributeName(_ name: String) -> AWSError {
        sqs("InvalidAttributeName", "Unknown Attribute \(name).")
    }

    static func invalidAttributeValue(_ name: String, _ reason: String) -> AWSError {
        sqs("InvalidAttributeValue", "Invalid value for the parameter \(name). Reason: \(reason)")
    }

    static func invalidMessageContents(_ message: String) -> AWSError {
        sqs("InvalidMessageContents", message)
    }

    static func receiptHandleIsInvalid(_ handle: String) -> AWSError {
        sqs(
            "ReceiptHandleIsInvalid",
            "The input receipt handle \"\(handle.prefix(100))\" is not a valid receipt handle.")
    }

    static let messageNotInflight = sqs(
        "MessageNotInflight", legacy: "AWS.SimpleQueueService.MessageNotInflight",
        "The message is not in flight, or was received again since.")

    static func overLimit(_ message: String) -> AWSError {
        sqs("OverLimit", status: 403, message)
    }

    static let purgeQueueInProgress = sqs(
        "PurgeQueueInProgress", legacy: "AWS.SimpleQueueService.PurgeQueueInProgress", status: 403,
        "Only one PurgeQueue operation on a queue is allowed every 60 seconds.")

    static let emptyBatchRequest = sqs(
        "EmptyBatchRequest", legacy: "AWS.SimpleQueueService.EmptyBatchRequest",
        "There should be at least one entry in the request.")

    static let tooManyEntriesInBatchRequest = sqs(
        "TooManyEntriesInBatchRequest",
        legacy: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "Maximum number of entries per request are 10.")

    static func batchEntryIDsNotDistinct(_ id: String) -> AWSError {
        sqs(
            "BatchEntryIdsNotDistinct", legacy: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "Id \(id) repeated.")
    }

    static let invalidBatchEntryID = sqs(
        "InvalidBatchEntryId", legacy: "AWS.SimpleQueueService.InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            + "It can be at most 80 letters long.")

    static let batchRequestTooLong = sqs(
        "BatchRequestTooLong", legacy: "AWS.SimpleQueueService.BatchRequestTooLong",
        "Batch requests cannot be longer than \(MessageLimits.bytesMax) bytes.")

    private static func sqs(
        _ code: String, legacy: String? = nil, status: Int = 400, _ message: String
    ) -> AWSError {
        var error = AWSError(code, status: status, message)
        error.legacyQueryCode = legacy ?? code
        return error
    }
}
