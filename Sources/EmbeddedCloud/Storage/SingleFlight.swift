/// Work that is done once for all who ask for it while it is under way.
actor SingleFlight {
    private var running: [String: Task<ObjectVersion, any Error>] = [:]

    /// The outcome of `work`, or of the work that somebody began before under the same id.
    ///
    /// Who began it may go away: the others are still waiting.
    func run(
        _ id: String, _ work: @escaping @Sendable () async throws -> ObjectVersion
    ) async throws -> ObjectVersion {
        if let task = running[id] { return try await task.value }
        let task = Task { try await work() }
        running[id] = task
        defer { running[id] = nil }
        return try await task.value
    }
}
