import ArgumentParser
import Dispatch
import Foundation
import QueryWorker

/// Where the process begins.
@main
enum Program {
    static func main() {
        // The walls bind the thread that raises them and those it starts: so before any other is started.
        // `serve` starts this child for subscribers' SQL; people do not.
        if CommandLine.arguments.dropFirst() == ["query-worker"] { exit(runQueryWorker()) }
        Task {
            await BourseCommand.main()
            exit(EXIT_SUCCESS)
        }
        dispatchMain()
    }
}

/// Every command, and the server that they speak to.
struct BourseCommand: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "bourse",
        abstract: "An open, zero-copy data exchange that speaks the AWS APIs.",
        discussion: """
            A provider's data stays where it is, as Parquet; subscribers get governed, live access to it \
            with the AWS tools they have.

              bourse init  --data DIR --account 111111111111 --name "Nomura Asset Management"
              bourse serve --data DIR
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Exchange:",
                subcommands: [
                    InitCommand.self, ServeCommand.self, BackupCommand.self, RestoreCommand.self,
                    DoctorCommand.self, DemoCommand.self,
                ]),
            CommandGroup(
                name: "Provider:",
                subcommands: [
                    AccountCommand.self, ApplyCommand.self, BlockCommand.self,
                    CatalogCommand.self, ContractCommand.self, CutOffCommand.self,
                    EraseCommand.self, ErasuresCommand.self, ExplainCommand.self, LakeCommand.self,
                    PreviewCommand.self,
                    PublishCommand.self, RevisionsCommand.self, RevokeCommand.self,
                    SampleCommand.self, TrailCommand.self, UnblockCommand.self,
                ]),
            CommandGroup(
                name: "Subscriber:",
                subcommands: [EnrollCommand.self, CredentialsCommand.self, RenewCommand.self]),
        ])
}

/// What stops a command, in words for whoever typed it: what is wrong and how to mend it.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
