import ArgumentParser
import EmbeddedCloud
import Foundation

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
            let directory = try data.directory
            // Progress is for people who wait, not for pipes.
            let showsProgress = isatty(STDERR_FILENO) == 1 && !json
            let verdict = try directory.verifyTrail { progress in
                guard showsProgress else { return }
                let percent =
                    progress.bytesTotal > 0 ? 100 * progress.bytes / progress.bytesTotal : 100
                FileHandle.standardError.write(
                    Data("\r\(percent) % · \(progress.records) records ".utf8))
            }
            if showsProgress { FileHandle.standardError.write(Data("\r".utf8)) }
            try report(verdict, path: directory.trail.localPath)
        }

        private func report(_ verdict: TrailVerdict, path: String) throws {
            switch verdict {
            case .whole(let records, let head, _):
                if json { return try printJSON(["verdict": "whole", "records": "\(records)"]) }
                print("the trail in \(path) is whole: \(records) records")
                if let head { print("signed up to record \(head.sequence): \(head.hash.hex)") }
            case .flawed(let flaw):
                try refuse("flawed", "\(flaw)")
            case .cut(let lastSequence, let head):
                try refuse(
                    "cut",
                    "it ends after record \(lastSequence), but the ledger has a signed head of record "
                        + "\(head.sequence): the end was cut off.")
            }
        }

        private func refuse(_ verdict: String, _ why: String) throws -> Never {
            if json {
                try printJSON(["verdict": verdict, "reason": why])
                throw ExitCode.failure
            }
            throw CommandFailure(
                "The trail is not what the exchange wrote: \(why) Keep the directory as it is, and "
                    + "compare it with a backup: bourse trail verify --data BACKUP")
        }
    }
}
