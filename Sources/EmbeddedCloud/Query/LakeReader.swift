import AWSAPI
import FoundationEssentials
import HashTreeCollections

/// What a reader of a table's location sees: the files that a revision pinned, or those that are there now.
struct LakeReader: Sendable {
    /// Files of one table that is read as it stands; larger ones are published, and so have a manifest.
    static let liveFilesMax = 100_000
    private static let pageMax = 1_000

    let objects: ObjectStore
    let manifests: Manifests

    /// - Parameters:
    ///   - predicates: All of them hold for every row that is wanted: files without one need not be told.
    ///   - publishing: A revision of the owner's that is about to be finalized, and is read in the place of
    ///     what lies there.
    /// - Throws: ``QueryFault`` where there is nothing to read.
    func files(
        at url: S3URL, of owner: AccountID, for reader: AccountID,
        where predicates: [PrunePredicate], before publishing: ExchangeID? = nil
    ) async throws -> TableFiles {
        let location = url.folder
        if let publishing, reader == owner {
            let pinned = try await manifests.files(
                of: publishing, bucket: location.bucket, prefix: location.key, where: predicates)
            return TableFiles(pinned, prefix: location.key)
        }
        switch objects.state.current.source(at: location, of: owner, for: reader) {
        case .live(let bucket)?:
            return TableFiles(try await live(bucket, location), prefix: location.key)
        case .published(let parts, let bucket)?:
            var files = TableFiles([PinnedFile](), prefix: location.key)
            for part in parts.published {
                files.add(
                    TableFiles(
                        try await pinned(part, below: location, where: predicates),
                        prefix: location.key))
            }
            if !parts.isWhole {
                let rest = try await live(bucket, location, without: parts.covered)
                files.add(TableFiles(rest, prefix: location.key))
            }
            return files
        case nil:
            throw QueryFault(
                "HIVE_METASTORE_ERROR", "The table's location is not a bucket of its owner")
        }
    }

    /// Counts the rows of a published table without a look into its files. Nil where that is not known.
    func tally(
        at url: S3URL, of owner: AccountID, for reader: AccountID,
        where predicates: [PrunePredicate],
        by partitions: [String], bounds: [ManifestTally.Bound]
    ) async throws -> ManifestTally? {
        let location = url.folder
        guard
            case .published(let parts, _)? = objects.state.current.source(
                at: location, of: owner, for: reader),
            parts.isWhole, parts.covered.count == 1, let revision = parts.published.first?.revision
        else { return nil }
        return try await manifests.tally(
            of: revision, bucket: location.bucket, prefix: location.key, where: predicates,
            by: partitions, bounds: bounds)
    }

    /// What a revision has of a part of a folder.
    private func pinned(
        _ part: PublishedPart, below location: S3URL, where predicates: [PrunePredicate]
    ) async throws -> [PinnedFile] {
        guard let revision = part.revision else { return [] }
        let beginning = String(decoding: part.beginning, as: UTF8.self)
        let isAround = location.key.utf8.starts(with: part.beginning)
        let files = try await manifests.files(
            of: revision, bucket: location.bucket, prefix: isAround ? location.key : beginning,
            where: predicates)
        guard part.isKey || !part.without.isEmpty else { return files }
        return files.filter { part.has(Array($0.key.utf8)) }
    }

    private func live(
        _ bucket: Bucket, _ location: S3URL, without parts: [PublishedPart] = []
    ) async throws -> [StoredObject] {
        var found: [StoredObject] = []
        while true {
            let start = found.last.map { ListingStart.after(Array($0.key.utf8)) } ?? .beginning
            let page = try await objects.list(
                bucket, prefix: location.key, delimiter: nil, from: start, max: Self.pageMax,
                without: parts
            ).objects
            found += page
            guard page.count == Self.pageMax else { return found }
            guard found.count < Self.liveFilesMax else {
                throw QueryFault(
                    "HIVE_EXCEEDED_PARTITION_LIMIT",
                    "The table has more than \(Self.liveFilesMax) files; publish it as a revision")
            }
        }
    }
}

/// Where the files of a table's location come from.
enum LakeSource: Sendable {
    /// What lies in the bucket now.
    case live(Bucket)
    /// What data sets' revisions pinned, and of the rest what lies in the bucket now.
    case published(PublishedParts, Bucket)
}

extension CloudState {
    /// The owner reads what is there; everyone else what was published, where a data set covers it.
    ///
    /// - Parameter location: A folder.
    /// - Returns: Nil where it is in no bucket of its owner's.
    func source(
        at location: S3URL, of owner: AccountID, for reader: AccountID
    ) -> LakeSource? {
        guard let bucket = BucketName(rawValue: location.bucket).flatMap({ storage.buckets[$0] }),
            bucket.account == owner
        else { return nil }
        guard reader != owner,
            let parts = exchange.parts(of: location.key, in: location.bucket, of: owner)
        else { return .live(bucket) }
        return .published(parts, bucket)
    }
}

extension TableFiles {
    init(_ pinned: [PinnedFile], prefix: String) {
        self.init(
            files: pinned.map {
                File(
                    path: $0.path, identity: $0.identity, key: $0.key, guarantee: $0.guarantee,
                    fingerprint: $0.schema)
            }, prefix: prefix)
    }

    init(_ objects: [StoredObject], prefix: String) {
        self.init(
            files: objects.map {
                File(path: $0.path, identity: $0.identity, key: $0.key, guarantee: .detection)
            }, prefix: prefix)
    }

    mutating func add(_ others: TableFiles) {
        files += others.files
        directories.formUnion(others.directories)
    }

    /// As Athena: what begins with a dot or an underscore is not data, nor is a folder's marker.
    static func isData(key: String, size: Int) -> Bool {
        let name = key.split(separator: "/").last ?? ""
        return !name.hasPrefix(".") && !name.hasPrefix("_") && size > 0
    }

    private init(files: [File], prefix: String) {
        self.files = files.filter { Self.isData(key: $0.key, size: $0.identity.size) }
        directories = Set(
            self.files.map { file in
                file.hasKeyInPath
                    ? String(file.path.dropLast(file.key.count)) + prefix
                    : Self.folder(of: file.path)
            })
    }

    /// The folder of a file, or the one around its partitions: then it is the same for all of a table's.
    private static func folder(of path: String) -> String {
        var names = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        while names.last?.contains("=") == true { names.removeLast() }
        return names.joined(separator: "/")
    }
}
