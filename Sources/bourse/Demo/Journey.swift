import Foundation

/// The journey, step by step. Each one is done by operations, and says what came back.
struct Journey {
    static let account = "222222222222"
    static let days = 30
    static let funds = ["F001", "F002"]
    static let hiddenFund = "F003"
    static let products = [SampleTable.esgInsights, .navHistory]
    static let contractID = "C-2024-001"

    let exchange: DemoExchange
    /// Whether the exchange is killed after each step and started again.
    let crashes: Bool
    /// From Monday, 2024-01-08.
    let sample = SampleLake(funds: 20, firstDay: Date(timeIntervalSince1970: 19_730 * 86_400))
    private let started = ContinuousClock.now

    init(exchange: DemoExchange, crashes: Bool) {
        self.exchange = exchange
        self.crashes = crashes
    }

    func run() async throws {
        try await step("exchange") { try await startExchange() }
        try await step("lake") { try await linkLake() }
        try await step("catalogue") { try await describeTables() }
        let dataSets = try await step("publish") { try await publish() }
        try await step("contract") { try await sign() }
        let letter = try await step("e-mail") { try readMail() }
        let subscriber = try await step("enrol") { try await enrol(letter) }
        let athena = try await step("query") { try await firstQuery(letter, subscriber) }
        try await step("other fund") { try await queryHiddenFund(athena) }
        try await step("write") { try await write(subscriber) }
        let queue = try await step("subscribe") { try await subscribe(subscriber) }
        let revision = try await step("new revision") { try await publishAgain(dataSets) }
        try await step("event") { try await receive(revision, from: queue, subscriber, athena) }
        try await step("trail") { try await readTrail() }
        try await step("end") { try await end(athena) }
        print("\(seconds(since: started))  the whole journey")
    }

    /// Takes one step, whose body gives what later ones need and what to print.
    @discardableResult
    private func step<Value>(
        _ name: String, _ body: () async throws -> (Value, String)
    ) async throws -> Value {
        let start = ContinuousClock.now
        let (value, text) = try await body()
        let lines = text.components(separatedBy: "\n")
        let indent = String(repeating: " ", count: 24)
        let label = name.padding(toLength: 12, withPad: " ", startingAt: 0)
        print(
            "\(seconds(since: start))  \(label)  "
                + lines.joined(separator: "\n" + indent))
        fflush(nil)
        if crashes, name != "end" { try await exchange.crash() }
        return value
    }

    func seconds(since start: ContinuousClock.Instant) -> String {
        let duration = ContinuousClock.now - start
        let milliseconds =
            duration.components.seconds * 1_000
            + duration.components.attoseconds / 1_000_000_000_000_000
        return String(format: "%6.2f s", Double(milliseconds) / 1_000)
    }

    func expect(_ isTrue: Bool, _ what: @autoclosure () -> String) throws {
        if !isTrue { throw CommandFailure("The demo expected otherwise: \(what())") }
    }
}
