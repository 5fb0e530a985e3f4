import AWSAPI
import AWSClient
import BourseAPI
import EmbeddedCloud
import Foundation
import GlueAPI
import LakeFormationAPI

extension Journey {
    func startExchange() async throws -> (Void, String) {
        try await exchange.run(["init", "--data", exchange.data.url.localPath])
        let server = try await exchange.start()
        return ((), "account \(server.account) answers at \(server.endpoint)")
    }

    func linkLake() async throws -> (Void, String) {
        let written = try sample.write(days: 0..<Self.days, to: exchange.lake)
        let linked = try await exchange.administrator.send(
            Bourse.LinkBucket(bucket: Publication.bucket, path: exchange.lake.localPath))
        let rows = written.map(\.rows).reduce(0, +)
        return (
            (),
            "\(rows) rows in \(linked.objects) Parquet files are s3://\(linked.bucket), in place"
        )
    }

    func describeTables() async throws -> (Void, String) {
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
        return (
            (), "\(SampleTable.all.count) tables in \(Publication.database), location registered"
        )
    }

    /// The data sets' ids, by product.
    func publish() async throws -> ([String: String], String) {
        let publication = Publication(client: try exchange.administrator)
        var dataSets: [String: String] = [:]
        var lines: [String] = []
        for table in Self.products {
            let dataSet = try await publication.createDataSet(table)
            let revision = try await publication.publish(
                table, as: dataSet, comment: "as of \(sample.date(ofDay: Self.days - 1))")
            dataSets[table.product] = dataSet
            lines.append("\(table.product): revision \(revision) finalized")
        }
        return (dataSets, lines.joined(separator: "\n"))
    }

    func sign() async throws -> (Void, String) {
        let record = Bourse.ContractRecord(
            id: Self.contractID, clientName: "Meridian Pension Fund", awsAccountId: Self.account,
            products: Self.products.map(\.product).joined(separator: ";"),
            clientEmail: "data@meridian.example", startDate: "2024-01-01", endDate: "2099-12-31",
            funds: Self.funds, ownerName: "Client Services", ownerEmail: "clients@nomura.example")
        var writer = ShapeWriter(.json)
        writer.document(record)
        try Data(writer.bytes).write(to: exchange.contract)
        let output = try await exchange.run(
            [
                "contract", "sign", exchange.contract.localPath, "--data",
                exchange.data.url.localPath,
            ])
        let lines = output.components(separatedBy: "\n").filter { $0.contains(" ms  ") }
        try expect(!lines.isEmpty, "signing prints its steps.")
        return (
            (),
            (["\(record.id) over \(record.products), funds \(Self.funds.joined(separator: ", "))"]
                + lines).joined(separator: "\n")
        )
    }

    func publishAgain(_ dataSets: [String: String]) async throws -> (String, String) {
        let table = SampleTable.navHistory
        guard let dataSet = dataSets[table.product] else {
            throw CommandFailure("There is no data set of \(table.product).")
        }
        _ = try sample.write(days: Self.days..<Self.days + 1, to: exchange.lake)
        let day = sample.date(ofDay: Self.days)
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

    func readTrail() async throws -> (Void, String) {
        let lines = try trailLines()
        try expect(
            lines.contains { $0.event == "GetDataAccess" }, "the trail has the queries' reads.")
        try expect(
            lines.contains { $0.event == "PutObject" && $0.outcome == "AccessDenied" },
            "the trail has the refused write.")
        // Looking whether a query is done is recorded as well, and there is nothing in it to see.
        let looks = lines.count { $0.event == "GetQueryExecution" }
        var runs: [(line: TrailLine, count: Int)] = []
        for line in lines where line.event != "GetQueryExecution" {
            if let last = runs.last, last.line.event == line.event,
                last.line.outcome == line.outcome
            {
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
        let verdict = try await exchange.run([
            "trail", "verify", "--data", exchange.data.url.localPath,
        ])
        return (
            (),
            "\(lines.count) records of \(sessions), \(looks) of them GetQueryExecution\n"
                + "\(aligned(table))\n"
                + verdict.trimmingCharacters(in: .newlines)
        )
    }

    func end(_ athena: AthenaSession) async throws -> (Void, String) {
        let output = try await exchange.run([
            "contract", "end", exchange.contract.localPath, "--data", exchange.data.url.localPath,
        ])
        let answer = try await athena.run("SELECT count(*) FROM nav_history")
        guard let reason = answer.reason else {
            throw CommandFailure("The contract has ended, and its query was answered.")
        }
        let ended = output.components(separatedBy: "\n").last { !$0.isEmpty } ?? ""
        return ((), "\(ended)\nthe same query: \(reason)")
    }
}
