import AWSAPI

extension Page {
    /// As Lake Formation's lists are asked for.
    ///
    /// - Parameters:
    ///   - key: Unique, and what the list is sorted by.
    ///   - asked: `MaxResults`. Nil: as many as there may be.
    ///   - most: How many there may be.
    /// - Throws: `InvalidInputException`, also for a token that was never given out.
    init(
        of list: [Item], by key: (Item) -> String, after token: String?, max asked: Int?,
        upTo most: Int = PermissionLists.pageMax
    ) throws(AWSError) {
        let limit = asked ?? most
        guard (1...most).contains(limit) else {
            throw .lakeInvalidInput("MaxResults must be 1 to \(most).")
        }
        guard let page = Page(of: list, by: key, after: token, limit: limit) else {
            throw .unknownNextToken
        }
        self = page
    }
}
