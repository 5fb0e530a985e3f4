import AWSAPI
import Foundation
import SQSAPI
import Testing

@testable import EmbeddedCloud

// Minutes: all tests run at once, on as few processors as there are.
@Suite(.timeLimit(.minutes(5))) struct `A message` {
    let testbed: EventsTestbed
    let room: OpenedEvents
    let clock: DrivenClock

    init() throws {
        testbed = try EventsTestbed()
        room = try testbed.open()
        clock = testbed.clock
    }

    @Test func `is received as it was sent, with its digests`() async throws {
        let queue = try await room.makeQueue("q")
        let attributes: [String: SQS.MessageAttributeValue] = [
            "N": .init(dataType: "Number", stringValue: "3"),
            "RULE_ARN": .init(dataType: "String", stringValue: "arn:x"),
        ]
        let sent = try await room.send(
            SQS.SendMessage(
                queueUrl: queue, messageBody: "hello", messageAttributes: attributes))
        // Known answers, of SQS itself.
        #expect(sent.md5OfMessageBody == "5d41402abc4b2a76b9719d911017c592")
        #expect(sent.md5OfMessageAttributes == "d052caa5e82f79da26e74e5d8af6eca8")

        let message = try #require(try await room.receive(from: queue).first)
        #expect(message.messageId == sent.messageId)
        #expect(message.body == "hello")
        #expect(message.md5OfBody == sent.md5OfMessageBody)
        #expect(message.md5OfMessageAttributes == sent.md5OfMessageAttributes)
        #expect(
            message.messageAttributes?.mapValues(\.stringValue) == ["N": "3", "RULE_ARN": "arn:x"])
        #expect(
            message.attributes == [
                "SenderId": "AROADATA-SUBSCRIBER:me", "SentTimestamp": "1800000000000",
                "ApproximateReceiveCount": "1",
                "ApproximateFirstReceiveTimestamp": "1800000000000",
            ])
    }

    @Test(arguments: [
        ([], []), (["All"], ["ab", "ab.c", "d"]), ([".*"], ["ab", "ab.c", "d"]), (["d"], ["d"]),
        (["ab.*"], ["ab", "ab.c"]), (["a"], []),
    ])
    func `shows the attributes that are asked for`(names: [String], shown: [String]) async throws {
        let queue = try await room.makeQueue("q")
        let value = SQS.MessageAttributeValue(dataType: "Binary.x", binaryValue: Data([1, 2]))
        try await room.send(
            SQS.SendMessage(
                queueUrl: queue, messageBody: "x",
                messageAttributes: ["ab": value, "ab.c": value, "d": value]))
        let messages = try await room.send(
            SQS.ReceiveMessage(queueUrl: queue, messageAttributeNames: names)
        ).messages
        let message = try #require(messages?.first)
        #expect((message.messageAttributes ?? [:]).keys.sorted() == shown)
        #expect((message.md5OfMessageAttributes == nil) == shown.isEmpty)
        #expect(message.attributes == nil)
    }

    @Test func `is hidden until its visibility timeout ends`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.post("x", to: queue)
        let first = try #require(try await room.receive(from: queue, hiding: 10).first)
        clock.advance(by: 9.5)
        #expect(try await room.receive(from: queue).isEmpty)
        clock.advance(by: 0.5)
        let second = try #require(try await room.receive(from: queue).first)
        #expect(second.messageId == first.messageId)
        #expect(second.receiptHandle != first.receiptHandle)
        #expect(second.attributes?["ApproximateReceiveCount"] == "2")
        #expect(second.attributes?["ApproximateFirstReceiveTimestamp"] == "1800000000000")
    }

    @Test func `is deleted by its newest receipt alone`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.post("x", to: queue)
        let old = try #require(try await room.receive(from: queue, hiding: 0).first?.receiptHandle)
        let new = try #require(try await room.receive(from: queue, hiding: 0).first?.receiptHandle)
        try await room.send(SQS.DeleteMessage(queueUrl: queue, receiptHandle: old))
        #expect(try await room.rows(in: "message") == 1)
        // Visible again, but not received again: the receipt still holds.
        try await room.send(SQS.DeleteMessage(queueUrl: queue, receiptHandle: new))
        #expect(try await room.rows(in: "message") == 0)
        try await room.send(SQS.DeleteMessage(queueUrl: queue, receiptHandle: new))
        await #expect(throws: AWSError.receiptHandleIsInvalid("x")) {
            try await room.send(SQS.DeleteMessage(queueUrl: queue, receiptHandle: "x"))
        }
    }

    @Test func `is hidden for longer, or no more`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.post("x", to: queue)
        let receipt = try #require(
            try await room.receive(from: queue, hiding: 10).first?.receiptHandle)
        func hide(_ seconds: Int) -> SQS.ChangeMessageVisibility {
            .init(queueUrl: queue, receiptHandle: receipt, visibilityTimeout: seconds)
        }
        clock.advance(by: 5)
        try await room.send(hide(10))
        clock.advance(by: 9)
        #expect(try await room.receive(from: queue).isEmpty)
        try await room.send(hide(0))
        await #expect(throws: AWSError.messageNotInflight) { try await room.send(hide(10)) }
        #expect(try await room.receive(from: queue).count == 1)
    }

    @Test func `wakes the one that waits for it`() async throws {
        let queue = try await room.makeQueue("q")
        async let waiting = room.receive(from: queue, waiting: 20)
        await clock.untilSomeoneSleeps(within: 20)
        try await room.post("x", to: queue)
        #expect(try await waiting.map(\.body) == ["x"])
    }

    @Test func `wakes the one that waits when it is visible again`() async throws {
        let queue = try await room.makeQueue("q")
        try await room.post("x", to: queue)
        _ = try await room.receive(from: queue, hiding: 5)
        async let waiting = room.receive(from: queue, waiting: 20)
        await clock.untilSomeoneSleeps(within: 5)
        clock.advance(by: 5)
        #expect(try await waiting.map(\.body) == ["x"])
    }

    @Test func `that does not come is waited for no longer than asked`() async throws {
        let queue = try await room.makeQueue("q", ["ReceiveMessageWaitTimeSeconds": "3"])
        async let waiting = room.receive(from: queue)
        await clock.untilSomeoneSleeps(within: 3)
        clock.advance(by: 3)
        #expect(try await waiting.isEmpty)
    }

    @Test func `of a queue that is deleted is waited for no longer`() async throws {
        let queue = try await room.makeQueue("q")
        let waiting = Task { try await room.receive(from: queue, waiting: 20) }
        await clock.untilSomeoneSleeps(within: 20)
        try await room.send(SQS.DeleteQueue(queueUrl: queue))
        await #expect(throws: AWSError.queueDoesNotExist) { try await waiting.value }
    }

    @Test func `is handed to one of many who wait`() async throws {
        let queue = try await room.makeQueue("q")
        let bodies = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await room.receive(from: queue, atMost: 2, waiting: 20).compactMap(\.body)
                }
            }
            // As many as all of them may take, so nobody waits in vain.
            for number in 0..<40 { try await room.post(String(number), to: queue) }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(bodies).count == bodies.count)
        #expect(bodies.count >= 20)
    }

    @Test func `goes to the dead-letter queue past its last receive`() async throws {
        let dead = try await room.makeQueue("dead")
        let policy =
            #"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:222222222222:dead","maxReceiveCount":"2"}"#
        let queue = try await room.makeQueue("q", ["RedrivePolicy": policy])
        try await room.post("x", to: queue)
        for _ in 0..<2 { #expect(try await room.receive(from: queue, hiding: 0).count == 1) }
        async let waiting = room.receive(from: dead, waiting: 20)
        await clock.untilSomeoneSleeps(within: 20)
        #expect(try await room.receive(from: queue).isEmpty)
        let message = try #require(try await waiting.first)
        #expect(message.body == "x")
        #expect(
            message.attributes?["DeadLetterQueueSourceArn"]
                == "arn:aws:sqs:us-east-1:222222222222:q")
        #expect(message.attributes?["ApproximateReceiveCount"] == "3")
    }

    @Test func `stays where its dead-letter queue is gone`() async throws {
        let dead = try await room.makeQueue("dead")
        let policy =
            #"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:222222222222:dead","maxReceiveCount":1}"#
        let queue = try await room.makeQueue("q", ["RedrivePolicy": policy])
        try await room.send(SQS.DeleteQueue(queueUrl: dead))
        try await room.post("x", to: queue)
        for _ in 0..<3 { #expect(try await room.receive(from: queue, hiding: 0).count == 1) }
    }

    @Test(
        arguments: [
            ("", nil, "InvalidParameterValue"), ("a\u{0}", nil, "InvalidMessageContents"),
            ("a\u{FFFE}", nil, "InvalidMessageContents"),
            (String(repeating: "x", count: 1_025), nil, "InvalidParameterValue"),
            ("x", .init(dataType: "String"), "InvalidParameterValue"),
            ("x", .init(dataType: "Number", stringValue: "x"), "InvalidParameterValue"),
            ("x", .init(dataType: "List", stringValue: "x"), "InvalidParameterValue"),
            (
                String(repeating: "x", count: 1_016), .init(dataType: "String", stringValue: "xx"),
                "InvalidParameterValue"
            ),
        ] as [(String, SQS.MessageAttributeValue?, String)])
    func `is refused`(
        body: String, attribute: SQS.MessageAttributeValue?, code: String
    ) async throws {
        let queue = try await room.makeQueue("q", ["MaximumMessageSize": "1024"])
        let error = await #expect(throws: AWSError.self) {
            try await room.send(
                SQS.SendMessage(
                    queueUrl: queue, messageBody: body,
                    messageAttributes: attribute.map { ["a": $0] }))
        }
        #expect(error?.code == code)
    }

    @Test func `of a batch is sent though its neighbour is refused`() async throws {
        let queue = try await room.makeQueue("q")
        let response = try await room.send(
            SQS.SendMessageBatch(
                queueUrl: queue,
                entries: [
                    .init(id: "a", messageBody: "x"), .init(id: "b", messageBody: ""),
                    .init(id: "c", messageBody: "y"),
                ]))
        #expect(response.successful.map(\.id) == ["a", "c"])
        #expect(response.failed.map(\.id) == ["b"])
        let messages = try await room.receive(from: queue, atMost: 10)
        let deleted = try await room.send(
            SQS.DeleteMessageBatch(
                queueUrl: queue,
                entries: messages.enumerated().map { place, message in
                    .init(id: "\(place)", receiptHandle: message.receiptHandle ?? "")
                }))
        #expect(deleted.successful.count == 2)
        #expect(try await room.rows(in: "message") == 0)
    }

    @Test(arguments: [
        ([], AWSError.emptyBatchRequest),
        (["a", "a"], .batchEntryIDsNotDistinct("a")),
        (["a b"], .invalidBatchEntryID),
        ((0...10).map(String.init), .tooManyEntriesInBatchRequest),
    ])
    func `batch is refused whole`(ids: [String], error: AWSError) async throws {
        let queue = try await room.makeQueue("q")
        await #expect(throws: error) {
            try await room.send(
                SQS.SendMessageBatch(
                    queueUrl: queue, entries: ids.map { .init(id: $0, messageBody: "x") }))
        }
    }
}
