import FoundationEssentials

/// One page of a list that has an order, and the token with which the next one is asked for.
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
            guard let last = PageToken.key(of: token) else { return nil }
            rest = rest[(rest.firstIndex { key($0) > last } ?? rest.endIndex)...]
        }
        items = Array(rest.prefix(limit))
        nextToken = rest.count > limit ? items.last.map { PageToken.text(after: key($0)) } : nil
    }
}

/// `NextToken`: opaque to clients.
///
/// It names the last item given, not a place: what is added or dropped meanwhile shifts nothing.
enum PageToken {
    static func text(after key: String) -> String { Data(key.utf8).base64EncodedString() }

    /// Nil if the token was never given out.
    static func key(of token: String) -> String? {
        Data(base64Encoded: token).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
