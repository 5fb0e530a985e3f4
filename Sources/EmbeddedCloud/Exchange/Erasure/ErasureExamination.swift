import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import GlueAPI
import HashTreeCollections
import Ledger

/// Where rows of a product are that are to go, at one moment: in the lake, each version of it, and in every
/// revision whose files are kept.
struct ErasureExamination: Sendable {
    struct Version: Sendable {
        var version: ObjectVersion
        var object: StoredObject
        var table: RowEraser.Table
        var rows: Int
    }

    struct LinkedFile: Sendable {
        var object: StoredObject
        var rows: Int
    }

    /// Of managed buckets.
    var versions: [Version] = []
    /// Of linked directories, as they are now.
    var linked: [LinkedFile] = []
    /// Revisions with such files, and those files' rows by their contents.
    var revisions: [ExchangeID: [FileContent: Held]] = [:]
    var notExamined: [String] = []

    /// A file of a revision's.
    struct Held: Sendable {
        var table: RowEraser.Table
        /// Nil: the provider has replaced it, so that it cannot be counted any more.
        var rows: Int?
    }
}

/// Looks for rows.
struct ErasureExaminer: Sendable {
    /// Files that are looked into at a time.
    private static let batch = 1_000
    /// Keys that are told of what was not looked into.
    static let notExaminedMax = 1_000

    let state: StateStore
    let objects: ObjectStore
    let manifests: Manifests
    let provider: AccountID
    let expressions: ExpressionEngine
    let eraser: RowEraser

    // MARK: What is to be looked for

    /// - Throws: `ValidationException` for what cannot be erased from.
    func tables(
        of product: Bourse.Product, named names: [String], where expression: String
    ) async throws -> [RowEraser.Table] {
        for name in names where !product.tables.contains(name) {
            throw AWSError.validation("\(name) is none of the product's tables.")
        }
        var tables: [RowEraser.Table] = []
        for name in names {
            let id = DatabaseID(catalog: provider, name: product.database).table(name)
            let catalogue = state.current.catalogue
            guard let table = catalogue[id], let folder = table.folder else {
                throw AWSError.validation("There is no table \(product.database).\(name) any more.")
            }
            guard !catalogue.hasPlacedPartitions(id) else {
                throw AWSError.validation(
                    "\(name) has partitions that lie elsewhere than their values say; drop those, or move them "
                        + "below \(folder).")
            }
            guard
                case .parquet? = try? SerDe(
                    of: table.storageDescriptor, parameters: table.parameters ?? [:])
            else { throw AWSError.validation("\(name) is no table of Parquet files.") }
            let predicate: RowPredicate
            do throws(any Error) {
                predicate = try await FilterExpressionReader(columns: table.filterColumns)
                    .predicate(of: expression, by: expressions)
            } catch let error as AWSError {
                throw AWSError.validation("\(name): \(error.message)")
            }
            // Earlier revisions may have its files from where it lay before.
            for folder in try await formerFolders(of: id, besides: folder) + [folder] {
                tables.append(
                    .init(
                        name: name, folder: folder, predicate: predicate,
                        partitions: (table.partitionKeys ?? []).map(\.name)))
            }
        }
        return tables
    }

    private func formerFolders(of id: TableID, besides current: S3URL) async throws -> [S3URL] {
        let versions = try await state.ledger.read { db in try TableVersionRow.all(of: id, in: db) }
        let folders = try versions.compactMap { try Glue.Table(json: $0.definition).folder }
        return Set(folders).subtracting([current]).sorted { $0.description < $1.description }
    }

    // MARK: Looking

    /// A file that may have rows: under several names, such as a pin's, it is one. Not under several keys,
    /// since those say what partition it is of.
    private struct Candidate: Hashable {
        var content: FileContent
        /// Bytes: to Swift, two spellings of a letter are the same text.
        var key: [UInt8]

        init(_ identity: FileIdentity, _ key: String) {
            content = FileContent(identity)
            self.key = Array(key.utf8)
        }
    }

    /// - Parameter known: Files of linked directories that held rows and that the provider has replaced.
    func examine(
        _ tables: [RowEraser.Table], known: Set<FileContent> = []
    ) async throws -> ErasureExamination {
        var found = ErasureExamination()
        for table in tables { try await examine(table, known, &found) }
        found.notExamined = Array(found.notExamined.prefix(Self.notExaminedMax))
        return found
    }

