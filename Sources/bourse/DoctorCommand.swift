import AWSAPI
import AWSClient
import ArgumentParser
import DuckDB
import Doors
import EmbeddedCloud
import Foundation
import STSAPI

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look whether everything is as it should be, and say how to mend what is not.",
        discussion: """
            The exchange may be running. With --profile it looks at a subscriber's machine instead.
            """)

    /// Bytes of disk below which an operator wants to know.
    static let freeBytesWanted = 1 << 30

    @OptionGroup var data: DataOption
    @Option(help: "The profile that `bourse enroll` wrote, on a subscriber's machine.")
    var profile: String?
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    func run() async throws {
        let findings =
            if let profile { await subscriber(profile) } else { await exchange(try data.directory) }
        if json {
            try printJSON(findings)
        } else {
            for finding in findings { print(finding.line) }
        }
        if findings.contains(where: { $0.state == .broken }) { throw ExitCode.failure }
    }

    private func exchange(_ directory: DataDirectory) async -> [Finding] {
        let path = directory.url.localPath
        var findings = [
            await Finding.of("SQL engine") {
                _ = try Database(.memory)
                return .fine("found")
            },
            .init(
                "sandbox",
                QueryWorkerProgram.isSandboxAvailable
                    ? .fine("Landlock is there")
                    : .broken("this system has no Landlock (Linux 5.13 or later): no SQL is run")),
            await Finding.of("ledger") {
                let flaws = try directory.ledgerFlaws()
                return flaws.isEmpty
                    ? .fine("SQLite finds nothing wrong")
                    : .broken(
                        "\(flaws.joined(separator: "; ")). Stop the exchange and restore a backup: "
                            + "bourse restore BACKUP --data NEW")
            },
        ]
        let exposed = directory.exposed
        findings.append(
            .init(
                "rights",
                exposed.isEmpty
                    ? .fine("keys and state are their owner's alone")
                    : .broken("others can read: chmod go= \(exposed.joined(separator: " "))")))
        if let free = directory.freeBytes {
            let text = "\(free >> 20) MiB free below \(path)"
            findings.append(
                .init(
                    "disk",
                    free >= Self.freeBytesWanted
                        ? .fine(text)
                        : .doubtful("\(text): when it is full, nothing is changed any more")))
        }
        findings.append(
            await Finding.of("trail") {
                switch try directory.verifyTrail() {
                case .whole(let records, _, _): .fine("whole, \(records) records")
                default: .broken("see: bourse trail verify --data \(path)")
                }
            })
        findings.append(await server(directory))
        return findings
    }

    /// Whether the exchange answers, and knows its administrator: which needs the key and the clock.
    private func server(_ directory: DataDirectory) async -> Finding {
        await Finding.of("server") {
            guard let server = try? RunningServer(reading: directory) else {
                return .doubtful(
                    "never started; start it: bourse serve --data \(directory.url.localPath)")
            }
            do {
                let identity = try await AWSClient.administrator(of: directory)
                    .send(STS.GetCallerIdentity())
                return .fine("\(server.endpoint) answers as \(identity.account ?? "nobody")")
            } catch let error as AWSError where error.code == AWSClient.unreachable {
                return .doubtful(
                    "not running; start it: bourse serve --data \(directory.url.localPath)")
            }
        }
    }

    private func subscriber(_ profile: String) async -> [Finding] {
        let enrolled = await Finding.of("profile") {
            let enrolled = try EnrolledProfile.read(profile)
            return .fine("\(profile) is of account \(enrolled.account), at \(enrolled.endpoint)")
        }
        guard enrolled.state == .fine else { return [enrolled] }
        let session = await Finding.of("session") {
            let enrolled = try EnrolledProfile.read(profile)
            let opened = try await enrolled.openSession(profile)
            let caller = try await enrolled.client(profile, with: opened)
                .send(STS.GetCallerIdentity())
            let end = Timestamp.iso8601.text(opened.expiration)
            return .fine("opened as \(caller.arn ?? "nobody"), until \(end)")
        }
        return [enrolled, session]
    }
}

/// What was looked at, and what came of it.
private struct Finding: Encodable {
    enum State: String, Encodable {
        case fine = "ok"
        case doubtful = "warn"
        case broken = "fail"
    }

    struct Verdict {
        let state: State
        let text: String

        static func fine(_ text: String) -> Verdict { Verdict(state: .fine, text: text) }
        static func doubtful(_ text: String) -> Verdict { Verdict(state: .doubtful, text: text) }
        static func broken(_ text: String) -> Verdict { Verdict(state: .broken, text: text) }
    }

    let subject: String
    let state: State
    let text: String

    init(_ subject: String, _ verdict: Verdict) {
        self.subject = subject
        state = verdict.state
        text = verdict.text
    }

    /// What cannot even be looked at is broken.
    static func of(_ subject: String, _ look: () async throws -> Verdict) async -> Finding {
        do {
            return Finding(subject, try await look())
        } catch {
            return Finding(subject, .broken("\(error)"))
        }
    }

    var line: String {
        let mark = state.rawValue.padding(toLength: 4, withPad: " ", startingAt: 0)
        return "\(mark)  \(subject): \(text)"
    }
}
