import AWSAPI
import FoundationEssentials
import QueryWorker

/// Sandboxed processes that run subscribers' SQL: one for each account that asks, kept warm.
///
/// A worker reads what its account's queries may read and nothing else. What it may read is fixed when it
/// starts, so a query that needs more, or a change of the grants, begins a new one.
actor WorkerPool {
    /// Processes at a time, of which ``QueryQueue/runningMax`` run a query; one that does not holds
    /// 60 to 90 MiB.
    static let workersMax = 24
    /// Directories beyond which a worker begins anew with those that it needs: each publication adds some.
    static let directoriesMax = 256
    /// Accounts of which it is remembered what their workers read.
    static let rememberedMax = 10_000
    /// How long one without work is kept.
    static let idleMax = Duration.seconds(300)
    static let sweepInterval = Duration.seconds(30)

    private struct Warm {
        var process: QueryWorkerProcess
        var directories: Set<String>
        /// Of the grants, when it started.
        var version: GrantsVersion
        var lastUse: ContinuousClock.Instant
    }

    private let executable: String
    private let staging: URL
    private let confinement: QueryWorkerConfiguration.Confinement
    private var warm: [AccountID: Warm] = [:]
    /// What each account's last worker could read, and under which grants: the next one begins with that, and
    /// not with a statement that it parses and is replaced for.
    private var remembered: [AccountID: (directories: Set<String>, version: GrantsVersion)] = [:]
    /// Accounts whose worker is in use, or being started.
    private var held: Set<AccountID> = []

    /// Empties `staging`: what is in it was left by an exchange that was killed.
    init(
        executable: String, staging: URL, confinement: QueryWorkerConfiguration.Confinement
    ) throws {
        self.executable = executable
        self.staging = staging
        self.confinement = confinement
        for name in try FileManager.default.contentsOfDirectory(atPath: staging.localPath) {
            try FileManager.default.removeItem(at: staging.appending(path: name))
        }
    }

    /// Keeps the account's worker meanwhile from being ended for want of room or work. One query at a time.
    func holding<Value: Sendable>(
        _ account: AccountID, _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        held.insert(account)
        defer {
            held.remove(account)
            warm[account]?.lastUse = .now
        }
        return try await work()
    }

    /// A worker of the account's that may read the directories. The account is to be held meanwhile.
    ///
    /// - Parameter version: Of the grants: one that was started under others is replaced.
    func worker(
        for account: AccountID, reading directories: Set<String>, under version: GrantsVersion
    ) async throws -> QueryWorkerProcess {
        if let known = warm[account], known.process.isRunning, known.version == version,
            directories.isSubset(of: known.directories)
        {
            return known.process
        }
        var readable = directories
        if let last = remembered[account], last.version == version,
            last.directories.count <= Self.directoriesMax
        {
            readable.formUnion(last.directories)
        }
        warm.removeValue(forKey: account)?.process.stop()
        makeRoom()
        let folder = try stagingDirectory(of: account)
        let process = try await QueryWorkerProcess.start(
            executable: executable,
            configuration: QueryWorkerConfiguration(
                readablePaths: readable.sorted(), stagingDirectory: folder.localPath,
                confinement: confinement))
        warm[account] = Warm(
            process: process, directories: readable, version: version, lastUse: .now)
        if remembered.count >= Self.rememberedMax { remembered.removeAll() }
        remembered[account] = (readable, version)
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

    /// Ends all, with what they remember of files.
    func stopAll() {
        for account in warm.keys { stop(account) }
    }

    /// Ends workers that nobody has asked for a while. Runs until cancelled.
    func run() async throws {
        while true {
            try await Task.sleep(for: Self.sweepInterval)
            for (account, known) in warm where !held.contains(account) {
                if !known.process.isRunning || known.lastUse.duration(to: .now) > Self.idleMax {
                    stop(account)
                }
            }
        }
    }

    /// Ends the workers that were not used for longest, if another one would be too many.
    private func makeRoom() {
        let idle = warm.filter { !held.contains($0.key) }
            .sorted { $0.value.lastUse < $1.value.lastUse }
        let excess = held.count + idle.count - Self.workersMax
        for (account, _) in idle.prefix(max(excess, 0)) { stop(account) }
    }
}
