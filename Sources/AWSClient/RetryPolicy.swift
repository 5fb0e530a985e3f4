import AWSAPI
import Synchronization

/// When an operation that failed is sent again, and how long after.
///
/// Each wait is drawn from all that are up to a bound, which doubles: clients that failed together do not come
/// back together. What is sent again is paid for out of a quota, so that a service that is down is not asked
/// three times as often as one that is up.
///
/// Source: AWS SDKs and Tools Reference Guide, "Retry behavior", standard mode.
public struct RetryPolicy: Sendable {
    /// Sent in all.
    public var attemptsMax: Int
    /// The bound of the first wait.
    public var waitMax: Duration
    /// No wait is longer, not even one that the service asks for.
    public var waitCeiling: Duration

    public init(
        attemptsMax: Int, waitMax: Duration = .seconds(1), waitCeiling: Duration = .seconds(20)
    ) {
        self.attemptsMax = attemptsMax
        self.waitMax = waitMax
        self.waitCeiling = waitCeiling
    }

    public static let standard = RetryPolicy(attemptsMax: 3)
    /// For whoever waits at a terminal for an exchange that runs or does not.
    public static let none = RetryPolicy(attemptsMax: 1)

    /// - Parameter attempt: That failed, from 1.
    func wait(after attempt: Int, asked: Duration?) -> Duration {
        let bound = min(waitMax * (1 << min(attempt - 1, 16)), waitCeiling)
        let drawn = bound * Double.random(in: 0..<1)
        return min(max(drawn, asked ?? .zero), waitCeiling)
    }
}

/// Why a second attempt may fare better.
enum Failure {
    case throttled
    /// The service failed, or the way to it.
    case transient
    /// It took too long.
    case timedOut

    /// Nil: it would fail again.
    init?(_ error: AWSError) {
        if Self.throttles.contains(error.code) || error.status == 429 {
            self = .throttled
        } else if Self.timeOuts.contains(error.code) {
            self = .timedOut
        } else if [500, 502, 503, 504].contains(error.status) {
            self = .transient
        } else {
            return nil
        }
    }

    private static let throttles: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
        "TooManyRequestsException", "ProvisionedThroughputExceededException",
        "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
        "LimitExceededException", "RequestThrottled", "SlowDown", "PriorRequestNotComplete",
        "EC2ThrottledException",
    ]
    private static let timeOuts: Set<String> = ["RequestTimeout", "RequestTimeoutException"]
}

/// What a client may still spend on second attempts. Answers at the first one earn it back.
final class RetryQuota: Sendable {
    static let most = 500

    private let left = Mutex(most)

    /// - Returns: What was taken. Nil: there is too little.
    func take(for failure: Failure) -> Int? {
        let cost =
            switch failure {
            case .throttled, .transient: 5
            case .timedOut: 10
            }
        return left.withLock { left in
            guard left >= cost else { return nil }
            left -= cost
            return cost
        }
    }

    /// - Parameter cost: Of the attempt that was answered. Nil: it was the first.
    func giveBack(_ cost: Int?) {
        left.withLock { $0 = min($0 + (cost ?? 1), Self.most) }
    }
}
