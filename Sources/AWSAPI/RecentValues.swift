import Synchronization

/// What was found lately, so that finding it again asks neither an engine nor a database.
///
/// All of it leaves at once when it weighs too much, or when what it was found in has changed.
package final class RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var values: [Key: Value] = [:]
        var weight = 0
        /// What was sought before a change is not kept after it.
        var generation = 0
    }

    private let weightMax: Int
    private let entryWeightMax: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - weightMax: Of all together.
    ///   - entryWeightMax: Of one. A heavier one is not kept.
    package init(weightMax: Int, entryWeightMax: Int = 1) {
        self.weightMax = weightMax
        self.entryWeightMax = entryWeightMax
    }

    package func forget() {
        state.withLock { state in
            state.generation += 1
            state.values.removeAll(keepingCapacity: true)
            state.weight = 0
        }
    }

    /// The value that is remembered, or what `find` finds.
    package func value(
        of key: Key, weighing weight: (Value) -> Int = { _ in 1 }, or find: () throws -> Value
    ) rethrows -> Value {
        let (known, generation) = look(for: key)
        if let known { return known }
        let found = try find()
        keep(found, weight(found), of: key, since: generation)
        return found
    }

    /// The value that is remembered, or what `find` finds. Nothing is not remembered.
    package func value(of key: Key, or find: () throws -> Value?) rethrows -> Value? {
        let (known, generation) = look(for: key)
        if let known { return known }
        guard let found = try find() else { return nil }
        keep(found, 1, of: key, since: generation)
        return found
    }

    /// The value that is remembered, or what `find` finds.
    package func value(
        of key: Key, weighing weight: (Value) -> Int, or find: () async throws -> Value
    ) async rethrows -> Value {
        let (known, generation) = look(for: key)
        if let known { return known }
        let found = try await find()
        keep(found, weight(found), of: key, since: generation)
        return found
    }

    private func look(for key: Key) -> (Value?, generation: Int) {
        state.withLock { ($0.values[key], $0.generation) }
    }

    private func keep(_ value: Value, _ weight: Int, of key: Key, since generation: Int) {
        guard weight <= entryWeightMax else { return }
        state.withLock { state in
            guard state.generation == generation, state.values[key] == nil else { return }
            if state.weight + weight > weightMax {
                state.values.removeAll(keepingCapacity: true)
                state.weight = 0
            }
            state.values[key] = value
            state.weight += weight
        }
    }
}
