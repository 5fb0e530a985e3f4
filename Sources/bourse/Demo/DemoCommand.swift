import ArgumentParser
import EmbeddedCloud
import Foundation

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract:
            "Run the whole journey on sample data, from an empty directory to an ended contract.",
        discussion: """
            An exchange is started on a free port, and everything that follows is a client of it: the \
            provider with the administrator's key, the subscriber with the profile that the welcome \
            e-mail's own command enrols. It fails when any step is not answered as it must be.
            """)

    @Option(help: "A new directory for all of it (default: a temporary one, removed at the end).")
    var data: String?
    @Flag(help: "Keep the directory, and say how to go on by hand.")
    var keep = false
    @Flag(help: "Kill the exchange after each step, as kill -9 does, and start it again.")
    var crashes = false

    func run() async throws {
        let folder = try makeFolder()
        let isKept = keep || data != nil
        let exchange = DemoExchange(in: folder)
        let journey = Journey(exchange: exchange, crashes: crashes)
        do {
            print("the journey from a signed contract to a live query, in \(folder.localPath)")
            try await journey.run()
        } catch {
            await exchange.stop()
            print("the demo stopped; its directory is kept: \(folder.localPath)")
            throw error
        }
        await exchange.stop()
        if isKept {
            print(exchange.waysOn)
        } else {
            try FileManager.default.removeItem(at: folder)
        }
    }

    private func makeFolder() throws -> URL {
        let folder =
            data.map { URL(filePath: $0, directoryHint: .isDirectory).absoluteURL }
            ?? FileManager.default.temporaryDirectory.appending(
                path: "bourse-demo-\(UUID().uuidString.prefix(8))", directoryHint: .isDirectory)
        let contents = try? FileManager.default.contentsOfDirectory(atPath: folder.localPath)
        guard contents?.isEmpty ?? true else {
            throw CommandFailure("\(folder.localPath) is not empty; give --data a new directory.")
        }
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        return folder
    }
}
