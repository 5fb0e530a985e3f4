import Glibc

/// The smallest names of a directory, so many as are held at once, from all that it has.
struct NameWindow {
    /// More than the longest page, so that a page seldom reads a directory twice.
    static let namesMax = 2_048

    /// In order, once the window is closed.
    private(set) var names: [[UInt8]] = []
    /// Whether there were more names than these.
    var isCut: Bool { end != nil }
    /// Of the names left out, none is smaller than this one.
    private var end: [UInt8]?
    private let start: [UInt8]?

    /// - Parameter start: Only names greater than this one are taken.
    init(after start: [UInt8]?) { self.start = start }

    mutating func add(_ name: [UInt8]) {
        if let start, !start.precedes(name) { return }
        if let end, !name.precedes(end) { return }
        names.append(name)
        if names.count == 2 * Self.namesMax { shrink() }
    }

    mutating func close() { shrink() }

    private mutating func shrink() {
        names.sort { $0.precedes($1) }
        guard names.count > Self.namesMax else { return }
        names.removeLast(names.count - Self.namesMax)
        end = names.last
    }
}

extension [UInt8] {
    /// In the order of the bytes, as S3 orders keys. A shorter one comes before its continuations.
    func precedes(_ other: [UInt8]) -> Bool {
        let order = withUnsafeBytes { mine in
            other.withUnsafeBytes { theirs in
                guard let mine = mine.baseAddress, let theirs = theirs.baseAddress else {
                    return CInt(0)
                }
                return memcmp(mine, theirs, Swift.min(count, other.count))
            }
        }
        return order == 0 ? count < other.count : order < 0
    }
}
