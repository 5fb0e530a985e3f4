import Foundation

/// Tells a person at a terminal for how long something has been going on.
enum Waiting {
    static func showing<Value: Sendable>(
        _ what: String, unless isQuiet: Bool, _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await showing(unless: isQuiet, { what }, until: work)
    }

    /// - Parameter what: Asked each second.
    static func showing<Value: Sendable>(
        unless isQuiet: Bool, _ what: @escaping @Sendable () async -> String,
        until work: @Sendable () async throws -> Value
    ) async throws -> Value {
        guard !isQuiet, isatty(STDERR_FILENO) == 1 else { return try await work() }
        let clearing = "\r\u{1B}[K"
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                var seconds = 0
                while !Task.isCancelled {
                    let line = "\(clearing)\(await what()): \(seconds) s"
                    FileHandle.standardError.write(Data(line.utf8))
                    try? await Task.sleep(for: .seconds(1))
                    seconds += 1
                }
                return nil
            }
            defer {
                group.cancelAll()
                FileHandle.standardError.write(Data(clearing.utf8))
            }
            return try await work()
        }
    }
}
