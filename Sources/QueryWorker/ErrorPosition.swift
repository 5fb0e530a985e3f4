/// Carries a position in the text that was run over to the text that the user wrote.
///
/// The tree that we run holds the user's positions; the SQL made from it has others. Parsing that
/// SQL again gives a second tree of the same shape, so the n-th `query_location` of the one stands
/// for the n-th of the other.
enum ErrorPosition {
    /// Nil where the shapes differ, or where the node is not one that the user wrote.
    static func inUserText(of position: Int, ran: String, user: String) -> Int? {
        let (ran, user) = (locations(in: ran), locations(in: user))
        guard ran.count == user.count, let node = ran.firstIndex(of: UInt64(position)) else {
            return nil
        }
        // The engine marks nodes that no text stands for with the largest number it has.
        return Int(exactly: user[node])
    }

    /// The numbers after each `"query_location":`, in the order of the text.
    private static func locations(in tree: String) -> [UInt64] {
        let key = Array(#""query_location":"#.utf8)
        var locations: [UInt64] = []
        var text = Array(tree.utf8)[...]
        while let quote = text.firstIndex(of: UInt8(ascii: "\"")) {
            guard text[quote...].starts(with: key) else {
                text = skippingString(from: quote, in: text)
                continue
            }
            text = text[(quote + key.count)...]
            let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            locations.append(UInt64(String(decoding: digits, as: UTF8.self)) ?? .max)
        }
        return locations
    }

    /// What follows the string that begins at `quote`.
    private static func skippingString(
        from quote: Int,
        in text: ArraySlice<UInt8>
    ) -> ArraySlice<UInt8> {
        var index = quote + 1
        while index < text.endIndex, text[index] != UInt8(ascii: "\"") {
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return text[min(index + 1, text.endIndex)...]
    }
}
