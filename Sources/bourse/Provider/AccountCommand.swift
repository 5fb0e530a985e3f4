import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Foundation

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "The accounts that the exchange knows.",
        subcommands: [Add.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let an account in, and print the one-time code that enrols its key.")

        @Argument(help: "The AWS account: twelve digits.")
        var id: String
        @Option(help: "The account's holder.")
        var name: String
        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let client = try administrator.client
            let added = try await client.send(
                Bourse.AddAccount(accountId: id, displayName: name))
            if administrator.json {
                return try printJSON([
                    "account": added.accountId, "code": added.enrolmentCode,
                    "expiresAt": Timestamp.iso8601.text(added.expiresAt),
                ])
            }
            let server = try RunningServer(reading: try administrator.data.directory)
            print(
                """
                account \(added.accountId) (\(name)) is known
                enrolment code: \(added.enrolmentCode), works once, until \
                \(Timestamp.iso8601.text(added.expiresAt))
                next, on the subscriber's machine: bourse enroll --endpoint \(server.endpoint) \
                --code \(added.enrolmentCode) --profile NAME
                """)
        }
    }
}

/// One line of JSON, its members in order of their names.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
