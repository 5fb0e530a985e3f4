import AWSAPI
import S3API

/// ListObjectsV2's parameters, checked, and its answer.
struct ListingPage {
    static let keysMax = 1_000

    let prefix: String
    let delimiter: String?
    let start: ListingStart
    let max: Int
    private let isEncoded: Bool

    init(_ operation: S3.ListObjectsV2) throws(AWSError) {
        let asked = operation.maxKeys ?? Self.keysMax
        guard asked >= 0 else {
            throw .invalidArgument("max-keys", String(asked), "max-keys must not be negative.")
        }
        guard operation.encodingType == nil || operation.encodingType == .url else {
            throw .invalidArgument(
                "encoding-type", operation.encodingType?.rawValue ?? "",
                "Invalid Encoding Method specified in Request")
        }
        max = min(asked, Self.keysMax)
        prefix = operation.prefix ?? ""
        delimiter = operation.delimiter.flatMap { $0.isEmpty ? nil : $0 }
        isEncoded = operation.encodingType == .url
        if let token = operation.continuationToken {
            guard let start = ListingStart(token: token) else {
                throw .invalidArgument(
                    "continuation-token", token, "The continuation token provided is incorrect")
            }
            self.start = start
        } else {
            start = operation.startAfter.map { .after(Array($0.utf8)) } ?? .beginning
        }
    }

    func answer(
        _ listing: ObjectListing, of operation: S3.ListObjectsV2, owner: AccountID
    ) -> S3.ListObjectsV2.Response {
        .init(
            isTruncated: listing.next != nil,
            contents: listing.objects.map { object in
                .init(
                    key: encoded(object.key), lastModified: object.lastModified, eTag: object.etag,
                    size: object.size, storageClass: .standard,
                    owner: operation.fetchOwner == true ? .init(id: owner.rawValue) : nil)
            },
            name: operation.bucket, prefix: encoded(prefix), delimiter: delimiter.map(encoded),
            maxKeys: max,
            commonPrefixes: listing.commonPrefixes.map { .init(prefix: encoded($0)) },
            encodingType: operation.encodingType,
            keyCount: listing.objects.count + listing.commonPrefixes.count,
            continuationToken: operation.continuationToken,
            nextContinuationToken: listing.next?.token,
            startAfter: operation.startAfter.map(encoded))
    }

    /// XML cannot say every key; percent-encoding can.
    private func encoded(_ text: String) -> String {
        isEncoded ? PercentEncoding.encode(text, keepingSlashes: true) : text
    }
}
