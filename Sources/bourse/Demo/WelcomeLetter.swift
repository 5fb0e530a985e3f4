import EmbeddedCloud
import Foundation

/// The welcome e-mail as its reader uses it: the commands in its plain text, word for word.
struct WelcomeLetter {
    /// The words of `bourse enroll …`, without the first.
    let enrolment: [String]
    /// The words of each `aws athena start-query-execution …`.
    let queries: [[String]]

    /// - Throws: `CommandFailure` if the commands are not there.
    init(reading file: URL) throws {
        let message = try String(contentsOf: file, encoding: .utf8)
            .replacingOccurrences(of: "\r\n", with: "\n")
        let commands = message.replacingOccurrences(of: "\\\n", with: " ")
            .components(separatedBy: "\n").map(Self.words)
        guard let enrolment = commands.first(where: { $0.starts(with: ["bourse", "enroll"]) })
        else {
            throw CommandFailure("\(file.localPath) has no command that enrols.")
        }
        self.enrolment = Array(enrolment.dropFirst())
        queries = commands.filter { $0.starts(with: ["aws", "athena", "start-query-execution"]) }
        guard !queries.isEmpty else { throw CommandFailure("\(file.localPath) has no query.") }
    }

    /// A command line as a POSIX shell reads it, with the quotes that the e-mail has.
    private static func words(_ line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        for character in line {
            switch character {
            case "'":
                isQuoted.toggle()
                word = word ?? ""
            case " " where !isQuoted:
                if let ended = word { words.append(ended) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }
}

extension [String] {
    /// What stands after an option of a command line.
    func value(of option: String) -> String? {
        firstIndex(of: option).flatMap { indices.contains($0 + 1) ? self[$0 + 1] : nil }
    }
}
