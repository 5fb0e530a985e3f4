internal import DuckDB

/// Makes the engine's errors fit for the user who wrote the statement.
struct ErrorMessage {
    /// The longest first, so that a file is replaced before its directory.
    private let paths: [String]
    private let bytesMax: Int

    init(for configuration: QueryWorkerConfiguration) {
        paths = (configuration.readablePaths + [configuration.stagingDirectory])
            .sorted { $0.utf8.count > $1.utf8.count }
        bytesMax = configuration.limits.messageBytes
    }

    func refusal(of error: DuckDBError, position: Int?) -> Refusal {
        var message = error.message[...]
        // What follows tells how to change settings, which a user cannot.
        if error.kind == .outOfMemory { message = message.prefix { $0 != "\n" } }
        var file: String?
        var shown = hidingPaths(String(message)) { file = file ?? $0 }
        // Beyond the cap there may be what says that none of it is for the user.
        if Self.fileWords.contains(where: shown.contains) { shown = "[file]: " + shown }
        return Refusal(kind: error.kind, message: capped(shown), position: position, file: file)
    }

    /// What the engine's errors of files have in them, the lines of a file beside it.
    private static let fileWords = [
        "[file]", "read_parquet(", "parquet_schema(", "read_csv(", "Original Line:",
    ]

    /// `message` with `[file]` in place of each known path and of what follows a known directory:
    /// up to the closing quote, or else to the line's end, since a path may hold spaces.
    ///
    /// - Parameter found: Is told each path that was replaced.
    func hidingPaths(_ message: String, _ found: (String) -> Void = { _ in }) -> String {
        guard message.utf8.contains(UInt8(ascii: "/")) else { return message }
        var text = [UInt8](message.utf8)[...]
        for path in paths where !path.isEmpty {
            text = hiding([UInt8](path.utf8), in: text, found)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func hiding(
        _ path: [UInt8], in text: ArraySlice<UInt8>, _ found: (String) -> Void
    ) -> ArraySlice<UInt8> {
        var shown: [UInt8] = []
        var rest = text
        while let start = rest.firstIndex(of: path) {
            shown += rest[..<start]
            shown += "[file]".utf8
            let quotes: [UInt8] = [UInt8(ascii: "\""), UInt8(ascii: "'")]
            let opening = start > rest.startIndex ? rest[start - 1] : 0
            let closing = quotes.contains(opening) ? opening : UInt8(ascii: "\n")
            rest = rest[(start + path.count)...].drop { $0 != closing }
            found(String(decoding: text[start..<rest.startIndex], as: UTF8.self))
        }
        return shown.isEmpty ? text : (shown + rest)[...]
    }

    /// At most `bytesMax` bytes, whole characters.
    private func capped(_ message: String) -> String {
        guard message.utf8.count > bytesMax else { return message }
        let ellipsis = "…"
        var kept = message.utf8.prefix(bytesMax - ellipsis.utf8.count)
        while !kept.isEmpty, String(kept) == nil { kept.removeLast() }
        return (String(kept) ?? "") + ellipsis
    }
}

extension ArraySlice<UInt8> {
    /// Where `pattern` begins, or nil.
    fileprivate func firstIndex(of pattern: [UInt8]) -> Index? {
        guard pattern.count <= count else { return nil }
        return (startIndex...endIndex - pattern.count).first { self[$0...].starts(with: pattern) }
    }
}
