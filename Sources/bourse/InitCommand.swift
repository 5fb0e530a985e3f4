import AWSAPI
import ArgumentParser
import EmbeddedCloud
import Foundation

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a new exchange's data directory.")

    @OptionGroup var data: DataOption
    @Option(help: "The provider's account: twelve digits.")
    var account = "111111111111"
    @Option(help: "The AWS region that the exchange answers as.")
    var region = "us-east-1"
    @Option(help: "The provider's name, as its subscribers read it.")
    var name = "Nomura Asset Management"

    func run() async throws {
        guard let account = AccountID(rawValue: account) else {
            throw CommandFailure("--account must be twelve digits, such as 111111111111.")
        }
        let directory = try data.directory
        try EmbeddedCloud.create(
            in: directory, account: account, region: region, name: name, at: Date())
        print(
            """
            made \(directory.url.localPath) for \(name), account \(account), \(region)
            administrator's key: \(directory.adminCredentials.localPath) (profile \
            \(EmbeddedCloud.administratorName))
            next: bourse serve --data \(directory.url.localPath)
            """)
    }
}

/// Where the exchange lives on this machine.
struct DataOption: ParsableArguments {
    @Option(help: "The exchange's data directory (default: $BOURSE_DATA).")
    var data: String?

    var directory: DataDirectory {
        get throws {
            guard let path = data ?? ProcessInfo.processInfo.environment["BOURSE_DATA"] else {
                throw CommandFailure("Which exchange? Give --data DIR, or set BOURSE_DATA.")
            }
            return DataDirectory(path)
        }
    }
}
