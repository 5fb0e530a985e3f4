import ArgumentParser
import EmbeddedCloud

struct TrailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trail", abstract: "The audit trail.", subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prove that the trail is whole, or name the first record that is not.")

        @OptionGroup var data: DataOption
        @Flag(help: "Print JSON, for scripts.")
        var json = false

        func run() async throws {
            print("")
        }
    }
}
