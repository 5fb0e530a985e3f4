import ArgumentParser
import EmbeddedCloud
import Foundation

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the exchange's state, keys and trail, while it runs or not.",
        discussion: """
            The copy holds keys: keep it as safe as the data directory. The lake's objects are not in it: \
            they are files below DATA/lake, for whatever copies files, and linked directories are the \
            provider's own.
            """)

    @Argument(help: "The folder to make.")
    var folder: String
    @OptionGroup var data: DataOption
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    func run() async throws {
        let directory = try data.directory
        let bytes = try Backup(folder).make(of: directory)
        if json { return try printJSON(["backup": folder, "bytes": String(bytes)]) }
        print(
            """
            \(folder) is a backup of \(directory.url.localPath): \(bytes) bytes, keys among them
            next: bourse trail verify --data \(folder)
            """)
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make an exchange of a backup.",
        discussion: """
            Put the lake's objects back below DATA/lake, before or after. What was changed since the backup \
            was made is not in it.
            """)

    @Argument(help: "The folder that `bourse backup` made.")
    var folder: String
    @OptionGroup var data: DataOption
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    func run() async throws {
        let directory = try data.directory
        let bytes = try Backup(folder).restore(to: directory)
        let path = directory.url.localPath
        if json { return try printJSON(["data": path, "bytes": String(bytes)]) }
        print(
            """
            \(path) is the exchange of \(folder) again: \(bytes) bytes
            next: bourse serve --data \(path)
            """)
    }
}
