import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `A retry` {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    @Test(arguments: [
        (1, 0.0, 0.5), (1, 1.0, 1.0), (2, 1.0, 2.0), (4, 0.0, 4.0), (10, 1.0, 512.0),
        (11, 1.0, 600.0), (185, 1.0, 600.0), (185, 0.0, 300.0),
    ])
    func `waits twice as long each time, up to ten minutes`(
        attempts: Int, jitter: Double, seconds: TimeInterval
    ) {
        let schedule = RetrySchedule(retriesMax: 185, deadline: Self.now + 86_400)
        #expect(
            schedule.verdict(afterAttempts: attempts, at: Self.now, jitter: jitter)
                == .retry(at: Self.now + seconds))
    }

    @Test(arguments: [
        (0, 1, 60.0, RetrySchedule.Condition.retryAttempts),
        (2, 3, 60.0, .retryAttempts),
        (2, 2, 2.0, .eventAge),
        (2, 2, -1.0, .eventAge),
        (2, 3, -1.0, .retryAttempts),
    ])
    func `is none once the number or the time has run out`(
        retriesMax: Int, attempts: Int, left: TimeInterval, condition: RetrySchedule.Condition
    ) {
        let schedule = RetrySchedule(retriesMax: retriesMax, deadline: Self.now + left)
        #expect(
            schedule.verdict(afterAttempts: attempts, at: Self.now, jitter: 1)
                == .exhausted(condition))
    }
}
