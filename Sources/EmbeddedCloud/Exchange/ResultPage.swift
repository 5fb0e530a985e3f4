import AWSAPI
import FoundationEssentials

/// A page of a listing, and how to ask for the next.
///
/// A token names the last item by what the listing is sorted by, so that items which come and go
/// between two pages neither repeat others nor hide them.
struct ResultPage<Item: Sendable>: Sendable {
    let items: [Item]
    /// Nil after the last page.
    let nextToken: String?

    /// - Parameters:
    ///   - all: In any order.
    ///   - key: Unique. The listing goes down from the highest.
    ///   - limit: 1 to 200; nil means 200.
    init(
        of all: [Item], limit: Int?, after token: String?, downBy key: (Item) -> String
    ) throws(AWSError) {
        let limit = limit ?? pageLimits.upperBound
        guard pageLimits.contains(limit) else {
            throw .validation("maxResults must be 1 to \(pageLimits.upperBound).")
        }
        var keyed = all.map { (key: key($0), item: $0) }
        if let token {
            guard let bytes = Data(base64Encoded: token),
                let last = String(bytes: bytes, encoding: .utf8)
            else { throw .validation("nextToken is not one of this listing's.") }
            keyed.removeAll { $0.key >= last }
        }
        keyed.sort { $0.key > $1.key }
        items = keyed.prefix(limit).map(\.item)
        nextToken =
            keyed.count > limit
            ? Data(keyed[limit - 1].key.utf8).base64EncodedString() : nil
    }
}

/// Source: AWS Data Exchange API Reference, `MaxResults`.
private let pageLimits = 1...200

/// What listings by time are sorted by.
func timeOrder(_ time: Date, _ id: ExchangeID) -> String {
    Timestamp.iso8601Milliseconds.text(time) + id.rawValue
}
