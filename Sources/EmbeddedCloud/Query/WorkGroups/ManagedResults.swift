import AWSAPI
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// Results that the exchange keeps for those who asked, in place of a bucket of theirs.
struct ManagedResults: Sendable {
    /// Seconds.
    ///
    /// Source: Amazon Athena User Guide, "Managed query results".
    static let keptFor: TimeInterval = 86_400
    static let sweepInterval = Duration.seconds(600)

    let directory: URL

    /// Nil where it is no longer there.
    func path(of execution: QueryExecution) -> String? {
        let file = file(of: execution)
        return FileManager.default.fileExists(atPath: file.localPath) ? file.localPath : nil
    }

    /// Takes a worker's file in, synced.
    func keep(_ file: URL, of execution: QueryExecution) throws {
        let place = self.file(of: execution)
        let folder = place.deletingLastPathComponent()
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try OpenFile.file(file.localPath).sync()
        try systemCall("rename") { Int(rename(file.localPath, place.localPath)) }
        try OpenFile.directory(folder.localPath).sync()
    }

    func discard(_ execution: QueryExecution) {
        try? FileManager.default.removeItem(at: file(of: execution))
    }

    /// Removes all that is kept, at once.
    func discardAll() { sweep(before: .distantFuture) }

    /// Removes what has been kept for long enough. Runs until cancelled.
    func run(clock: @Sendable () -> Date) async throws {
        while true {
            sweep(before: clock() - Self.keptFor)
            try await Task.sleep(for: Self.sweepInterval)
        }
    }

    private func sweep(before time: Date) {
        let files = FileManager.default
        for account in (try? files.contentsOfDirectory(atPath: directory.localPath)) ?? [] {
            let folder = directory.appending(path: account)
            for name in (try? files.contentsOfDirectory(atPath: folder.localPath)) ?? [] {
                let file = folder.appending(path: name)
                let modified =
                    try? files.attributesOfItem(atPath: file.localPath)[.modificationDate] as? Date
                if let modified, modified < time { try? files.removeItem(at: file) }
            }
        }
    }

    private func file(of execution: QueryExecution) -> URL {
        directory.appending(path: execution.account.rawValue)
            .appending(path: execution.reused ?? execution.id)
    }
}
