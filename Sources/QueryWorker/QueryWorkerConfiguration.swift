// QueryWorker: untrusted SQL in a sandboxed child process; this room holds both halves of it.

/// What one worker may read and write, and how much of everything.
public struct QueryWorkerConfiguration: Codable, Hashable, Sendable {
    /// Files, and directories with all below them. Absolute, without links on the way. They are
    /// fixed when the worker starts: an account that may read more needs a new one.
    public var readablePaths: [String]
    /// The directory that results are written into, and the only one that can be written. Absolute;
    /// it exists.
    public var stagingDirectory: String
    public var confinement: Confinement
    public var limits: QueryWorkerLimits
    /// Whether the engine's own settings forbid what the walls forbid. Only tests say no, to see
    /// the walls hold alone.
    package var locksEngine = true

    public enum Confinement: String, Codable, Sendable {
        /// A kernel without Landlock starts no worker.
        case required
        /// Without Landlock the other walls must do: the engine's own settings, the system call
        /// filter and the resource limits. Files are then protected by the engine alone.
        case asFarAsPossible
    }

    public init(
        readablePaths: [String],
        stagingDirectory: String,
        confinement: Confinement = .required,
        limits: QueryWorkerLimits = QueryWorkerLimits()
    ) {
        self.readablePaths = readablePaths
        self.stagingDirectory = stagingDirectory
        self.confinement = confinement
        self.limits = limits
    }

    /// Where the engine spills what does not fit its memory: one directory for each process.
    func spillDirectory(of process: Int32) -> String {
        "\(stagingDirectory)/.spill-\(process)"
    }
}

/// How much of everything a worker may use. Sizes are bytes.
public struct QueryWorkerLimits: Codable, Hashable, Sendable {
    /// A statement's UTF-8. Checked on both sides.
    public var sqlBytes = 256 << 10
    /// A statement's tree as JSON. A statement of the size above can need 100 times its bytes.
    public var treeBytes = 32 << 20
    /// One message on the socket, either way.
    public var frameBytes = 40 << 20
    /// An error's message.
    public var messageBytes = 2 << 10
    public var resultRows = 100_000_000
    /// A result's file in staging, or the rows sent down the socket.
    public var resultBytes = 4 << 30
    /// The engine's temporary files in staging. 0 means that it must do without.
    public var spillBytes = 4 << 30

    /// Wall time from the executable's start until the worker can be asked.
    public var startTime = Duration.seconds(20)
    public var parseTime = Duration.seconds(10)
    /// Wall time of one statement.
    public var runTime = Duration.seconds(300)

    /// All that the process maps, code and stacks too: the limit that the system enforces.
    public var addressSpaceBytes = 3 << 30
    /// The engine's own limit, which it can overshoot. It spills, or refuses, when it gets there.
    public var engineMemoryBytes = 1 << 30
    public var threads = 2

    public init() {}
}
