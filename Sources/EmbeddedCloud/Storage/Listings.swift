import AWSAPI
import FoundationEssentials
import GRDB
import Ledger
import S3API

/// What policies may ask of an operation that lists keys.
private protocol KeyListing {
    var prefix: String? { get }
    var delimiter: String? { get }
    var maxKeys: Int? { get }
}

extension S3.ListObjectsV2: KeyListing {}
extension S3.ListObjects: KeyListing {}
extension S3.ListObjectVersions: KeyListing {}

extension KeyListing {
    fileprivate var policyContext: [ConditionKey: String?] {
        [.prefix: prefix, .delimiter: delimiter, .maxKeys: maxKeys.map { String($0) }]
    }
}

/// S3's operations that list a bucket's keys.
struct Listings: Sendable {
    let lake: LakeView

    private var objects: ObjectStore { lake.objects }

    var handlers: [Handler] {
        [
            Handler(
                listObjectsV2, action: { _ in "s3:ListBucket" },
                on: { operation, _ in .s3(bucket: operation.bucket) },
                saying: { $0.policyContext }),
            Handler(
                listObjects, action: { _ in "s3:ListBucket" },
                on: { operation, _ in .s3(bucket: operation.bucket) },
                saying: { $0.policyContext }),
            Handler(
                listObjectVersions, action: { _ in "s3:ListBucketVersions" },
                on: { operation, _ in .s3(bucket: operation.bucket) },
                saying: { $0.policyContext }),
        ]
    }

    @Sendable func listObjectsV2(
        _ operation: S3.ListObjectsV2, _ request: Request
    ) async throws -> S3.ListObjectsV2.Response {
        let bucket = try lake.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner, for: request)
        let page = try ListingPage(
            prefix: operation.prefix, delimiter: operation.delimiter, max: operation.maxKeys,
            encoding: operation.encodingType)
        var start = operation.startAfter.map { ListingStart.after(Array($0.utf8)) }
        if let token = operation.continuationToken {
            guard let known = ListingStart(token: token) else {
                throw AWSError.invalidArgument(
                    "continuation-token", token, "The continuation token provided is incorrect")
            }
            start = known
        }
        let listing = try await list(
            page, of: bucket, from: start ?? .beginning, for: request.account)
        return .init(
            isTruncated: listing.next != nil,
            contents: page.contents(
                listing, owner: operation.fetchOwner == true ? bucket.account : nil),
            name: operation.bucket, prefix: page.names(page.prefix),
            delimiter: page.delimiter.map { page.names($0) }, maxKeys: page.max,
            commonPrefixes: page.commonPrefixes(listing), encodingType: operation.encodingType,
            keyCount: listing.objects.count + listing.commonPrefixes.count,
            continuationToken: operation.continuationToken,
            nextContinuationToken: listing.next?.token,
            startAfter: operation.startAfter.map { page.names($0) })
    }

    @Sendable func listObjects(
        _ operation: S3.ListObjects, _ request: Request
    ) async throws -> S3.ListObjects.Response {
        let bucket = try lake.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner, for: request)
        let page = try ListingPage(
            prefix: operation.prefix, delimiter: operation.delimiter, max: operation.maxKeys,
            encoding: operation.encodingType)
        let marker = operation.marker ?? ""
        let listing = try await list(
            page, of: bucket, from: page.start(after: marker), for: request.account)
        return .init(
            isTruncated: listing.next != nil, marker: page.names(marker),
            nextMarker: listing.next?.key.map { page.names($0) },
            contents: page.contents(listing, owner: bucket.account), name: operation.bucket,
            prefix: page.names(page.prefix), delimiter: page.delimiter.map { page.names($0) },
            maxKeys: page.max, commonPrefixes: page.commonPrefixes(listing),
            encodingType: operation.encodingType)
    }

    private func list(
        _ page: ListingPage, of bucket: Bucket, from start: ListingStart, for reader: AccountID
    ) async throws -> ObjectListing {
        try await refusing {
            try await lake.list(
                bucket, prefix: page.prefix, delimiter: page.delimiter, from: start, max: page.max,
                for: reader)
        }
    }

    @Sendable func listObjectVersions(
        _ operation: S3.ListObjectVersions, _ request: Request
    ) async throws -> S3.ListObjectVersions.Response {
        let bucket = try lake.bucket(
            operation.bucket, expectedOwner: operation.expectedBucketOwner, for: request)
        let page = try ListingPage(
            prefix: operation.prefix, delimiter: operation.delimiter, max: operation.maxKeys,
            encoding: operation.encodingType)
        let marker = VersionMarker(
            key: operation.keyMarker ?? "", version: operation.versionIdMarker)
        let listing = try await versions(page, of: bucket, after: marker, for: request.account)
        let owner = S3.Owner(id: bucket.account.rawValue)
        return .init(
            isTruncated: listing.next != nil, keyMarker: page.names(marker.key),
            versionIdMarker: marker.version, nextKeyMarker: listing.next.map { page.names($0.key) },
            nextVersionIdMarker: listing.next?.version,
            versions: listing.versions.filter { !$0.isDeleteMarker }.map { version in
                .init(
                    eTag: version.etag, size: version.size, storageClass: .standard,
                    key: page.names(version.key), versionId: version.id,
                    isLatest: version.isLatest, lastModified: version.lastModified, owner: owner)
            },
            deleteMarkers: listing.versions.filter(\.isDeleteMarker).map { version in
                .init(
                    owner: owner, key: page.names(version.key), versionId: version.id,
                    isLatest: version.isLatest, lastModified: version.lastModified)
            }, name: operation.bucket, prefix: page.names(page.prefix),
            delimiter: page.delimiter.map { page.names($0) }, maxKeys: page.max,
            commonPrefixes: listing.commonPrefixes.map { .init(prefix: page.names($0)) },
            encodingType: operation.encodingType)
    }

    private func versions(
        _ page: ListingPage, of bucket: Bucket, after marker: VersionMarker, for reader: AccountID
    ) async throws -> VersionListing {
        guard bucket.isLinked || lake.isPublished(page.prefix, in: bucket, for: reader) else {
            return try await objects.state.ledger.read { [files = objects.files] db in
                try VersionListing(
                    of: bucket, in: files, prefix: page.prefix, delimiter: page.delimiter,
                    after: marker, max: page.max, db)
            }
        }
        // A linked file has no versions but the one that there is, which S3 calls "null", and of a published one
        // others are not told.
        let listing = try await list(
            page, of: bucket, from: page.start(after: marker.key), for: reader)
        return VersionListing(of: listing, in: bucket)
    }
}
