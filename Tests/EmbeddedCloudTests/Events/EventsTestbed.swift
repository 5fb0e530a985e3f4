import AWSAPI
import EventBridgeAPI
import Foundation
import GRDB
import Ledger
import Logging
import SQSAPI
import Testing

@testable import EmbeddedCloud

/// The room of events on a ledger of its own, under a clock that the test turns.
final class EventsTestbed: Sendable {
    static let region = "us-east-1"
    static let account = AccountID.example("222222222222")
    static let stranger = AccountID.example("333333333333")

    let clock = DrivenClock()
    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory
            .appending(path: "events-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let ledger = try openLedger()
        try ledger.writeBlocking { db in
            for account in [Self.account, Self.stranger] {
                try AccountRow(id: account, name: "Someone", createdAt: clock.now).insert(db)
            }
        }
        try ledger.close()
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: directory)
        } catch {
            Issue.record(error)
        }
    }

    private func openLedger() throws -> Ledger {
        try Ledger(
            at: directory.appending(path: "ledger.db").path(), migrations: CloudState.migrations)
    }

    /// Opens the room anew, as after a start: only what was committed is there.
    func open() throws -> OpenedEvents {
        OpenedEvents(
            state: try StateStore(ledger: openLedger(), trailEnd: { 0 }), clock: clock)
    }
}

/// The room, and requests to it.
struct OpenedEvents: Sendable {
    static let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    let state: StateStore
    let clock: DrivenClock
    let events: Events

    init(state: StateStore, clock: DrivenClock) {
        self.state = state
        self.clock = clock
        events = Events(
            state: state, region: EventsTestbed.region, clock: clock.waitingClock, log: Self.log)
    }

    @discardableResult
    func send<Operation: AWSOperation>(
        _ operation: Operation, as account: AccountID = EventsTestbed.account
    ) async throws -> Operation.Response {
        let handler = try #require(events.handlers.first { $0.operation == Operation.self })
        let caller = Caller(
            account: account,
            kind: .session(role: "data-subscriber", name: "me", issuedAt: clock.now),
            accessKeyID: "ASIAEXAMPLE")
        let origin = Call.Origin(
            requestID: UUID(), sourceAddress: "127.0.0.1", userAgent: nil, endpoint: "http://host")
        let call = Call(caller: caller, origin: origin, time: clock.now)
        let event = AuditEvent(of: operation, in: call, region: EventsTestbed.region)
        let answer = try await handler.respond(operation, Request(call: call, event: event))
        return try #require(answer.shape as? Operation.Response)
    }

    /// While `body` runs, events are delivered.
    func delivering(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [events] in
                do { try await events.run() } catch is CancellationError {}
            }
            try await body()
            group.cancelAll()
        }
    }

    // MARK: Queues

    @discardableResult
    func makeQueue(_ name: String, _ attributes: [String: String] = [:]) async throws -> String {
        try #require(
            try await send(SQS.CreateQueue(queueName: name, attributes: attributes)).queueUrl)
    }

    func post(_ body: String, to queue: String) async throws {
        try await send(SQS.SendMessage(queueUrl: queue, messageBody: body))
    }

    func receive(
        from queue: String, atMost count: Int = 1, hiding seconds: Int? = nil, waiting: Int? = nil
    ) async throws -> [SQS.Message] {
        try await send(
            SQS.ReceiveMessage(
                queueUrl: queue, messageSystemAttributeNames: [.all],
                messageAttributeNames: ["All"], maxNumberOfMessages: count,
                visibilityTimeout: seconds, waitTimeSeconds: waiting)
        ).messages ?? []
    }

    // MARK: Rules

    /// A rule for events of source `test`, and its targets.
    func makeRule(_ targets: EventBridge.Target...) async throws {
        try await send(EventBridge.PutRule(name: "rule", eventPattern: #"{"source": ["test"]}"#))
        let failed = try await send(EventBridge.PutTargets(rule: "rule", targets: targets))
        #expect(failed.failedEntryCount == 0)
    }

    func putEvent(_ detail: String = "{}", source: String = "test") async throws {
        let response = try await send(
            EventBridge.PutEvents(entries: [
                .init(source: source, detailType: "Something", detail: detail)
            ]))
        #expect(response.failedEntryCount == 0)
    }

    func rows(in table: String) async throws -> Int {
        try await state.ledger.read { db in try Table(table).fetchCount(db) }
    }
}

extension AccountID {
    static func example(_ digits: String) -> AccountID {
        guard let account = AccountID(rawValue: digits) else {
            preconditionFailure("\(digits) is no account.")
        }
        return account
    }
}

extension EventBridge.Target {
    static func queue(
        _ name: String, id: String? = nil, retries: Int? = nil, age: Int? = nil,
        deadLetters: String? = nil, input: String? = nil, inputPath: String? = nil
    ) -> EventBridge.Target {
        func arn(_ name: String) -> String {
            "arn:aws:sqs:\(EventsTestbed.region):\(EventsTestbed.account):\(name)"
        }
        return .init(
            id: id ?? name, arn: arn(name), input: input, inputPath: inputPath,
            deadLetterConfig: deadLetters.map { .init(arn: arn($0)) },
            retryPolicy: .init(maximumRetryAttempts: retries, maximumEventAgeInSeconds: age))
    }
}
