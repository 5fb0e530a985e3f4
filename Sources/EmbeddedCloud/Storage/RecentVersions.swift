import Synchronization

/// The latest versions that were read lately, so that reading an object again asks no database.
///
/// Any change to any version empties it, before the change is acknowledged: lakes are read far more often
/// than they are written.
final class RecentVersions: Sendable {
    static let keptMax = 10_000

    private struct Name: Hashable {
        var bucket: BucketName
        /// Bytes: two spellings of a letter are two keys.
        var key: [UInt8]
    }

    private struct State {
        var rows: [Name: ObjectVersion] = [:]
        /// Of the versions, as far as is known: what was read before a change is not kept after it.
        var generation = 0
    }

    private let state = Mutex(State())

    func forget() {
        state.withLock { state in
            state.generation += 1
            state.rows.removeAll(keepingCapacity: true)
        }
    }

    /// The latest version of a key: the one that is remembered, or what `read` finds.
    func latest(
        _ key: String, in bucket: BucketName, or read: () throws -> ObjectVersion?
    ) rethrows -> ObjectVersion? {
        let name = Name(bucket: bucket, key: Array(key.utf8))
        let (known, generation) = state.withLock { ($0.rows[name], $0.generation) }
        if let known { return known }
        guard let row = try read() else { return nil }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.rows.count >= Self.keptMax { state.rows.removeAll(keepingCapacity: true) }
            state.rows[name] = row
        }
        return row
    }
}
