import AWSAPI
import FoundationEssentials
import S3API

/// What the listing operations have in common: which keys, how many, and how they are written.
struct ListingPage: Sendable {
    static let keysMax = 1_000

    let prefix: String
    let delimiter: String?
    let max: Int
    let names: KeyEncoding

    init(
        prefix: String?, delimiter: String?, max: Int?, encoding: S3.EncodingType?
    ) throws(AWSError) {
        let asked = max ?? Self.keysMax
        guard asked >= 0 else {
            throw .invalidArgument("max-keys", String(asked), "max-keys must not be negative.")
        }
        guard encoding == nil || encoding == .url else {
            throw .invalidArgument(
                "encoding-type", encoding?.rawValue ?? "",
                "Invalid Encoding Method specified in Request")
        }
        self.max = min(asked, Self.keysMax)
        self.prefix = prefix ?? ""
        self.delimiter = delimiter.flatMap { $0.isEmpty ? nil : $0 }
        names = KeyEncoding(encoding)
    }

    /// Where a listing goes on that ended with `marker`: a key, or what a delimiter rolled up.
    func start(after marker: String) -> ListingStart {
        if marker.isEmpty { return .beginning }
        let marker = Array(marker.utf8)
        let common = marker.prefix(
            through: Array((delimiter ?? "").utf8), after: prefix.utf8.count)
        return common == marker ? .afterAll(marker) : .after(marker)
    }

    func contents(_ listing: ObjectListing, owner: AccountID?) -> [S3.Object] {
        listing.objects.map { object in
            .init(
                key: names(object.key), lastModified: object.lastModified, eTag: object.etag,
                size: object.size, storageClass: .standard,
                owner: owner.map { .init(id: $0.rawValue) })
        }
    }

    func commonPrefixes(_ listing: ObjectListing) -> [S3.CommonPrefix] {
        listing.commonPrefixes.map { .init(prefix: names($0)) }
    }
}

/// How keys stand in an answer. XML cannot say every key; percent-encoding can.
struct KeyEncoding: Sendable {
    private let isEncoded: Bool

    init(_ type: S3.EncodingType?) { isEncoded = type == .url }

    func callAsFunction(_ key: String) -> String {
        isEncoded ? PercentEncoding.encode(key, keepingSlashes: true) : key
    }
}
