/// A key of a linked bucket as the names that lead to its file, each safe to open by itself.
struct LinkedKey: Sendable {
    /// UTF-8 bytes, S3's own limit.
    static let bytesMax = 1_024

    /// Never empty.
    let names: [String]

    var directories: ArraySlice<String> { names.dropLast() }
    var fileName: String { names[names.count - 1] }

    /// Nil for a key that no file below a directory can have: empty names, `.` and `..`, NUL, over-long.
    init?(_ key: String) {
        // By bytes: to Swift a slash and the accent after it are one character.
        let parts = key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard key.utf8.count <= Self.bytesMax, !key.utf8.contains(0) else { return nil }
        names = parts.map { String(Substring($0)) }
        guard names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { return nil }
    }
}
