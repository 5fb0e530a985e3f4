import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import Glibc
import HashTreeCollections
import Ledger

/// Rows in what was published: revisions without them take the place of those that had them.
extension ErasureRunner {
    /// Revokes the revisions. Where the one that is read is among them, another one takes its place in the
    /// same moment: with the same objects, less the rows.
    func supersede(
        _ revisions: [ExchangeID: [FileContent: ErasureExamination.Held]], _ erasure: ErasureRow
    ) async throws {
        for dataSet in state.current.exchange.dataSets(ownedBy: broker.provider).map(\.id) {
            let held = state.current.exchange.publications(of: dataSet)
                .filter { revisions[$0.id] != nil && $0.isHeld }
            guard !held.isEmpty else { continue }
            let current = state.current.exchange.publications(of: dataSet)
                .first(where: \.isPublished)
            var replacement: Replacement?
            if let current, let files = revisions[current.id] {
                replacement = try await Replacement(of: current, without: files, erasure, self)
            }
            try await exchange(held, for: replacement, current: current?.id, dataSet, erasure)
        }
    }

    private func exchange(
        _ held: [RevisionRow], for replacement: Replacement?, current: ExchangeID?,
        _ dataSet: ExchangeID, _ erasure: ErasureRow
    ) async throws {
        let event = event("EraseRevisions", of: erasure) {
            $0["dataSetId"] = .string(dataSet.rawValue)
            $0["revoked"] = .array(held.map { .string($0.id.rawValue) })
            $0["published"] = replacement.map { .string($0.row.id.rawValue) } ?? .null
        }
        do {
            try await state.change(recording: event) {
                [clock, eventSource = broker.eventSource, arns = broker.arns] db, state in
                // What was looked at may be another one's by now: then it is looked at again.
                let now = clock()
                let newest = state.exchange.publications(of: dataSet).first(where: \.isPublished)
                guard newest?.id == current else { throw Overtaken() }
                if let replacement {
                    var row = replacement.row
                    try Broker.publish(
                        &row, replacement.manifest, opening: replacement.assets.opening,
                        in: &state, at: now, eventSource, arns, db)
                    for asset in replacement.assets { try asset.insert(db) }
                    try ErasedRevisionRow(
                        erasure: erasure.id, dataSet: dataSet, revision: row.id,
                        isReplacement: true
                    ).insert(db)
                }
                for revision in held {
                    guard var row = state.exchange.revisions[dataSet]?[revision.id], row.isHeld
                    else { continue }
                    try Broker.revoke(&row, erasure.reason, in: &state, at: now, db)
                    try ErasedRevisionRow(
                        erasure: erasure.id, dataSet: dataSet, revision: row.id,
                        isReplacement: false
                    ).save(db)
                }
            }
        } catch {
            if let replacement { try await broker.manifests.discard(replacement.row.id) }
            if error is Overtaken { return }
            throw error
        }
        try await record(event)
    }

    /// A revision that is to take another one's place, pinned.
    struct Replacement: Sendable {
        var row: RevisionRow
        var assets: [AssetRow]
        var manifest: ManifestSummary

        /// - Returns: Nil where nothing is left of it.
        init?(
            of current: RevisionRow, without files: [FileContent: ErasureExamination.Held],
            _ erasure: ErasureRow, _ runner: ErasureRunner
        ) async throws {
            let now = runner.clock()
            row = RevisionRow(
                id: .make(), dataSet: current.dataSet, comment: current.comment,
                tags: current.tags, createdAt: now, updatedAt: now)
            let (objects, temporary) = try await runner.rest(of: current, without: files, erasure)
            // Only the name: the pin is the same file.
            defer { for path in temporary { unlink(path) } }
            assets = try await runner.assets(of: current, as: row.id, with: objects, at: now)
            guard !assets.isEmpty else { return nil }
            manifest = try await runner.broker.manifests.pin(
                objects, as: row.id, after: current.id)
        }
    }

    /// The objects of a revision, each as it was published, or without the rows.
    ///
    /// - Returns: Also files that are to go once they are pinned: of objects that are in no bucket any more.
    private func rest(
        of revision: RevisionRow, without files: [FileContent: ErasureExamination.Held],
        _ erasure: ErasureRow
    ) async throws -> (objects: [StoredObject], temporary: [String]) {
        let replaced = Dictionary(
            try await erased(by: erasure.id).compactMap { row in row.version.map { ($0, row) } },
            uniquingKeysWith: { first, _ in first })
        var found: [StoredObject] = []
        var temporary: [String] = []
        for file in try await broker.manifests.allFiles(of: revision.id) {
            guard let held = files[FileContent(file.identity)] else {
                if let object = try await published(file) { found.append(object) }
                continue
            }
            guard let version = file.versionID else {
                if let object = try await now(file) { found.append(object) }
                continue
            }
            var last = replaced[version]
            while let next = last?.replacedBy.flatMap({ replaced[$0] }) { last = next }
            if let last {
                guard let id = last.replacedBy else { continue }
                let row = try await state.ledger.read { db in
                    try ObjectVersion.fetchOne(db, key: id)
                }
                if let row {
                    found.append(try await Disk.run { try objects.files.object(of: row) })
                } else if let object = try await now(file) {
                    found.append(object)
                }
            } else if let rows = held.rows,
                let path = try await rest(
                    of: .init(path: file.path, key: file.key), held.table, losing: rows),
                let identity = FileIdentity(ofFileAt: path)
            {
                // The bucket does not have it any more; the revision does.
                temporary.append(path)
                found.append(
                    StoredObject(
                        bucket: file.bucket, key: file.key, path: path, identity: identity,
                        etag: identity.etag, versionID: UUID().uuidString.lowercased()))
            }
        }
        return (found, temporary)
    }

    /// The object that was published, by its pin; where that is broken, the one that lies there now.
    private func published(_ file: PinnedFile) async throws -> StoredObject? {
        let pinned = try await Disk.run { () -> StoredObject? in
            guard let identity = FileIdentity(ofFileAt: file.path), file.isUnchanged() else {
                return nil
            }
            var object = StoredObject(file)
            object.identity = identity
            return object
        }
        if let pinned { return pinned }
        return try await now(file)
    }

    func now(_ file: PinnedFile) async throws -> StoredObject? {
        guard let bucket = objects.bucket(named: file.bucket) else { return nil }
        return try await objects.head(file.key, in: bucket)
    }

    private func assets(
        of revision: RevisionRow, as id: ExchangeID, with objects: [StoredObject], at now: Date
    ) async throws -> [AssetRow] {
        let byName = Dictionary(
            objects.map { ([Array($0.bucket.utf8), Array($0.key.utf8)], $0) },
            uniquingKeysWith: { first, _ in first })
        return try await state.ledger.read { db in
            try Broker.assets(of: revision.id, db).compactMap { asset in
                var asset = asset
                asset.id = .make()
                asset.revision = id
                (asset.createdAt, asset.updatedAt) = (now, now)
                if case .snapshot(let imported) = asset.content {
                    guard
                        let object = byName[
                            [Array(imported.bucket.utf8), Array(imported.key.utf8)]]
                    else { return nil }
                    asset.content = .snapshot(object)
                }
                return asset
            }
        }
    }
}
