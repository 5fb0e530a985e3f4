public import DuckDB

/// Why a request got no answer. Each one concerns that request alone.
public enum QueryWorkerFault: Error, Hashable, Sendable {
    /// The engine, or a rule of ours, refused the statement. The worker goes on.
    case refused(Refusal)
    /// The worker goes on, unless it was the wall time, for which it was killed.
    case exceeded(Limit)
    /// The worker ended by itself while it worked, or had ended before it was asked.
    case ended(Ending)
    /// ``QueryWorkerProcess/stop()`` was called.
    case stopped
    /// The worker broke the protocol, and was killed. The text is for the log.
    case garbled(String)
    /// No worker: it could not be started, or its walls could not be raised. The text is for the
    /// log.
    case unavailable(String)

    /// A name of ``QueryWorkerLimits``.
    public enum Limit: String, Codable, Sendable {
        case sqlBytes, treeBytes, frameBytes, resultRows, resultBytes
        case startTime, parseTime, runTime
    }

    /// How a process ended.
    public enum Ending: Hashable, Sendable {
        case exited(status: Int32)
        /// Signal 9 that we did not send is most often the kernel, out of memory; 6 and 11 are
        /// crashes.
        case killed(signal: Int32)
        /// It closed its socket but was still there when we stopped waiting, and killed it.
        case unresponsive
    }
}

/// A statement refused, in words for whoever wrote it.
public struct Refusal: Codable, Hashable, Sendable {
    public var kind: DuckDBError.Kind
    /// At most ``QueryWorkerLimits/messageBytes``. Paths of the lake are replaced by `[file]`.
    public var message: String
    /// Bytes of UTF-8 from the start of the user's own text, where the place is known.
    public var position: Int?
    /// The path that the first `[file]` stands for: for the exchange, and not for the user.
    public var file: String?

    public init(
        kind: DuckDBError.Kind, message: String, position: Int? = nil, file: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.position = position
        self.file = file
    }
}
