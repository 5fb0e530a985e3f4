import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Foundation

struct CutOffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cutoff",
        abstract: "End everything that an account has open, and let nobody of it in.",
        discussion: """
            What it was granted stays granted, and its keys stay enrolled: with --lift it is let in again, \
            though what was open stays closed.
            """)

    @Argument(help: "The AWS account: twelve digits.")
    var id: String
    @Flag(help: "Let the account in again.")
    var lift = false
    @OptionGroup var administrator: AdministratorOptions

    func run() async throws {
        let client = try await administrator.client
        if lift {
            _ = try await client.send(Bourse.LiftCutOff(accountId: id))
            if administrator.json { return try printJSON(["account": id, "state": "admitted"]) }
            return print(
                "account \(id) is let in again; its machines open new sessions by themselves")
        }
        let answer = try await client.send(Bourse.CutOffAccount(accountId: id))
        let moment = Timestamp.iso8601.text(answer.cutOffAt)
        if administrator.json {
            return try printJSON(["account": id, "state": "cut off", "cutOffAt": moment])
        }
        print(
            """
            account \(id) is cut off since \(moment): its sessions, queries and downloads have ended
            next, to let it in again: bourse cutoff \(id) --lift
            """)
    }
}
