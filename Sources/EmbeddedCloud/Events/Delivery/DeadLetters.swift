import FoundationEssentials
import GRDB

/// What becomes of an event that its target never took: it goes to the target's dead-letter queue, and
/// says there why.
///
/// Source: Amazon EventBridge User Guide, "Using dead-letter queues to process undelivered events".
struct DeadLetters: Sendable {
    let queues: QueueDelivery

    /// Ends the delivery, in the open transaction.
    ///
    /// - Parameter exhausted: Nil if it was never going to succeed.
    /// - Returns: Why the event is lost, nil if the dead-letter queue has it.
    func bury(
        _ delivery: DeliveryRow, _ failure: DeliveryFailure, exhausted: RetrySchedule.Condition?,
        in db: Database
    ) throws -> String? {
        try delivery.delete(db)
        guard let deadLetterArn = delivery.deadLetterArn else {
            return "The target has no dead-letter queue."
        }
        var attributes: [String: MessageAttribute] = [
            "RULE_ARN": MessageAttribute(delivery.ruleArn),
            "TARGET_ARN": MessageAttribute(delivery.targetArn),
            "ERROR_CODE": MessageAttribute(failure.code.rawValue),
            "ERROR_MESSAGE": MessageAttribute(failure.message),
        ]
        if let exhausted {
            attributes["EXHAUSTED_RETRY_CONDITION"] = MessageAttribute(exhausted.rawValue)
            attributes["RETRY_ATTEMPTS"] = MessageAttribute(String(delivery.attempts - 1))
        }
        do {
            try queues.put(delivery.body, attributes: attributes, into: deadLetterArn, in: db)
            return nil
        } catch let failure as DeliveryFailure {
            return "The dead-letter queue did not take it: \(failure.message)"
        }
    }
}
