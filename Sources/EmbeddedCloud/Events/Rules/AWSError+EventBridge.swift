import AWSAPI

/// Source: Amazon EventBridge API Reference, the errors of each action.
extension AWSError {
    static func ruleDoesNotExist(_ name: String, on bus: EventBus) -> AWSError {
        AWSError(
            "ResourceNotFoundException", "Rule \(name) does not exist on EventBus \(bus.name).")
    }

    static func eventBusDoesNotExist(_ name: String) -> AWSError {
        AWSError("ResourceNotFoundException", "Event bus \(name) does not exist.")
    }

    static func invalidEventPattern(_ fault: EventPatternFault) -> AWSError {
        AWSError(
            "InvalidEventPatternException", "Event pattern is not valid. Reason: \(fault.reason)")
    }

    static let eventLimitExceeded = AWSError(
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.")
}
