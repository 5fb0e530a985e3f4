import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Foundation

struct PreviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Ask a question as a subscriber, and see what it would see.",
        discussion:
            "It is recorded as the provider's, and not counted as a query of the subscriber's.")

    @Argument(help: "A SELECT, of 1,000 rows at most.")
    var query: String
    @Option(name: .customLong("as"), help: "The subscriber's AWS account: twelve digits.")
    var account: String
    @Option(help: "The database of names without one, if not the first that is shared with it.")
    var database: String?
    @OptionGroup var administrator: AdministratorOptions

    func run() async throws {
        let answer = try await administrator.client.send(
            Bourse.PreviewQuery(accountId: account, query: query, database: database))
        if administrator.json {
            print(
                """
                {"account":"\(account)","bytesScanned":\(answer.bytesScanned),"columns":\
                \(try text(of: answer.columns)),"rows":\(answer.rows)}
                """)
            return
        }
        let rows = try JSONValue(parsing: answer.rows).array ?? []
        let lines = rows.map { row in
            (row.array ?? []).map { value in
                // Numbers as they are written, with all their digits.
                switch value {
                case .null: "NULL"
                case .string(let text): text
                default: value.text
                }
            }
        }
        print(aligned([answer.columns] + lines))
        print(
            """
            \(rows.count) rows for account \(account), \(answer.bytesScanned) bytes scanned
            next, to see the grants behind it: aws lakeformation list-permissions --profile bourse-admin
            """)
    }

    private func text(of names: [String]) throws -> String {
        String(decoding: try JSONEncoder().encode(names), as: UTF8.self)
    }
}
