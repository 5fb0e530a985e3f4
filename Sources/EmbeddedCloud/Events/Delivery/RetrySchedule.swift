import FoundationEssentials

/// How often and how long a delivery is tried again: until the number or the time runs out.
struct RetrySchedule: Equatable, Sendable {
    /// Seconds before the first retry. Each further one waits twice as long, up to ``waitMax``.
    static let waitFirst: TimeInterval = 1
    static let waitMax: TimeInterval = 600

    let retriesMax: Int
    /// From then on nothing is tried again.
    let deadline: Date

    enum Verdict: Equatable {
        case retry(at: Date)
        case exhausted(Condition)
    }

    /// EventBridge's words.
    enum Condition: String {
        case retryAttempts = "MaximumRetryAttempts"
        case eventAge = "MaximumEventAgeInSeconds"
    }

    /// What comes after an attempt that failed.
    ///
    /// - Parameters:
    ///   - attempts: All so far, the first included.
    ///   - jitter: 0 to 1: where in the upper half of the wait the retry falls, so that what failed
    ///     together does not come back together.
    func verdict(afterAttempts attempts: Int, at now: Date, jitter: Double) -> Verdict {
        guard attempts <= retriesMax else { return .exhausted(.retryAttempts) }
        let doublings = min(attempts - 1, 30)
        let wait = min(Self.waitMax, Self.waitFirst * TimeInterval(1 << doublings))
        let time = now + wait * (0.5 + jitter / 2)
        // A retry that would come too late is none: the event is given up now rather than then.
        return time < deadline ? .retry(at: time) : .exhausted(.eventAge)
    }
}
