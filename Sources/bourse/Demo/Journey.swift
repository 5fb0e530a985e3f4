import AWSAPI
import AWSClient
import BourseAPI
import EmbeddedCloud
import EventBridgeAPI
import Foundation
import GlueAPI
import LakeFormationAPI
import S3API
import SQSAPI

/// The journey, step by step. Each one is done by operations, and says what came back.
struct Journey {
    static let account = "222222222222"
    private static let days = 30
    private static let funds = ["F001", "F002"]
    private static let hiddenFund = "F003"
    private static let products = [SampleTable.esgInsights, .navHistory]
    private static let contractID = "C-2024-001"

    let exchange: DemoExchange
    /// Whether the exchange is killed after each step and started again.
    let crashes: Bool
    private let sample = SampleLake()
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

    /// - Parameter body: Gives what later steps need, and what to print.
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

    private func seconds(since start: ContinuousClock.Instant) -> String {
        let duration = ContinuousClock.now - start
        let milliseconds =
            duration.components.seconds * 1_000
            + duration.components.attoseconds / 1_000_000_000_000_000
        return String(format: "%6.2f s", Double(milliseconds) / 1_000)
    }

    private func expect(_ isTrue: Bool, _ what: @autoclosure () -> String) throws {
        if !isTrue { throw CommandFailure("The demo expected otherwise: \(what())") }
    }
}

// MARK: - The provider

extension Journey {
    private func startExchange() async throws -> (Void, String) {
        try await exchange.run(["init", "--data", exchange.data.url.path()])
        let server = try await exchange.start()
        return ((), "account \(server.account) answers at \(server.endpoint)")
    }

    private func linkLake() async throws -> (Void, String) {
        let written = try sample.write(days: 0..<Self.days, to: exchange.lake)
        let linked = try await exchange.administrator.send(
            Bourse.LinkBucket(bucket: Publication.bucket, path: exchange.lake.path()))
        let rows = written.map(\.rows).reduce(0, +)
        return (
            (),
            "\(rows) rows in \(linked.objects) Parquet files are s3://\(linked.bucket), in place"
        )
    }

    private func describeTables() async throws -> (Void, String) {
        let client = try exchange.administrator
        _ = try await client.send(
            LakeFormation.PutDataLakeSettings(
                dataLakeSettings: .init(
                    createDatabaseDefaultPermissions: [], createTableDefaultPermissions: [])))
        _ = try await client.send(
            LakeFormation.RegisterResource(
                resourceArn: ARN.s3(bucket: Publication.bucket).description,
                useServiceLinkedRole: true))
        _ = try await client.send(
            Glue.CreateDatabase(databaseInput: .init(name: Publication.database)))
        for table in SampleTable.all { try await Publication(client: client).createTable(table) }
        return ((), "\(SampleTable.all.count) tables in \(Publication.database), location registered")
    }

    /// The data sets' ids, by product.
    private func publish() async throws -> ([String: String], String) {
        let publication = Publication(client: try exchange.administrator)
        var dataSets: [String: String] = [:]
        var lines: [String] = []
        for table in Self.products {
            let dataSet = try await publication.createDataSet(table)
            let revision = try await publication.publish(
                table, as: dataSet, comment: "as of \(SampleLake.date(ofDay: Self.days - 1))")
            dataSets[table.product] = dataSet
            lines.append("\(table.product): revision \(revision) finalized")
        }
        return (dataSets, lines.joined(separator: "\n"))
    }

    private func sign() async throws -> (Void, String) {
        let record = Bourse.ContractRecord(
            id: Self.contractID, clientName: "Meridian Pension Fund", awsAccountId: Self.account,
            products: Self.products.map(\.product).joined(separator: ";"),
            clientEmail: "data@meridian.example", startDate: "2024-01-01", endDate: "2099-12-31",
            funds: Self.funds, ownerName: "Client Services", ownerEmail: "clients@nomura.example")
        var writer = ShapeWriter(.json)
        writer.document(record)
        try Data(writer.bytes).write(to: exchange.contract)
        let output = try await exchange.run(
            ["contract", "sign", exchange.contract.path(), "--data", exchange.data.url.path()])
        let lines = output.components(separatedBy: "\n").filter { $0.contains(" ms  ") }
        try expect(!lines.isEmpty, "signing prints its steps.")
        return ((), (["\(record.id) over \(record.products), funds \(Self.funds.joined(separator: ", "))"]
            + lines).joined(separator: "\n"))
    }