    private func examine(
        _ table: RowEraser.Table, _ known: Set<FileContent>, _ found: inout ErasureExamination
    ) async throws {
        // A revision keeps its files also where the bucket is gone.
        let bucket = objects.bucket(named: table.folder.bucket)
            .flatMap { $0.account == provider ? $0 : nil }
        var (versions, linked): ([(ObjectVersion, StoredObject)], [StoredObject]) = ([], [])
        if let bucket, bucket.isLinked {
            linked = try await live(in: bucket, below: table)
        } else if let bucket {
            versions = try await self.versions(in: bucket, below: table)
        }
        var held: [(revision: ExchangeID, file: PinnedFile)] = []
        for revision in heldRevisions {
            let files = try await manifests.files(
                of: revision, bucket: table.folder.bucket, prefix: table.folder.key, where: [])
            for file in files {
                // A file that was replaced says nothing any more; what it held is on record.
                if file.isUnchanged() {
                    held.append((revision, file))
                } else if known.contains(FileContent(file.identity)) {
                    found.revisions[revision, default: [:]][FileContent(file.identity)] =
                        .init(table: table, rows: nil)
                }
            }
        }
        var files: [Candidate: RowEraser.File] = [:]
        for (_, file) in held {
            files[Candidate(file.identity, file.key)] = .init(path: file.path, key: file.key)
        }
        for object in versions.map(\.1) + linked {
            files[Candidate(object.identity, object.key)] = .init(
                path: object.path, key: object.key)
        }
        let rows = try await self.rows(of: files, table)
        for (version, object) in versions {
            let count = rows.counts[Candidate(object.identity, object.key)] ?? 0
            guard count > 0 else { continue }
            found.versions.append(
                .init(version: version, object: object, table: table, rows: count))
        }
        for object in linked {
            let count = rows.counts[Candidate(object.identity, object.key)] ?? 0
            if count > 0 { found.linked.append(.init(object: object, rows: count)) }
        }
        for (revision, file) in held {
            guard let count = rows.counts[Candidate(file.identity, file.key)], count > 0 else {
                continue
            }
            found.revisions[revision, default: [:]][FileContent(file.identity)] =
                .init(table: table, rows: count)
        }
        guard found.versions.count + found.linked.count <= ErasureRunner.objectsMax else {
            throw ErasureFault.tooMany
        }
        found.notExamined += rows.notExamined
    }

    /// The revisions of the provider's that somebody reads, or may again.
    private var heldRevisions: [ExchangeID] {
        let exchange = state.current.exchange
        return exchange.dataSets(ownedBy: provider).flatMap { dataSet in
            exchange.publications(of: dataSet.id).filter(\.isHeld).map(\.id)
        }
    }

    private func rows(
        of files: [Candidate: RowEraser.File], _ table: RowEraser.Table
    ) async throws -> (counts: [Candidate: Int], notExamined: [String]) {
        let wanted = try await wanted(files, table)
        var counts: [Candidate: Int] = [:]
        var notExamined: [String] = []
        var rest = wanted[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            let some = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(Self.batch)
            let found = try await eraser.rows(of: some.compactMap { files[$0] }, toErase: table)
            for (candidate, count) in zip(some, found) {
                if let count {
                    counts[candidate] = count
                } else if candidate.content.size > 0, let key = files[candidate]?.key {
                    notExamined.append(key)
                }
            }
        }
        return (counts, notExamined.sorted())
    }

    /// Those of the files whose partitions may have such rows.
    private func wanted(
        _ files: [Candidate: RowEraser.File], _ table: RowEraser.Table
    ) async throws -> [Candidate] {
        let byKey = files.sorted { $0.value.key < $1.value.key }
        guard !table.partitions.isEmpty else { return byKey.map(\.key) }
        let predicate = table.predicate.weakened(to: Set(table.partitions))
        func list(_ file: RowEraser.File) -> String {
            JSONValue.array(
                table.values(of: file.key).map { $0.map(JSONValue.string) ?? .null }
            ).text
        }
        let lists = Set(byKey.map { list($0.value) })
        let wanted = Set(
            try await expressions.lists(
                lists.sorted(), of: table.partitions, where: predicate))
        return byKey.filter { wanted.contains(list($0.value)) }.map(\.key)
    }

    private func versions(
        in bucket: Bucket, below table: RowEraser.Table
    ) async throws -> [(ObjectVersion, StoredObject)] {
        let prefix = Array(table.folder.key.utf8)
        return try await state.ledger.read { [objects] db in
            var found: [(ObjectVersion, StoredObject)] = []
            let rows = try ObjectVersion.fetchCursor(
                db,
                sql: """
                    SELECT * FROM objectVersion
                    WHERE bucket = ? AND key >= ? AND isDeleteMarker = 0 ORDER BY key
                    """,
                arguments: [bucket.name.rawValue, table.folder.key])
            while let version = try rows.next() {
                guard Array(version.key.utf8).starts(with: prefix) else { break }
                found.append((version, try objects.files.object(of: version)))
            }
            return found
        }
    }

    private func live(
        in bucket: Bucket, below table: RowEraser.Table
    ) async throws -> [StoredObject] {
        var found: [StoredObject] = []
        while true {
            let page = try await objects.list(
                bucket, prefix: table.folder.key, after: found.last?.key, max: Self.batch)
            found += page
            if page.count < Self.batch { return found }
        }
    }
}
