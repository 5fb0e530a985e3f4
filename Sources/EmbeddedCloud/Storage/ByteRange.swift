/// What a `Range` header asks for: one run of bytes.
///
/// Source: RFC 9110, 14.1.2, "Byte Ranges".
enum ByteRange: Equatable, Sendable {
    /// From an offset to the end, or to an offset that is in it.
    case from(Int, through: Int?)
    case last(Int)

    /// Nil for what is not one range of bytes: such a header is as good as none.
    init?(_ header: String) {
        guard header.hasPrefix("bytes=") else { return nil }
        let sides = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard sides.count == 2 else { return nil }
        func offset(_ digits: Substring) -> Int? {
            guard !digits.isEmpty,
                digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            // Digits that are no Int are beyond every object's end.
            return Int(digits) ?? .max
        }
        if sides[0].isEmpty {
            guard let count = offset(sides[1]) else { return nil }
            self = .last(count)
        } else {
            guard let first = offset(sides[0]) else { return nil }
            guard !sides[1].isEmpty else {
                self = .from(first, through: nil)
                return
            }
            guard let last = offset(sides[1]), first <= last else { return nil }
            self = .from(first, through: last)
        }
    }

    /// The bytes that a copy names, which must all be there. Nil otherwise.
    static func exactly(_ text: String, within size: Int) -> Range<Int>? {
        guard case .from(let first, .some(let last)) = ByteRange(text), last < size else {
            return nil
        }
        return first..<(last + 1)
    }

    /// What there is of it: an end beyond the object's is the object's. Nil where there is nothing.
    func within(_ size: Int) -> Range<Int>? {
        switch self {
        case .from(let first, let last):
            guard first < size else { return nil }
            return first..<(last.map { Swift.min($0, size - 1) + 1 } ?? size)
        case .last(let count):
            guard count > 0, size > 0 else { return nil }
            return Swift.max(0, size - count)..<size
        }
    }
}
