/// A pattern of names: `*` for anything, and perhaps a letter for any one.
struct NamePattern: Sendable {
    /// Source: AWS Glue API Reference, `FilterString`.
    static let bytesMax = 2_048

    private let pattern: [Character]
    private let single: Character?

    init(_ pattern: String, single: Character? = nil) {
        self.pattern = Array(pattern)
        self.single = single
    }

    /// In time that grows with the product of both lengths, at most.
    func matches(_ text: String) -> Bool {
        let text = Array(text)
        var (at, place) = (0, 0)
        // The last star, and where the text goes on behind what it stands for.
        var star: (at: Int, resume: Int)?
        while place < text.count {
            if at < pattern.count, pattern[at] == "*" {
                star = (at, place)
                at += 1
            } else if at < pattern.count, pattern[at] == text[place] || pattern[at] == single {
                at += 1
                place += 1
            } else if let known = star {
                star = (known.at, known.resume + 1)
                at = known.at + 1
                place = known.resume + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == "*" }
    }
}
