import AWSAPI
import AWSClient
import EmbeddedCloud
import EventBridgeAPI
import Foundation
import S3API
import SQSAPI

extension Journey {
    func readMail() throws -> (WelcomeLetter, String) {
        let file = exchange.data.mail.appending(path: "\(Self.contractID).eml")
        let letter = try WelcomeLetter(reading: file)
        return (letter, "\(file.localPath): \(letter.queries.count) queries, one command to enrol")
    }

    func enrol(_ letter: WelcomeLetter) async throws -> (AWSClient, String) {
        let output = try await exchange.run(letter.enrolment, asSubscriber: true)
        guard let profile = letter.enrolment.value(of: "--profile") else {
            throw CommandFailure("The e-mail's command names no profile.")
        }
        let client = try await exchange.subscriber(profile: profile)
        return (client, output.components(separatedBy: "\n").first ?? "")
    }

    func firstQuery(
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
            try expect(
                funds == Set(Self.funds), "the rows are those of \(Self.funds), not of \(funds).")
            lines.append(sql)
            lines.append(aligned(Array(table.prefix(5))))
            let took = seconds(since: start).trimmingCharacters(in: .whitespaces)
            lines.append(
                "  \(answer.rows.count) rows in \(took), \(answer.bytesScanned) bytes scanned in place"
            )
            session = athena
        }
        guard let session else { throw CommandFailure("The e-mail has no query.") }
        return (session, lines.joined(separator: "\n"))
    }

    func queryHiddenFund(_ athena: AthenaSession) async throws -> (Void, String) {
        let sql = "SELECT * FROM nav_history WHERE fund_id = '\(Self.hiddenFund)'"
        let answer = try await athena.run(sql)
        guard answer.table != nil else { throw CommandFailure("\(sql): \(answer.reason ?? "")") }
        try expect(answer.rows.isEmpty, "fund \(Self.hiddenFund) is not in the contract.")
        return ((), "\(sql)\n\(answer.rows.count) rows")
    }

    func write(_ client: AWSClient) async throws -> (Void, String) {
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
    func subscribe(_ client: AWSClient) async throws -> (String, String) {
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
                    #"{"source": ["aws.dataexchange"], "detail-type": [{"prefix": "Revision Published"}]}"#
            ))
        let targets = try await client.send(
            EventBridge.PutTargets(
                rule: "nomura-updates", targets: [.init(id: "queue", arn: arn)]))
        try expect(targets.failedEntryCount ?? 0 == 0, "the queue is the rule's target.")
        return (url, "\(rule.ruleArn ?? "") → \(arn)")
    }

    func receive(
        _ revision: String, from queue: String, _ client: AWSClient, _ athena: AthenaSession
    ) async throws -> (Void, String) {
        let event = try await eventually("the event of revision \(revision)") { () -> JSONValue? in
            let received = try await client.send(
                SQS.ReceiveMessage(queueUrl: queue, waitTimeSeconds: 10))
            guard let message = received.messages?.first, let body = message.body else {
                return nil
            }
            _ = try await client.send(
                SQS.DeleteMessage(queueUrl: queue, receiptHandle: message.receiptHandle ?? ""))
            let event = try JSONValue(parsing: body)
            let isOurs =
                event["detail"]?["RevisionIds"]?.array?.contains(.string(revision)) ?? false
            return isOurs ? event : nil
        }
        let day = sample.date(ofDay: Self.days)
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
