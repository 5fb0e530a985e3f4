import ArgumentParser
import QueryWorker

/// The executable: every command, and the server that they speak to.
@main
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
        subcommands: [QueryWorkerCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Exchange:", subcommands: [InitCommand.self, ServeCommand.self]),
            CommandGroup(
                name: "Provider:", subcommands: [AccountCommand.self, TrailCommand.self]),
            CommandGroup(
                name: "Subscriber:",
                subcommands: [EnrollCommand.self, CredentialsCommand.self]),
        ])
}

/// The child in which untrusted SQL runs. `serve` starts it; people do not.
struct QueryWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query-worker", abstract: "Run SQL for `bourse serve`.", shouldDisplay: false)

    func run() throws {
        let status = runQueryWorker()
        guard status == 0 else { throw ExitCode(status) }
    }
}

/// What stops a command, in words for whoever typed it: what is wrong and how to mend it.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
