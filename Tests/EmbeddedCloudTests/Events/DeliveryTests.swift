import AWSAPI
import EventBridgeAPI
import Foundation
import GRDB
import Ledger
import SQSAPI
import Synchronization
import Testing

@testable import EmbeddedCloud

// Minutes: all tests run at once, on as few processors as there are.
@Suite(.timeLimit(.minutes(5))) struct `An event` {
    let testbed: EventsTestbed
    let room: OpenedEvents
    let clock: DrivenClock

    init() throws {
        testbed = try EventsTestbed()
        room = try testbed.open()
        clock = testbed.clock
    }

    @Test func `goes from the outbox through a rule into a queue`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.makeRule(.queue("q"))
        let posted = try await room.send(
            EventBridge.PutEvents(entries: [
                .init(
                    source: "test", resources: ["r"], detailType: "Something",
                    detail: #"{"n": 1.50}"#),
                .init(source: "other", detailType: "Something", detail: "{}"),
            ]))
        let id = try #require(posted.entries?.first?.eventId)
        try await room.delivering {
            let message = try #require(try await room.receive(from: queue, waiting: 20).first)
            #expect(
                message.body == """
                    {"version":"0","id":"\(id)","detail-type":"Something","source":"test",\
                    "account":"222222222222","time":"2027-01-15T08:00:00Z","region":"us-east-1",\
                    "resources":["r"],"detail":{"n":1.50}}
                    """)
            #expect(message.attributes?["SenderId"] == "events.amazonaws.com")
        }
        for table in ["eventOutbox", "delivery"] {
            #expect(try await room.rows(in: table) == 0)
        }
    }

    /// The room dies after each step; what was committed goes on from there.
    @Test func `arrives though the exchange dies between any two steps`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.makeRule(.queue("q"), .queue("gone", deadLetters: "q"))
        try await room.putEvent()
        try room.state.ledger.close()

        let second = try testbed.open()
        #expect(try await second.rows(in: "eventOutbox") == 1)
        let router = OutboxRouter(
            state: second.state, region: EventsTestbed.region, clock: clock.waitingClock,
            log: OpenedEvents.log)
        #expect(try await router.routeSome() == 1)
        #expect(try await second.rows(in: "eventOutbox") == 0)
        #expect(try await second.rows(in: "delivery") == 2)
        try second.state.ledger.close()

        let third = try testbed.open()
        try await third.delivering {
            for _ in 0..<2 {
                let messages = try await third.receive(from: queue, waiting: 20)
                #expect(messages.count == 1)
            }
        }
        #expect(try await third.rows(in: "delivery") == 0)
    }

    @Test func `posted by another room leaves with the change, or not at all`() async throws {
        struct Undone: Error {}
        let queue = try await room.makeQueue("q")
        try await room.makeRule(.queue("q"))
        let event = BusEvent(
            account: EventsTestbed.account, source: "test", detailType: "x", detail: [:],
            time: clock.now)
        try await room.delivering {
            await #expect(throws: Undone.self) {
                try await room.state.ledger.write { db in
                    try event.post(in: db)
                    throw Undone()
                }
            }
            async let waiting = room.receive(from: queue, waiting: 20)
            await clock.untilSomeoneSleeps(within: 20)
            try await room.state.ledger.write { db in try event.post(in: db) }
            #expect(try await waiting.count == 1)
            #expect(try await room.receive(from: queue).isEmpty)
        }
    }

    @Test(arguments: [
        (EventBridge.Target.queue("q", input: #"{"a": 1}"#), #"{"a": 1}"#),
        (.queue("q", inputPath: "$.detail.list[1]"), #"{"b":"c"}"#),
        (.queue("q", inputPath: "$['detail-type']"), #""Something""#),
        (.queue("q", inputPath: "$.detail.none"), "null"),
    ])
    func `is delivered as the target wants it`(
        target: EventBridge.Target, body: String
    ) async throws {
        let queue = try await room.makeQueue("q")
        try await room.makeRule(target)
        try await room.putEvent(#"{"list": [0, {"b": "c"}]}"#)
        try await room.delivering {
            let messages = try await room.receive(from: queue, waiting: 20)
            #expect(messages.map(\.body) == [body])
        }
    }

    @Test func `that nobody asks for is dropped, and so is one of a disabled rule`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.makeRule(.queue("q"))
        try await room.putEvent(source: "other")
        try await room.send(EventBridge.DisableRule(name: "rule"))
        try await room.putEvent()
        let router = OutboxRouter(
            state: room.state, region: EventsTestbed.region, clock: clock.waitingClock,
            log: OpenedEvents.log)
        #expect(try await router.routeSome() == 2)
        #expect(try await room.rows(in: "eventOutbox") == 0)
        #expect(try await room.rows(in: "delivery") == 0)
        #expect(try await room.receive(from: queue).isEmpty)
    }

    @Test func `for a queue that is gone goes to the dead-letter queue at once`() async throws {
        let dead = try await room.makeQueue("dead")
        try await room.makeRule(.queue("gone", deadLetters: "dead", inputPath: "$.detail"))
        try await room.putEvent(#"{"n":1}"#)
        try await room.delivering {
            let message = try #require(try await room.receive(from: dead, waiting: 20).first)
            #expect(message.body == #"{"n":1}"#)
            #expect(
                message.messageAttributes?.mapValues(\.stringValue) == [
                    "RULE_ARN": "arn:aws:events:us-east-1:222222222222:rule/rule",
                    "TARGET_ARN": "arn:aws:sqs:us-east-1:222222222222:gone",
                    "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": "The queue does not exist.",
                ])
        }
    }

    @Test func `with no dead-letter queue is dropped, and holds nothing up`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.makeRule(.queue("gone"), .queue("lost", deadLetters: "gone"), .queue("q"))
        try await room.putEvent()
        try await room.delivering {
            #expect(try await room.receive(from: queue, waiting: 20).count == 1)
            while try await room.rows(in: "delivery") > 0 {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    @Test(arguments: [
        (2, 3_600, "MaximumRetryAttempts", 3), (0, 3_600, "MaximumRetryAttempts", 1),
        // 1, 2, 4, 8, 16 and 32 seconds fit into a minute only as far as 16: a retry at 63 is none.
        (185, 60, "MaximumEventAgeInSeconds", 6),
    ])
    func `is tried again as often and as long as its target says`(
        retries: Int, age: Int, condition: String, attempts: Int
    ) async throws {
        let dead = try await room.makeQueue("dead")
        try await room.makeRule(
            .queue("failing", retries: retries, age: age, deadLetters: "dead"))
        try await room.putEvent()
        let attempted = Mutex<[Date]>([])
        let deliveries = room.deliveries { delivery in
            attempted.withLock { $0.append(clock.now) }
            throw DeliveryFailure(.internalError, "Not today.")
        }
        try await deliveries.running {
            for wait in (0..<(attempts - 1)).map({ TimeInterval(1 << $0) }) {
                await clock.untilSomeoneSleeps(within: wait)
                clock.advance(by: wait)
            }
            let message = try #require(try await room.receive(from: dead, waiting: 20).first)
            let attributes = message.messageAttributes?.mapValues(\.stringValue)
            #expect(attributes?["EXHAUSTED_RETRY_CONDITION"] == condition)
            #expect(attributes?["RETRY_ATTEMPTS"] == "\(attempts - 1)")
            #expect(attributes?["ERROR_CODE"] == "INTERNAL_ERROR")
        }
        let seconds = attempted.withLock { $0 }.map {
            Int($0.timeIntervalSince1970) - 1_800_000_000
        }
        #expect(seconds == (0..<attempts).map { (1 << $0) - 1 })
    }

    @Test func `for a slow target holds back no other`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.makeQueue("slow")
        try await room.makeRule(.queue("slow"), .queue("q"))
        let local = room.queueDelivery
        let deliveries = room.deliveries { delivery in
            if delivery.targetArn.hasSuffix(":slow") {
                try await clock.waitingClock.sleep(3_600)
            }
            try await local.attempt(delivery)
        }
        try await deliveries.running {
            for _ in 0..<3 { try await room.putEvent() }
            while try await room.rows(in: "message") < 3 {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        #expect(try await room.receive(from: queue, atMost: 10).count == 3)
        // What was under way when the exchange ended is still to be delivered.
        #expect(try await room.rows(in: "delivery") == 3)
    }

    @Test func `of a burst comes in order, each once`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.makeRule(.queue("q", inputPath: "$.detail.n"))
        try await room.delivering {
            for number in 0..<50 { try await room.putEvent(#"{"n": \#(number)}"#) }
            while try await room.rows(in: "message") < 50 {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        let bodies = try await room.state.ledger.read { db in
            try String.fetchAll(db, sql: "SELECT body FROM message ORDER BY rowid")
        }
        #expect(bodies == (0..<50).map(String.init))
        #expect(try await room.receive(from: queue, atMost: 10).count == 10)
    }
}

extension OpenedEvents {
    var queueDelivery: QueueDelivery {
        QueueDelivery(
            state: state, region: EventsTestbed.region, clock: clock.waitingClock,
            arrivals: events.arrivals)
    }

    /// Deliveries whose targets are the test's, and whose waits are the longest.
    func deliveries(
        _ attempt: @escaping @Sendable (DeliveryRow) async throws -> Void
    ) -> Deliveries {
        Deliveries(
            state: state, clock: clock.waitingClock, log: Self.log, jitter: { 1 },
            router: OutboxRouter(
                state: state, region: EventsTestbed.region, clock: clock.waitingClock,
                log: Self.log),
            attempt: attempt, deadLetters: DeadLetters(queues: queueDelivery))
    }
}

extension Deliveries {
    func running(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await run() } catch is CancellationError {}
            }
            try await body()
            group.cancelAll()
        }
    }
}