    private func publishAgain(_ dataSets: [String: String]) async throws -> (String, String) {
        let table = SampleTable.navHistory
        guard let dataSet = dataSets[table.product] else {
            throw CommandFailure("There is no data set of \(table.product).")
        }
        _ = try sample.write(days: Self.days..<Self.days + 1, to: exchange.lake)
        let day = SampleLake.date(ofDay: Self.days)
        let revision = try await Publication(client: try exchange.administrator).publish(
            table, as: dataSet, comment: "as of \(day)")
        return (revision, "\(table.product) as of \(day): revision \(revision) finalized")
    }

    /// What the subscriber did, as the trail has it: when, what, how it ended, in which session.
    private func trailLines() throws -> [TrailLine] {
        var lines: [TrailLine] = []
        try Trail.records(in: exchange.data.trail) { record in
            let json = try JSONValue(parsing: record.line)
            guard json["recipientAccountId"]?.string == Self.account,
                let session = json["userIdentity"]?["arn"]?.string,
                session.contains("/data-subscriber/")
            else { return }
            lines.append(
                TrailLine(
                    time: json["eventTime"]?.string ?? "", event: json["eventName"]?.string ?? "",
                    outcome: json["errorCode"]?.string ?? "ok", session: session))
        }
        return lines
    }

    private struct TrailLine {
        var time: String
        var event: String
        var outcome: String
        var session: String
    }

    private func readTrail() async throws -> (Void, String) {
        let lines = try trailLines()
        try expect(lines.contains { $0.event == "GetDataAccess" }, "the trail has the queries' reads.")
        try expect(
            lines.contains { $0.event == "PutObject" && $0.outcome == "AccessDenied" },
            "the trail has the refused write.")
        // Looking whether a query is done is recorded as well, and there is nothing in it to see.
        let looks = lines.count { $0.event == "GetQueryExecution" }
        var runs: [(line: TrailLine, count: Int)] = []
        for line in lines where line.event != "GetQueryExecution" {
            if let last = runs.last, last.line.event == line.event, last.line.outcome == line.outcome {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((line, 1))
            }
        }
        let table = runs.map { run in
            [
                run.line.time, run.line.event, run.line.outcome,
                run.count > 1 ? "\(run.count) times" : "",
            ]
        }
        let sessions = Set(lines.map(\.session)).sorted().joined(separator: ", ")
        let verdict = try await exchange.run(["trail", "verify", "--data", exchange.data.url.path()])
        return (
            (),
            "\(lines.count) records of \(sessions), \(looks) of them GetQueryExecution\n"
                + "\(aligned(table))\n"
                + verdict.trimmingCharacters(in: .newlines)
        )
    }

    private func end(_ athena: AthenaSession) async throws -> (Void, String) {
        let output = try await exchange.run([
            "contract", "end", exchange.contract.path(), "--data", exchange.data.url.path(),
        ])
        let answer = try await athena.run("SELECT count(*) FROM nav_history")
        guard let reason = answer.reason else {
            throw CommandFailure("The contract has ended, and its query was answered.")
        }
        let ended = output.components(separatedBy: "\n").last { !$0.isEmpty } ?? ""
        return ((), "\(ended)\nthe same query: \(reason)")
    }
}

// MARK: - The subscriber

extension Journey {
    private func readMail() throws -> (WelcomeLetter, String) {
        let file = exchange.data.mail.appending(path: "\(Self.contractID).eml")
        let letter = try WelcomeLetter(reading: file)
        return (letter, "\(file.path()): \(letter.queries.count) queries, one command to enrol")
    }

    private func enrol(_ letter: WelcomeLetter) async throws -> (AWSClient, String) {
        let output = try await exchange.run(letter.enrolment, asSubscriber: true)
        guard let profile = letter.enrolment.value(of: "--profile") else {
            throw CommandFailure("The e-mail's command names no profile.")
        }
        let client = try await exchange.subscriber(profile: profile)
        return (client, output.components(separatedBy: "\n").first ?? "")
    }

