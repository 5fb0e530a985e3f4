import AWSAPI
import FoundationEssentials
import QueryWorker

/// Sandboxed processes that run subscribers' SQL: one for each account that asks, kept warm.
///
/// A worker reads what its account's queries may read and nothing else. What it may read is fixed when it
/// starts, so a query that needs more, or a change of the grants, begins a new one.
actor WorkerPool {
    /// Processes at a time. With the address space of each, the budget of all.
    static let workersMax = 8
    /// How long one without work is kept.
    static let idleMax = Duration.seconds(300)
    static let sweepInterval = Duration.seconds(30)

    private struct Warm {
        var process: QueryWorkerProcess
        var directories: Set<String>
        /// Of the grants, when it started.
        var generation: Int
        var lastUse: ContinuousClock.Instant
    }

    private let executable: String
    private let staging: URL
    private let confinement: QueryWorkerConfiguration.Confinement
    private var warm: [AccountID: Warm] = [:]

    /// Empties the staging directory: what was under way when the exchange ended is begun anew.
    init(
        executable: String, staging: URL, confinement: QueryWorkerConfiguration.Confinement
    ) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: staging.localPath) {
            try FileManager.default.removeItem(atPath: staging.appending(path: name).localPath)
        }
        self.executable = executable
        self.staging = staging
        self.confinement = confinement
    }

    /// A worker of the account's that may read the directories.
    ///
    /// - Parameter generation: Of the grants: one that was started under others is replaced.
    func worker(
        for account: AccountID, reading directories: Set<String>, generation: Int
    ) async throws -> QueryWorkerProcess {
        if var known = warm[account], known.process.isRunning, known.generation == generation,
            directories.isSubset(of: known.directories)
        {
            known.lastUse = .now
            warm[account] = known
            return known.process
        }
        var readable = directories
        if let old = warm.removeValue(forKey: account) {
            if old.generation == generation { readable.formUnion(old.directories) }
            old.process.stop()
        }
        makeRoom()
        let folder = try stagingDirectory(of: account)
        let process = try await QueryWorkerProcess.start(
            executable: executable,
            configuration: QueryWorkerConfiguration(
                readablePaths: readable.sorted(), stagingDirectory: folder.localPath,
                confinement: confinement))
        warm[account] = Warm(
            process: process, directories: readable, generation: generation, lastUse: .now)
        return process
    }

    /// Where the account's worker writes results.
    nonisolated func stagingDirectory(of account: AccountID) throws -> URL {
        // No slash at the end: the worker compares paths.
        let folder = staging.appending(path: account.rawValue, directoryHint: .notDirectory)
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        return folder
    }

    /// Ends what the account runs, now.
    func stop(_ account: AccountID) {
        warm.removeValue(forKey: account)?.process.stop()
    }

    /// Ends workers that nobody has asked for a while. Runs until cancelled.
    func run() async throws {
        while true {
            try await Task.sleep(for: Self.sweepInterval)
            for (account, known) in warm
            where !known.process.isRunning
                || !known.process.isBusy && known.lastUse.duration(to: .now) > Self.idleMax
            {
                stop(account)
            }
        }
    }

    /// Of the workers that have nothing to do, which are always some: fewer may run than may be warm.
    private func makeRoom() {
        while warm.count >= Self.workersMax,
            let oldest = warm.filter({ !$0.value.process.isBusy })
                .min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            stop(oldest.key)
        }
    }
}
