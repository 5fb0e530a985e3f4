import AWSAPI
import EventBridgeAPI
import Foundation
import Ledger
import Testing

@testable import EmbeddedCloud

@Suite struct `A rule` {
    let testbed: EventsTestbed
    let room: OpenedEvents

    init() throws {
        testbed = try EventsTestbed()
        room = try testbed.open()
    }

    @Test func `is replaced whole, and keeps its targets`() async throws {
        try await room.makeRule(.queue("q", retries: 2, age: 3_600, deadLetters: "dead"))
        let arn = try await room.send(
            EventBridge.PutRule(
                name: "rule", eventPattern: #"{"source": ["x"]}"#, state: .disabled)
        ).ruleArn
        #expect(arn == "arn:aws:events:us-east-1:222222222222:rule/rule")
        try room.state.ledger.close()

        let reopened = try testbed.open()
        let rule = try await reopened.send(EventBridge.DescribeRule(name: "rule"))
        #expect(rule.eventPattern == #"{"source": ["x"]}"#)
        #expect(rule.state == .disabled)
        let targets = try await reopened.send(EventBridge.ListTargetsByRule(rule: "rule")).targets
        #expect(targets?.map(\.id) == ["q"])
        #expect(targets?.first?.retryPolicy?.maximumRetryAttempts == 2)
        #expect(
            targets?.first?.deadLetterConfig?.arn == "arn:aws:sqs:us-east-1:222222222222:dead")
    }

    @Test func `is deleted once it has no targets`() async throws {
        try await room.makeRule(.queue("q"))
        await #expect(throws: AWSError.validation("Rule can't be deleted since it has targets.")) {
            try await room.send(EventBridge.DeleteRule(name: "rule"))
        }
        try await room.send(EventBridge.RemoveTargets(rule: "rule", ids: ["q", "none"]))
        try await room.send(EventBridge.DeleteRule(name: "rule"))
        try await room.send(EventBridge.DeleteRule(name: "rule"))
        let bus = EventBus(of: EventsTestbed.account)
        await #expect(throws: AWSError.ruleDoesNotExist("rule", on: bus)) {
            try await room.send(EventBridge.DescribeRule(name: "rule"))
        }
    }

    @Test func `of another account is as good as none`() async throws {
        try await room.makeRule(.queue("q"))
        let bus = EventBus(of: EventsTestbed.stranger)
        await #expect(throws: AWSError.ruleDoesNotExist("rule", on: bus)) {
            try await room.send(
                EventBridge.DescribeRule(name: "rule"), as: EventsTestbed.stranger)
        }
        let other = EventBus(of: EventsTestbed.account).arn(in: EventsTestbed.region).description
        await #expect(throws: AWSError.eventBusDoesNotExist(other)) {
            try await room.send(
                EventBridge.DescribeRule(name: "rule", eventBusName: other),
                as: EventsTestbed.stranger)
        }
    }

    @Test(arguments: [
        ("arn:aws:sqs:us-east-1:333333333333:q", "AccessDeniedException"),
        ("arn:aws:sqs:eu-west-1:222222222222:q", "ValidationException"),
        ("arn:aws:lambda:us-east-1:222222222222:function:f", "ValidationException"),
        ("arn:aws:events:us-east-1:333333333333:event-bus/default", "ValidationException"),
        ("q", "ValidationException"),
    ])
    func `refuses a target by itself`(arn: String, code: String) async throws {
        try await room.makeRule(.queue("q"))
        let response = try await room.send(
            EventBridge.PutTargets(
                rule: "rule", targets: [.init(id: "bad", arn: arn), .queue("good")]))
        #expect(response.failedEntryCount == 1)
        #expect(response.failedEntries?.first?.targetId == "bad")
        #expect(response.failedEntries?.first?.errorCode == code)
        let targets = try await room.send(EventBridge.ListTargetsByRule(rule: "rule")).targets
        #expect(targets?.map(\.id) == ["good", "q"])
    }

    @Test func `has at most five targets`() async throws {
        try await room.makeRule(
            .queue("a"), .queue("b"), .queue("c"), .queue("d"), .queue("e"))
        await #expect(throws: AWSError.eventLimitExceeded) {
            try await room.send(EventBridge.PutTargets(rule: "rule", targets: [.queue("f")]))
        }
        try await room.send(EventBridge.PutTargets(rule: "rule", targets: [.queue("a")]))
    }

    @Test(
        arguments: [
            ("aws.s3", "x", "{}", nil, "NotAuthorizedForSourceException"),
            ("a", "x", "[]", nil, "MalformedDetail"), ("a", "x", "{", nil, "MalformedDetail"),
            (nil, "x", "{}", nil, "InvalidArgument"), ("a", nil, "{}", nil, "InvalidArgument"),
            ("a", "x", nil, nil, "InvalidArgument"), ("a", "x", "{}", "other", "InvalidArgument"),
            (
                "a", "x", "{}", "arn:aws:events:us-east-1:333333333333:event-bus/default",
                "InvalidArgument"
            ),
        ] as [(String?, String?, String?, String?, String)])
    func `is not asked about an entry that is refused`(
        source: String?, type: String?, detail: String?, bus: String?, code: String
    ) async throws {
        let response = try await room.send(
            EventBridge.PutEvents(entries: [
                .init(source: source, detailType: type, detail: detail, eventBusName: bus),
                .init(source: "good", detailType: "x", detail: "{}"),
            ]))
        #expect(response.failedEntryCount == 1)
        #expect(response.entries?.map(\.errorCode) == [code, nil])
        #expect(try await room.rows(in: "eventOutbox") == 1)
    }

    @Test func `is not asked about more than a request may hold`() async throws {
        let entry = EventBridge.PutEventsRequestEntry(
            source: "a", detailType: "x", detail: "{}")
        for count in [0, 11] {
            await #expect(throws: AWSError.self) {
                try await room.send(
                    EventBridge.PutEvents(entries: Array(repeating: entry, count: count)))
            }
        }
        let detail = #"{"x":"\#(String(repeating: "x", count: 1 << 20))"}"#
        await #expect(throws: AWSError.self) {
            try await room.send(
                EventBridge.PutEvents(entries: [
                    .init(source: "a", detailType: "x", detail: detail)
                ]))
        }
    }
}
