import AWSAPI
import Foundation
import Ledger
import SQSAPI
import Testing

@testable import EmbeddedCloud

@Suite struct `A queue` {
    let testbed: EventsTestbed
    let room: OpenedEvents

    init() throws {
        testbed = try EventsTestbed()
        room = try testbed.open()
    }

    @Test func `is made once, and made again only as it is`() async throws {
        let url = try await room.makeQueue("q", ["VisibilityTimeout": "5"])
        #expect(url == "http://host/222222222222/q")
        #expect(try await room.makeQueue("q") == url)
        #expect(try await room.makeQueue("q", ["VisibilityTimeout": "5"]) == url)
        await #expect(throws: AWSError.queueNameExists(differingIn: "VisibilityTimeout")) {
            try await room.makeQueue("q", ["VisibilityTimeout": "6"])
        }
        await #expect(throws: AWSError.queueNameExists(differingIn: "DelaySeconds")) {
            try await room.makeQueue("q", ["VisibilityTimeout": "5", "DelaySeconds": "1"])
        }
        #expect(try await room.send(SQS.ListQueues()).queueUrls == [url])
    }

    @Test(
        arguments: [
            ("q.fifo", [:], "InvalidAttributeValue"),
            ("q", ["FifoQueue": "true"], "InvalidAttributeValue"),
            ("a b", [:], "InvalidParameterValue"),
            ("", [:], "InvalidParameterValue"),
            ("q", ["VisibilityTimeout": "43201"], "InvalidAttributeValue"),
            ("q", ["DelaySeconds": "x"], "InvalidAttributeValue"),
            ("q", ["Unheard": "x"], "InvalidAttributeName"),
            ("q", ["QueueArn": "x"], "InvalidAttributeName"),
            ("q", ["SqsManagedSseEnabled": "true"], "InvalidAttributeValue"),
            ("q", ["Policy": "{"], "InvalidAttributeValue"),
            ("q", ["Policy": #"{"Statement":[{"Effect":"Deny"}]}"#], "InvalidAttributeValue"),
            ("q", ["RedrivePolicy": "{}"], "InvalidParameterValue"),
            (
                "q",
                [
                    "RedrivePolicy":
                        #"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:222222222222:q","maxReceiveCount":1}"#
                ], "InvalidParameterValue"
            ),
        ] as [(String, [String: String], String)])
    func `is refused`(name: String, attributes: [String: String], code: String) async throws {
        let error = await #expect(throws: AWSError.self) {
            try await room.makeQueue(name, attributes)
        }
        #expect(error?.code == code)
        #expect(error?.legacyQueryCode != nil)
        #expect(try await room.send(SQS.ListQueues()).queueUrls == nil)
    }

    @Test(arguments: [
        "http://host/222222222222/q", "https://sqs.us-east-1.amazonaws.com/222222222222/q",
        "http://127.0.0.1:9400/222222222222/q",
    ])
    func `is known by its URL under any host`(url: String) async throws {
        try await room.makeQueue("q")
        let response = try await room.send(
            SQS.GetQueueAttributes(queueUrl: url, attributeNames: [.queueArn]))
        #expect(response.attributes == ["QueueArn": "arn:aws:sqs:us-east-1:222222222222:q"])
    }

    @Test func `of another account is as good as none`() async throws {
        let url = try await room.makeQueue("q")
        for other in [url, url + "x"] {
            await #expect(throws: AWSError.queueDoesNotExist) {
                try await room.send(
                    SQS.SendMessage(queueUrl: other, messageBody: "x"),
                    as: EventsTestbed.stranger)
            }
        }
        await #expect(throws: AWSError.queueDoesNotExist) {
            try await room.send(
                SQS.GetQueueUrl(queueName: "q", queueOwnerAWSAccountId: "222222222222"),
                as: EventsTestbed.stranger)
        }
        await #expect(throws: AWSError.invalidAddress("q")) {
            try await room.send(SQS.DeleteQueue(queueUrl: "q"))
        }
    }

    @Test func `keeps its attributes and messages when the exchange starts anew`() async throws {
        let url = try await room.makeQueue("q", ["VisibilityTimeout": "7"])
        try await room.post("hello", to: url)
        let attributes = try await room.send(
            SQS.GetQueueAttributes(queueUrl: url, attributeNames: [.all])
        ).attributes
        try room.state.ledger.close()

        let reopened = try testbed.open()
        let again = try await reopened.send(
            SQS.GetQueueAttributes(queueUrl: url, attributeNames: [.all])
        ).attributes
        #expect(again == attributes)
        #expect(again?["VisibilityTimeout"] == "7")
        #expect(again?["ApproximateNumberOfMessages"] == "1")
        #expect(try await reopened.receive(from: url).map(\.body) == ["hello"])
    }

    @Test func `counts what is visible, in flight and delayed`() async throws {
        let url = try await room.makeQueue("q")
        for body in ["a", "b", "c"] { try await room.post(body, to: url) }
        try await room.send(SQS.SendMessage(queueUrl: url, messageBody: "d", delaySeconds: 60))
        _ = try await room.receive(from: url, atMost: 2)
        let counts = try await room.send(
            SQS.GetQueueAttributes(
                queueUrl: url,
                attributeNames: [
                    .approximateNumberOfMessages, .approximateNumberOfMessagesDelayed,
                    .approximateNumberOfMessagesNotVisible,
                ]))
        #expect(
            counts.attributes == [
                "ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesDelayed": "1",
                "ApproximateNumberOfMessagesNotVisible": "2",
            ])
    }

    @Test func `takes its messages along when it is deleted`() async throws {
        let url = try await room.makeQueue("q")
        try await room.post("old", to: url)
        try await room.send(SQS.DeleteQueue(queueUrl: url))
        await #expect(throws: AWSError.queueDoesNotExist) {
            try await room.post("x", to: url)
        }
        #expect(try await room.makeQueue("q") == url)
        #expect(try await room.receive(from: url).isEmpty)
        #expect(try await room.rows(in: "message") == 0)
    }

    @Test func `is purged once a minute`() async throws {
        let url = try await room.makeQueue("q")
        try await room.post("x", to: url)
        try await room.send(SQS.PurgeQueue(queueUrl: url))
        #expect(try await room.rows(in: "message") == 0)
        room.clock.advance(by: 59)
        await #expect(throws: AWSError.purgeQueueInProgress) {
            try await room.send(SQS.PurgeQueue(queueUrl: url))
        }
        room.clock.advance(by: 1)
        try await room.send(SQS.PurgeQueue(queueUrl: url))
    }

    @Test func `forgets messages that are older than it keeps them`() async throws {
        let url = try await room.makeQueue("q", ["MessageRetentionPeriod": "60"])
        try await room.post("old", to: url)
        room.clock.advance(by: 59)
        try await room.post("new", to: url)
        room.clock.advance(by: 1)
        #expect(try await room.receive(from: url, atMost: 10).map(\.body) == ["new"])
        try await room.delivering {
            await room.clock.untilSomeoneSleeps(within: 60)
            room.clock.advance(by: 60)
            while try await room.rows(in: "message") > 0 {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }
}
