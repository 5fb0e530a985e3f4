import AWSAPI
import FoundationEssentials
import GRDB
import Ledger
import HashTreeCollections

/// Exports: copies of what a revision holds, in buckets of whoever asks for them. Nothing else here copies.
extension JobRunner {
    /// What an export is of.
    struct Source: Sendable {
        var revision: RevisionRow
        var dataSet: DataSetView
    }

    /// - Throws: ``JobFault`` where the job's owner does not receive it any more, or is cut off.
    static func sources(
        of job: JobRow, in state: CloudState, at now: Date
    ) throws -> [ExchangeID: Source] {
        guard state.identity.isOpen(job.owner, to: job.updatedAt) else { throw JobFault.cutOff }
        guard let view = state.exchange.dataSet(job.dataSet, seenBy: job.owner, at: now) else {
            throw JobFault.noDataSet(job.dataSet)
        }
        var sources: [ExchangeID: Source] = [:]
        for id in job.task.revisions ?? [job.revision].compactMap(\.self) {
            guard let revision = state.exchange.revision(id, of: view), revision.revokedAt == nil
            else { throw JobFault.noRevision }
            sources[id] = Source(revision: revision, dataSet: view)
        }
        return sources
    }

    /// The copies, which nobody sees before they are published.
    func copies(for job: JobRow) async throws -> [ObjectArrival] {
        var copies: [ObjectArrival] = []
        do {
            for wish in try await wishes(of: job) {
                try Task.checkCancellation()
                _ = try Self.sources(of: job, in: state.current, at: clock())
                copies.append(
                    try await lake.copy(wish.object, to: wish.key, in: wish.bucket, at: clock()))
            }
            return copies
        } catch {
            for copy in copies { try await copy.discard() }
            if error is ObjectChanged { throw JobFault.changed }
            throw error
        }
    }

    private struct Wish: Sendable {
        var object: StoredObject
        var bucket: String
        var key: String
    }

    private func wishes(of job: JobRow) async throws -> [Wish] {
        let sources = try Self.sources(of: job, in: state.current, at: clock())
        var wishes: [Wish] = []
        switch job.task {
        case .exportAssets(let destinations, _):
            guard let source = sources.values.first else { throw JobFault.noRevision }
            let assets = try await assets(of: source.revision)
            for destination in destinations {
                guard let asset = assets.first(where: { $0.id == destination.asset }) else {
                    throw JobFault.noAsset(destination.asset)
                }
                wishes.append(
                    Wish(
                        object: try await object(of: asset, in: source.revision),
                        bucket: destination.bucket, key: destination.key ?? asset.name))
            }
        case .exportRevisions(let destinations, _):
            for destination in destinations {
                guard let source = sources[destination.revision] else { throw JobFault.noRevision }
                let pattern = try KeyPattern(destination.keyPattern ?? KeyPattern.usual)
                for asset in try await assets(of: source.revision) {
                    let key = pattern.key(of: asset, in: source.revision, of: source.dataSet)
                    guard key.utf8.count <= KeyPattern.bytesMax else { throw JobFault.longKey(key) }
                    wishes.append(
                        Wish(
                            object: try await object(of: asset, in: source.revision),
                            bucket: destination.bucket, key: key))
                }
            }
        case .exportToURL(let id):
            guard let source = sources.values.first,
                let asset = try await assets(of: source.revision).first(where: { $0.id == id })
            else { throw JobFault.noAsset(id) }
            wishes.append(
                Wish(
                    object: try await object(of: asset, in: source.revision),
                    bucket: SignedURLs.bucket(of: job.owner), key: SignedURLs.exportKey(of: job)))
        default: preconditionFailure("It exports nothing.")
        }
        for bucket in Set(wishes.map(\.bucket)) { try await check(bucket, for: job) }
        guard Set(wishes.map { [Array($0.bucket.utf8), Array($0.key.utf8)] }).count == wishes.count
        else { throw JobFault.sameKey }
        return wishes
    }

    private func assets(of revision: RevisionRow) async throws -> [AssetRow] {
        try await state.ledger.read { db in
            try AssetRow.filter(Column("revision") == revision.id.rawValue).order(Column("name"))
                .fetchAll(db)
        }
    }

    /// Of a published revision, as it was published; of a draft, as it was imported.
    private func object(of asset: AssetRow, in revision: RevisionRow) async throws -> StoredObject {
        guard case .snapshot(let imported) = asset.content else { throw JobFault.noAsset(asset.id) }
        guard revision.isFinalized else { return imported }
        guard
            let pinned = try await manifests.file(
                imported.key, of: revision.id, bucket: imported.bucket)
        else { throw JobFault.noAsset(asset.id) }
        return StoredObject(pinned)
    }
}
