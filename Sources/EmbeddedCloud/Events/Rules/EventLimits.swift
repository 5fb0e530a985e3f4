/// The limits of rules and events, EventBridge's own.
///
/// Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas"; API Reference, PutEvents.
enum EventLimits {
    static let entriesMax = 10
    /// Of all entries of a request together, as PutEvents counts them.
    static let entryBytesMax = 1 << 20
    static let detailTypeBytesMax = 128
    static let rulesPerBusMax = 300
    static let targetsPerRuleMax = 5
    static let targetsPerCallMax = 10
    static let inputBytesMax = 8_192
    static let inputPathBytesMax = 256
    static let retryAttempts = 0...185
    static let eventAgeSeconds = 60...86_400
}