    private func firstQuery(
        _ letter: WelcomeLetter, _ client: AWSClient
    ) async throws -> (AthenaSession, String) {
        var session: AthenaSession?
        var lines: [String] = []
        for words in letter.queries {
            guard let sql = words.value(of: "--query-string"),
                let context = words.value(of: "--query-execution-context"),
                let output = words.value(of: "--result-configuration"),
                context.hasPrefix("Database="), output.hasPrefix("OutputLocation=")
            else { throw CommandFailure("The e-mail's query is not complete: \(words)") }
            let athena = AthenaSession(
                client: client, database: String(context.dropFirst("Database=".count)),
                output: String(output.dropFirst("OutputLocation=".count)))
            let start = ContinuousClock.now
            let answer = try await athena.run(sql)
            guard let table = answer.table else {
                throw CommandFailure("\(sql): \(answer.reason ?? "")")
            }
            let funds = Set(answer.rows.compactMap(\.first))
            try expect(funds == Set(Self.funds), "the rows are those of \(Self.funds), not of \(funds).")
            lines.append(sql)
            lines.append(aligned(Array(table.prefix(5))))
            let took = seconds(since: start).trimmingCharacters(in: .whitespaces)
            lines.append(
                "  \(answer.rows.count) rows in \(took), \(answer.bytesScanned) bytes scanned in place")
            session = athena
        }
        guard let session else { throw CommandFailure("The e-mail has no query.") }
        return (session, lines.joined(separator: "\n"))
    }

    private func queryHiddenFund(_ athena: AthenaSession) async throws -> (Void, String) {
        let sql = "SELECT * FROM nav_history WHERE fund_id = '\(Self.hiddenFund)'"
        let answer = try await athena.run(sql)
        guard answer.table != nil else { throw CommandFailure("\(sql): \(answer.reason ?? "")") }
        try expect(answer.rows.isEmpty, "fund \(Self.hiddenFund) is not in the contract.")
        return ((), "\(sql)\n\(answer.rows.count) rows")
    }

    private func write(_ client: AWSClient) async throws -> (Void, String) {
        let key = SampleTable.navHistory.prefix + "as_of=2024-01-08/nav_history.parquet"
        var refusal: AWSError?
        do {
            _ = try await client.send(S3.PutObject(bucket: Publication.bucket, key: key))
        } catch {
            refusal = error
        }
        guard let refusal, refusal.status == 403 else {
            throw CommandFailure(
                "A subscriber's PutObject into the provider's lake was not refused, but answered with "
                    + "\(refusal?.code ?? "success").")
        }
        return ((), "PutObject into s3://\(Publication.bucket): \(refusal.code)")
    }

    /// A queue of the subscriber's, and a rule that fills it with what is published to it.
    private func subscribe(_ client: AWSClient) async throws -> (String, String) {
        let queue = try await client.send(SQS.CreateQueue(queueName: "nomura-updates"))
        guard let url = queue.queueUrl else { throw CommandFailure("The queue has no URL.") }
        let attributes = try await client.send(
            SQS.GetQueueAttributes(queueUrl: url, attributeNames: [.queueArn]))
        guard let arn = attributes.attributes?["QueueArn"] else {
            throw CommandFailure("The queue has no ARN.")
        }
        let rule = try await client.send(
            EventBridge.PutRule(
                name: "nomura-updates",
                eventPattern:
                    #"{"source": ["aws.dataexchange"], "detail-type": [{"prefix": "Revision Published"}]}"#))
        let targets = try await client.send(
            EventBridge.PutTargets(
                rule: "nomura-updates", targets: [.init(id: "queue", arn: arn)]))
        try expect(targets.failedEntryCount ?? 0 == 0, "the queue is the rule's target.")
        return (url, "\(rule.ruleArn ?? "") → \(arn)")
    }

    private func receive(
        _ revision: String, from queue: String, _ client: AWSClient, _ athena: AthenaSession
    ) async throws -> (Void, String) {
        let event = try await eventually("the event of revision \(revision)") { () -> JSONValue? in
            let received = try await client.send(
                SQS.ReceiveMessage(queueUrl: queue, waitTimeSeconds: 10))
            guard let message = received.messages?.first, let body = message.body else { return nil }
            _ = try await client.send(
                SQS.DeleteMessage(queueUrl: queue, receiptHandle: message.receiptHandle ?? ""))
            let event = try JSONValue(parsing: body)
            let isOurs = event["detail"]?["RevisionIds"]?.array?.contains(.string(revision)) ?? false
            return isOurs ? event : nil
        }
        let day = SampleLake.date(ofDay: Self.days)
        let answer = try await athena.run("SELECT max(nav_date) FROM nav_history")
        try expect(
            answer.rows.first?.first == day,
            "the newest day is \(day), not \(answer.rows.first?.first ?? answer.reason ?? "none").")
        return (
            (),
            "\(event["detail-type"]?.string ?? ""), of \(event["time"]?.string ?? "")\n"
                + "the newest nav_date that the subscriber reads: \(day)"
        )
    }
}
