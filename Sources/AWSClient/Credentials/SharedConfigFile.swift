public import Foundation

/// AWS's shared configuration and credentials files: `[section]`, then `name = value`.
///
/// Everything that is not ours is kept as it stands, comments included.
///
/// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
public struct SharedConfigFile {
    private var lines: [String]

    /// A file that is not there is empty.
    public init(reading url: URL) throws {
        guard FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) else {
            lines = []
            return
        }
        lines = try String(contentsOf: url, encoding: .utf8).components(separatedBy: "\n")
    }

    /// What belongs to a setting above it, indented, is left out.
    public func section(_ name: String) -> [String: String] {
        guard let range = range(of: name) else { return [:] }
        return lines[range].reduce(into: [:]) { values, line in
            let sides = line.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, line.first.map({ !"#; \t".contains($0) }) ?? false else {
                return
            }
            values[sides[0].trimmingCharacters(in: .whitespaces)] =
                sides[1].trimmingCharacters(in: .whitespaces)
        }
    }

    /// A profile's section, as AWS's tools split its head: the way a shell splits words.
    public static func head(ofProfile name: String) -> String {
        if name == "default" { return name }
        let isPlain = name.allSatisfy { $0.isLetter || $0.isNumber || "-_.+@/".contains($0) }
        return isPlain
            ? "profile \(name)" : "profile '\(name.replacing("'", with: #"'"'"'"#))'"
    }

    /// Sets the section, in place of one by that name.
    public mutating func set(_ name: String, _ values: [(name: String, value: String)]) {
        let section = ["[\(name)]"] + values.map { "\($0.name) = \($0.value)" }
        if let range = range(of: name) {
            let isLast = range.upperBound == lines.endIndex
            lines.replaceSubrange(range, with: section + (isLast ? [""] : []))
        } else {
            while lines.last == "" { lines.removeLast() }
            if !lines.isEmpty { lines.append("") }
            lines += section + [""]
        }
    }

    public var text: String { lines.joined(separator: "\n") }

    /// From the section's head to its last line. Blank lines and comments before the next head are that
    /// one's.
    private func range(of name: String) -> Range<Int>? {
        func isHead(_ line: String) -> Bool { line.hasPrefix("[") }
        guard
            let start = lines.firstIndex(where: {
                isHead($0) && $0.trimmingCharacters(in: .whitespaces) == "[\(name)]"
            })
        else { return nil }
        guard var end = lines[(start + 1)...].firstIndex(where: isHead) else {
            return start..<lines.endIndex
        }
        while ["", "#", ";"].contains(lines[end - 1].trimmingCharacters(in: .whitespaces).prefix(1))
        {
            end -= 1
        }
        return start..<end
    }
}
