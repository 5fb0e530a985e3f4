/// A text in which `*` stands for any run of characters. `\*` is a star, `\\` a backslash.
struct Wildcard: Equatable, Sendable {
    /// The runs between the stars. One run: there is no star.
    private let runs: [[UInt8]]

    init(_ text: String) throws(EventPatternFault) {
        var runs: [[UInt8]] = [[]]
        var isEscaped = false
        var isAfterStar = false
        for byte in text.utf8 {
            if isEscaped {
                guard byte == UInt8(ascii: "*") || byte == UInt8(ascii: "\\") else {
                    throw EventPatternFault("Invalid escape character in wildcard")
                }
                runs[runs.count - 1].append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "*") {
                guard !isAfterStar else {
                    throw EventPatternFault("Consecutive wildcard characters in wildcard")
                }
                runs.append([])
                isAfterStar = true
                continue
            } else {
                runs[runs.count - 1].append(byte)
            }
            isAfterStar = false
        }
        guard !isEscaped else { throw EventPatternFault("Invalid escape character in wildcard") }
        self.runs = runs
    }

    /// The first run begins the text, the last one ends it, and each of the others is taken where it
    /// first stands: if any choice succeeds, that one does.
    func matches(_ text: String) -> Bool {
        let text = Array(text.utf8)
        guard let first = runs.first, let last = runs.last, text.starts(with: first) else {
            return false
        }
        guard runs.count > 1 else { return text.count == first.count }
        guard text.count >= first.count + last.count, text.suffix(last.count).elementsEqual(last)
        else { return false }
        var rest = text[first.count..<(text.count - last.count)]
        for run in runs.dropFirst().dropLast() {
            guard let found = rest.firstRange(of: run) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
