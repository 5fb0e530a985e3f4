import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger

/// The lake as one account sees it through S3: its own buckets as they are, and of another's what was
/// published, wherever a data set says so.
struct LakeView: Sendable {
    let objects: ObjectStore
    let manifests: Manifests

    /// The bucket of that name, or the one for which the account has that alias.
    func bucket(
        _ name: String, expectedOwner: String?, for request: Request
    ) throws(AWSError) -> Bucket {
        let aliased = objects.state.current.exchange.bucket(
            aliased: name, for: request.account, at: request.time)
        return try objects.bucket(aliased ?? name, expectedOwner: expectedOwner)
    }

    /// The object with what its writer said of it. Nil if there is none.
    ///
    /// - Parameter version: Nil for the latest, or for the published one.
    /// - Throws: ``ObjectChanged`` for a published file that the provider changed in place.
    func find(
        _ key: String, in bucket: Bucket, version: String?, for reader: AccountID
    ) async throws -> (object: StoredObject, attributes: ObjectAttributes)? {
        guard reader != bucket.account,
            let coverage = objects.state.current.exchange.coverage(
                of: key, in: bucket.name.rawValue, of: bucket.account)
        else { return try await objects.find(key, in: bucket, version: version) }
        guard let revision = coverage.revision,
            let pinned = try await manifests.file(
                key, of: revision, bucket: bucket.name.rawValue)
        else { return nil }
        return try await Disk.run { [ledger = objects.state.ledger] in
            let row = try pinned.versionID.flatMap { id in
                try ledger.readBlocking { db in try ObjectVersion.fetchOne(db, key: id) }
            }
            var object = StoredObject(pinned)
            object.versionName = row?.name ?? bucket.versionName(of: pinned.versionID)
            if let version, version != object.versionName, version != pinned.versionID {
                return nil
            }
            guard object.isStill(FileIdentity(ofFileAt: object.path)) else {
                throw ObjectChanged(object)
            }
            return (object, row?.attributes ?? ObjectAttributes())
        }
    }

    /// One page of a bucket's keys, with what the delimiter rolls up.
    func list(
        _ bucket: Bucket, prefix: String, delimiter: String?, from start: ListingStart, max: Int,
        for reader: AccountID
    ) async throws -> ObjectListing {
        let view = objects.state.current.exchange.parts(
            of: prefix, in: bucket.name.rawValue, of: bucket.account)
        guard reader != bucket.account, let view else {
            return try await objects.list(
                bucket, prefix: prefix, delimiter: delimiter, from: start, max: max)
        }
        var listings: [ObjectListing] = []
        for part in view.published where start.mayPrecedeKeys(below: part.beginning) {
            listings.append(
                try await manifests.listing(
                    part, in: bucket.name.rawValue, prefix: prefix, delimiter: delimiter,
                    from: start, max: max))
        }
        if !view.isWhole {
            listings.append(
                try await objects.list(
                    bucket, prefix: prefix, delimiter: delimiter, from: start, max: max,
                    without: view.covered))
        }
        return ObjectListing(merging: listings, max: max)
    }

    /// Whether what the account sees there was published, at least in part.
    func isPublished(_ prefix: String, in bucket: Bucket, for reader: AccountID) -> Bool {
        reader != bucket.account
            && objects.state.current.exchange.parts(
                of: prefix, in: bucket.name.rawValue, of: bucket.account) != nil
    }
}

extension Bucket {
    /// What S3 calls a version whose row is not at hand.
    func versionName(of id: String?) -> String? { versioning == nil ? "null" : id }
}

extension StoredObject {
    /// A published one, as it was published.
    init(_ pinned: PinnedFile) {
        self.init(
            bucket: pinned.bucket, key: pinned.key, path: pinned.path, identity: pinned.identity,
            etag: pinned.etag, versionID: pinned.versionID, versionName: pinned.versionID,
            guarantee: pinned.guarantee)
    }
}

extension ObjectListing {
    /// One page of several listings' entries. Each of them has as many from the same start, if there are.
    init(merging listings: [ObjectListing], max: Int) {
        enum Entry {
            case object(StoredObject)
            case commonPrefix(String)
        }
        var entries: [(name: [UInt8], entry: Entry)] = []
        var seen: Set<[UInt8]> = []
        for listing in listings {
            entries += listing.objects.map { (Array($0.key.utf8), .object($0)) }
            for prefix in listing.commonPrefixes where seen.insert(Array(prefix.utf8)).inserted {
                entries.append((Array(prefix.utf8), .commonPrefix(prefix)))
            }
        }
        entries.sort { $0.name.precedes($1.name) }
        for (_, entry) in entries.prefix(max) {
            switch entry {
            case .object(let object): objects.append(object)
            case .commonPrefix(let prefix): commonPrefixes.append(prefix)
            }
        }
        guard entries.count > max || listings.contains(where: { $0.next != nil }) else { return }
        next = entries.prefix(max).last.map { name, entry in
            if case .commonPrefix = entry { .afterAll(name) } else { .after(name) }
        }
    }
}

/// A bucket's objects without those that begin so.
struct RemainingKeys<Base: KeyCursor>: KeyCursor {
    private var base: Base
    private let without: [PublishedPart]

    init(of base: Base, without: [PublishedPart]) {
        self.base = base
        self.without = without
    }

    mutating func next() throws -> StoredObject? {
        while let object = try base.next() {
            let key = Array(object.key.utf8)
            guard let part = without.first(where: { $0.begins(key) }) else { return object }
            if !part.isKey { try base.skip(part.beginning) }
        }
        return nil
    }

    mutating func skip(_ prefix: [UInt8]) throws { try base.skip(prefix) }
}
