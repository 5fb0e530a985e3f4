import DuckDB
import FoundationEssentials
import Logging
import Synchronization

/// Which files each published revision consists of.
///
/// A manifest is a Parquet file in `manifests/`, one row an object, in the order of the keys; beside the
/// columns of ``PinnedFile`` it has what planning prunes by (see ``ManifestColumn``). It is written once,
/// and exists under its name only whole. `pins/` has a folder of links for each revision that has any.
struct Manifests: Sendable {
    private let manifests: URL
    private let pins: URL
    private let writer: ManifestWriter
    private let planner: Planner
    private let log: Logger
    /// How far finalizations have come.
    private let progress = Progresses()

    /// Of the engine's instances: one reads footers, the other one plans.
    private static let engineSettings = [
        "memory_limit": "2GB", "temp_directory": "", "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        // Each file is read once: nothing of it is kept.
        "enable_external_file_cache": "false",
        // The rows of a manifest are in the order of their keys, and so are those that are found.
        "preserve_insertion_order": "true",
    ]

    init(
        directory: DataDirectory, log: Logger,
        checkpointFiles: Int = ManifestWriter.checkpointFilesDefault
    ) throws {
        manifests = directory.manifests
        pins = directory.pins
        self.log = log
        for folder in [manifests, pins] {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        writer = ManifestWriter(
            engine: DeferredConnection(settings: Self.engineSettings),
            checkpointFiles: checkpointFiles)
        planner = Planner(engine: DeferredConnection(settings: Self.engineSettings))
    }

    /// Pins the objects and writes the manifest. It is read by nobody until the revision is finalized.
    ///
    /// - Parameter earlier: A revision whose footers are not read again where the files are the same.
    /// - Throws: ``ManifestFault`` for an object that changed meanwhile, or cannot be read.
    func pin(
        _ objects: [StoredObject], as revision: ExchangeID, after earlier: ExchangeID?
    ) async throws -> ManifestSummary {
        // What a finalization that failed has left, but for what it knew of files by then.
        try remove([folder(revision)])
        progress[revision] = ManifestProgress(done: 0, total: objects.count)
        defer { progress[revision] = nil }
        let summary = try await writer.write(
            objects, to: file(revision),
            after: [unfinished(revision)] + (earlier.map { [file($0)] } ?? []),
            checkpoint: unfinished(revision),
            // A name of its own each time: a worker that was let read one may not read what comes after it.
            pinning: folder(revision).appending(
                path: UUID().uuidString.prefix(8).lowercased(), directoryHint: .isDirectory)
        ) { [progress] count in progress.add(count, of: revision) }
        try remove([unfinished(revision)])
        // Of one that was reopened, a reader on its way may have brought the old one back.
        try await planner.forget(revision)
        return summary
    }

    /// Nil: it is not being finalized.
    func progress(of revision: ExchangeID) -> ManifestProgress? { progress[revision] }

    /// The files under a prefix, in the order of their keys, less those that cannot hold a wanted row.
    func files(
        of revision: ExchangeID, bucket: String, prefix: String, where predicates: [PrunePredicate]
    ) async throws -> [PinnedFile] {
        try await planner.files(
            in: file(revision), of: revision, bucket: bucket, prefix: prefix, where: predicates)
    }

    /// Every object, in the order of buckets and keys.
    func allFiles(of revision: ExchangeID) async throws -> [PinnedFile] {
        try await planner.allFiles(in: file(revision), of: revision)
    }

    /// The object of that key. Nil: the revision has none.
    func file(
        _ key: String, of revision: ExchangeID, bucket: String
    ) async throws -> PinnedFile? {
        try await planner.file(key, in: file(revision), of: revision, bucket: bucket)
    }

    /// One page of what a revision has in a part of a bucket.
    func listing(
        _ part: PublishedPart, in bucket: String, prefix: String, delimiter: String?,
        from start: ListingStart, max: Int
    ) async throws -> ObjectListing {
        guard let revision = part.revision else { return ObjectListing() }
        return try await planner.listing(
            of: part, in: file(revision), of: revision, bucket: bucket, prefix: prefix,
            delimiter: delimiter, from: start, max: max)
    }

    /// What a revision has that an earlier one had not.
    func changes(in revision: ExchangeID, since earlier: ExchangeID?) async throws
        -> ManifestChanges
    {
        try await planner.changes(
            in: file(revision), of: revision, since: earlier.map { ($0, file($0)) })
    }

    /// Those that Parquet files under a prefix have, each once.
    func schemas(
        of revision: ExchangeID, bucket: String, prefix: String
    ) async throws -> [ParquetSchema] {
        try await planner.schemas(
            in: file(revision), of: revision, bucket: bucket, prefix: prefix)
    }

    /// Counts the rows under a prefix. Nil where the manifest does not know of all files.
    func tally(
        of revision: ExchangeID, bucket: String, prefix: String, where predicates: [PrunePredicate],
        by partitions: [String], bounds: [ManifestTally.Bound]
    ) async throws -> ManifestTally? {
        try await planner.tally(
            in: file(revision), of: revision, bucket: bucket, prefix: prefix, where: predicates,
            by: partitions, bounds: bounds)
    }

    /// Forgets a manifest whose revision is not finalized, or not any more. What was read of its files is kept for
    /// another attempt.
    func discard(_ revision: ExchangeID) async throws {
        try await planner.forget(revision)
        try remove([file(revision), folder(revision)])
    }

    /// Forgets what attempts at drafts have read: of one, or of all.
    func discardUnfinished(_ revision: ExchangeID? = nil) throws {
        if let revision { return try remove([unfinished(revision)]) }
        try remove(
            try contents(of: manifests).filter {
                $0.lastPathComponent.hasSuffix(Self.unfinishedSuffix)
            })
    }

    /// Lets go of a revoked revision's files. What it consisted of stays on record.
    func releasePins(of revision: ExchangeID) async throws {
        try await planner.forget(revision)
        try remove([folder(revision)])
    }

    /// Of a revoked revision: which objects it consisted of stays on record, and nothing of what is in them.
    func dropBounds(of revision: ExchangeID) async throws {
        try await writer.dropBounds(of: file(revision))
    }

    /// Removes what belongs to no finalized revision, and to no draft that may be finalized yet.
    func sweep(
        finalized: Set<ExchangeID>, published: Set<ExchangeID>, drafts: Set<ExchangeID>
    ) async throws {
        let wanted = Set(
            finalized.map { file($0).lastPathComponent }
                + drafts.map { unfinished($0).lastPathComponent })
        let pinned = Set(published.map { folder($0).lastPathComponent })
        let orphans =
            try contents(of: manifests).filter { !wanted.contains($0.lastPathComponent) }
            + contents(of: pins).filter { !pinned.contains($0.lastPathComponent) }
        guard !orphans.isEmpty else { return }
        try remove(orphans)
        log.notice(
            "removed what unfinished publications left", metadata: ["count": "\(orphans.count)"])
    }

    private func file(_ revision: ExchangeID) -> URL {
        manifests.appending(path: "\(revision).parquet")
    }

    private static let unfinishedSuffix = ".unfinished.parquet"

    private func unfinished(_ revision: ExchangeID) -> URL {
        manifests.appending(path: "\(revision)\(Self.unfinishedSuffix)")
    }

    private func folder(_ revision: ExchangeID) -> URL {
        pins.appending(path: revision.rawValue, directoryHint: .isDirectory)
    }

    private func contents(of folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(atPath: folder.localPath)
            .map { folder.appending(path: $0) }
    }

    private func remove(_ urls: [URL]) throws {
        for url in urls
        where FileManager.default.fileExists(atPath: url.localPath) {
            try FileManager.default.removeItem(atPath: url.localPath)
        }
    }
}

/// How far a manifest has come: files of which everything is known, and all.
struct ManifestProgress: Sendable {
    var done: Int
    var total: Int
}

private final class Progresses: Sendable {
    private let all = Mutex<[ExchangeID: ManifestProgress]>([:])

    subscript(revision: ExchangeID) -> ManifestProgress? {
        get { all.withLock { $0[revision] } }
        set { all.withLock { $0[revision] = newValue } }
    }

    func add(_ count: Int, of revision: ExchangeID) {
        all.withLock { $0[revision]?.done += count }
    }
}

/// What a manifest says in all.
struct ManifestSummary: Equatable, Sendable {
    var objectCount: Int
    var bytes: Int
    /// Of the Parquet files.
    var rowCount: Int
    /// The weakest of the files'.
    var guarantee: PinGuarantee
}

/// Why there is no manifest. The key is the provider's own, and may be shown to it.
enum ManifestFault: Error, Equatable {
    /// The file is not the one that was listed, or not any more.
    case changed(key: String)
    /// A folder of its key is longer than a file system's names are.
    case unnameable(key: String)
    /// It has Parquet's mark, and no footer that can be read.
    case unreadable(key: String)
}
