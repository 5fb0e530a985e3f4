import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Foundation

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "The accounts that the exchange knows.",
        subcommands: [Add.self, List.self, Keys.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let an account in, and print the one-time code that enrols its key.")

        @Argument(help: "The AWS account: twelve digits.")
        var id: String
        @Option(help: "The account's holder.")
        var name: String
        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let client = try await administrator.client
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

extension AccountCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every account, its keys, and whether it is cut off.")

        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let accounts = try await administrator.client.accounts
            if administrator.json {
                return try printJSON(accounts.map(AccountSummary.init))
            }
            if accounts.isEmpty {
                print("no account yet; next: bourse account add 222222222222 --name NAME")
            }
            for account in accounts {
                let state = account.isCutOff ? ", cut off" : ""
                print(
                    "\(account.accountId)  \(account.displayName): \(account.keys.count) keys, "
                        + "\(account.issuers.count) issuers\(state)"
                )
            }
        }
    }

    struct Keys: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The keys and issuers that an account's holder enrolled.",
            subcommands: [ListKeys.self, Revoke.self])
    }

    struct ListKeys: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "The keys and issuers of an account.")

        @Argument(help: "The AWS account: twelve digits.")
        var id: String
        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let accounts = try await administrator.client.accounts
            guard let account = accounts.first(where: { $0.accountId == id }) else {
                throw CommandFailure(
                    "The exchange does not know account \(id); see: bourse account list")
            }
            if administrator.json { return try printJSON(AccountSummary(account)) }
            for key in account.keys {
                let state = key.renewedBy.map { ", renewed by \($0)" } ?? ""
                print("\(key.keyId)  enrolled \(Timestamp.iso8601.text(key.enrolledAt))\(state)")
            }
            for issuer in account.issuers {
                print(
                    "\(issuer.url)  enrolled \(Timestamp.iso8601.text(issuer.enrolledAt)), for "
                        + issuer.subjects.joined(separator: " "))
            }
            if account.keys.isEmpty, account.issuers.isEmpty {
                print("no key yet; a new code: bourse account add \(id) --name NAME")
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a key or an issuer back, and end every session that was opened with it."
        )

        @Argument(help: "The AWS account: twelve digits.")
        var id: String
        @Argument(help: "The key's id or the issuer's URL, from: bourse account keys list ID")
        var key: String
        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            _ = try await administrator.client.send(Bourse.RevokeKey(accountId: id, keyId: key))
            if administrator.json { return try printJSON(["account": id, "revoked": key]) }
            print(
                """
                \(key) of account \(id) is revoked; the sessions that it opened have ended
                next, to let that machine in again: bourse account add \(id) --name NAME
                """)
        }
    }
}

/// An account in a script's JSON.
private struct AccountSummary: Encodable {
    let account: String
    let name: String
    let isCutOff: Bool
    let keys: [String]
    let issuers: [String]

    init(_ account: Bourse.KnownAccount) {
        self.account = account.accountId
        name = account.displayName
        isCutOff = account.isCutOff
        keys = account.keys.map(\.keyId)
        issuers = account.issuers.map(\.url)
    }
}

extension AWSClient {
    /// All accounts that the exchange knows.
    fileprivate var accounts: [Bourse.KnownAccount] {
        get async throws {
            var accounts: [Bourse.KnownAccount] = []
            var token: String?
            repeat {
                let page = try await send(Bourse.ListAccounts(nextToken: token))
                accounts += page.accounts
                token = page.nextToken
            } while token != nil
            return accounts
        }
    }
}

/// One line of JSON, its members in order of their names.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
