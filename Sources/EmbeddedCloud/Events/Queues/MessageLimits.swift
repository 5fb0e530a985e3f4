/// The limits of queues and messages, SQS's own unless they say otherwise.
///
/// Source: Amazon Simple Queue Service Developer Guide, "Amazon SQS quotas".
enum MessageLimits {
    /// Of one message, and of all messages of a batch: bytes of bodies and attributes.
    static let bytesMax = 1 << 20
    static let attributesMax = 10
    static let batchEntriesMax = 10
    /// Messages of one queue that were received and neither deleted nor visible again.
    static let inFlightMax = 120_000
    static let receivedAtOnce = 1...10
    static let waitSeconds = 0...20
    static let delaySeconds = 0...900
    static let visibilitySeconds = 0...43_200
    /// Seconds between two purges of a queue.
    static let purgeInterval = 60.0
    /// Ours: receives that wait at one queue.
    static let waitersPerQueueMax = 200
    /// Ours: SQS lists that many at once and sets no limit.
    static let queuesPerAccountMax = 1_000
}
