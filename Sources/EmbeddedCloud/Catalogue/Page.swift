import FoundationEssentials

/// One page of a list that has an order, and the token with which the next one is asked for.
///
/// The token names the last item given, not a place: what is added or dropped meanwhile shifts nothing.
struct Page<Item> {
    let items: [Item]
    let nextToken: String?

    /// - Parameters:
    ///   - key: Unique, and what the list is sorted by.
    ///   - token: Of the page before. Nil: from the beginning.
    ///   - limit: Items, at least 1.
    /// - Returns: Nil if `token` was never given out.
    init?(of list: [Item], by key: (Item) -> String, after token: String?, limit: Int) {
        var rest = list[...]
        if let token {
            guard let bytes = Data(base64Encoded: token),
                let last = String(validating: bytes, as: UTF8.self)
            else { return nil }
            rest = rest[(rest.firstIndex { key($0) > last } ?? rest.endIndex)...]
        }
        items = Array(rest.prefix(limit))
        nextToken =
            rest.count > limit
            ? items.last.map { Data(key($0).utf8).base64EncodedString() } : nil
    }
}
