/// What was printed and checked lately: the same question comes again, and both take the engine longer than
/// a small answer.
struct PrintedTrees {
    /// Of all together, and of one.
    static let bytesMax = 4 << 20
    static let entryBytesMax = 256 << 10

    struct Printed {
        /// What the engine runs.
        var sql: String
        /// What `sql` parses to.
        var tree: String
    }

    private var printed: [[UInt8]: Printed] = [:]
    private var bytes = 0

    /// - Parameter tree: Its bytes: to Swift, two spellings of a letter are the same text.
    subscript(tree: [UInt8]) -> Printed? { printed[tree] }

    /// Keeps it, unless it is very large. When there is no more room, all before are forgotten.
    mutating func keep(_ new: Printed, of tree: [UInt8]) {
        let size = tree.count + new.sql.utf8.count + new.tree.utf8.count
        guard size <= Self.entryBytesMax else { return }
        if bytes + size > Self.bytesMax {
            printed = [:]
            bytes = 0
        }
        printed[tree] = new
        bytes += size
    }
}
