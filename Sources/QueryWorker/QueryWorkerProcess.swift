internal import CSandbox
internal import DuckDB
internal import FoundationEssentials
internal import Glibc

/// A warm child process that parses and runs untrusted SQL, one request after the other.
///
/// A request that is cancelled, takes too long, or meets a broken answer kills the process: SIGKILL
/// is the cancel that always works. Then ``isRunning`` is false, and another worker is needed. A
/// process that dies by itself is an error of the request it was working on.
///
/// An actor on a queue of its own, because its calls block, and must not block the shared pool.
public actor QueryWorkerProcess {
    private let executor = BlockingExecutor("bourse.query-worker")
    private let child: ChildProcess
    private let channel: FrameChannel
    private let configuration: QueryWorkerConfiguration

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// How far this kernel's Landlock goes: its ABI number, or 0 where there is none.
    public static var landlockABI: Int { Int(sandbox_landlock_abi()) }

    /// Starts a worker and waits until it can be asked, which takes some 20 ms.
    ///
    /// - Parameters:
    ///   - executable: The path of a program that calls ``runQueryWorker()`` when its only argument
    ///     is `query-worker`.
    ///   - configuration: Fixed for the worker's life.
    /// - Returns: A worker inside its walls. It ends when it is released.
    /// - Throws: ``QueryWorkerFault``, mostly ``QueryWorkerFault/unavailable(_:)``.
    public static func start(
        executable: String,
        configuration: QueryWorkerConfiguration
    ) async throws -> QueryWorkerProcess {
        let worker = try QueryWorkerProcess(executable, configuration)
        try await worker.confine()
        return worker
    }

    private init(_ executable: String, _ configuration: QueryWorkerConfiguration) throws {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw QueryWorkerFault.unavailable("socketpair: \(String(cString: strerror(errno)))")
        }
        defer { close(ends[1]) }
        let flags = fcntl(ends[0], F_GETFL)
        _ = fcntl(ends[0], F_SETFL, flags | O_NONBLOCK)
        do {
            child = try ChildProcess(
                starting: executable,
                arguments: ["query-worker"],
                input: ends[1]
            ) { process in
                // What cannot be removed is swept with the staging directory.
                try? FileManager.default.removeItem(
                    atPath: configuration.spillDirectory(of: process)
                )
            }
        } catch {
            close(ends[0])
            throw error
        }
        channel = FrameChannel(
            descriptor: ends[0],
            frameBytes: configuration.limits.frameBytes,
            end: .exchange
        )
        self.configuration = configuration
    }

    deinit {
        child.kill(because: QueryWorkerFault.stopped)
        close(channel.descriptor)
    }
}

// MARK: - Requests

extension QueryWorkerProcess {
    /// Whether requests can still be made.
    public nonisolated var isRunning: Bool { child.isRunning }

    /// The process's number, for logs.
    public nonisolated var processID: Int32 { child.id }

    /// Kills the process. A request under way gets ``QueryWorkerFault/stopped``.
    public nonisolated func stop() {
        child.kill(because: QueryWorkerFault.stopped)
    }

    /// Parses one SELECT-like statement.
    ///
    /// - Parameter sql: At most ``QueryWorkerLimits/sqlBytes``.
    /// - Returns: The syntax tree, as the JSON that DuckDB's `json_serialize_sql` makes. It comes
    ///   from the worker: read it as a stranger's.
    /// - Throws: ``QueryWorkerFault``, or `CancellationError` when the task was cancelled.
    public func parse(_ sql: String) async throws -> String {
        let text = [UInt8](sql.utf8)
        guard text.count <= configuration.limits.sqlBytes else {
            throw QueryWorkerFault.exceeded(.sqlBytes)
        }
        let (reply, tree) = try await ask(
            .parse,
            text,
            within: configuration.limits.parseTime,
            limit: .parseTime
        )
        guard case .parsed = reply else { throw unexpected(reply) }
        return String(decoding: tree, as: UTF8.self)
    }

    /// Runs a tree.
    ///
    /// What the statement may see has been decided by whoever made the tree: here it is only run,
    /// inside the walls.
    ///
    /// - Parameters:
    ///   - tree: The JSON of ``parse(_:)``, as it was or rewritten. Its positions are those of the
    ///     user's text, and errors refer to them.
    ///   - output: Where the rows go.
    ///   - time: Wall time. Nil: ``QueryWorkerLimits/runTime``.
    /// - Returns: What the worker says of the result it made.
    /// - Throws: ``QueryWorkerFault``, or `CancellationError` when the task was cancelled. No file
    ///   is left then.
    public func run(
        _ tree: String,
        output: QueryOutput,
        within time: Duration? = nil
    ) async throws -> QueryOutcome {
        let bytes = [UInt8](tree.utf8)
        guard bytes.count <= configuration.limits.treeBytes else {
            throw QueryWorkerFault.exceeded(.treeBytes)
        }
        do {
            let (reply, rows) = try await ask(
                .run(output),
                bytes,
                within: time ?? configuration.limits.runTime,
                limit: .runTime
            )
            guard case .ran(let summary) = reply else { throw unexpected(reply) }
            if case .csv = output { return QueryOutcome(summary: summary) }
            return QueryOutcome(summary: summary, rows: rows)
        } catch {
            // The worker removes what it began itself, unless it was killed over it.
            if case .csv(let file) = output, !child.isRunning {
                unlink("\(configuration.stagingDirectory)/\(file.rawValue)")
            }
            throw error
        }
    }

    private func confine() async throws {
        let (reply, _) = try await perform(
            within: configuration.limits.startTime,
            limit: .startTime
        ) { deadline in
            try self.channel.send(self.configuration, by: deadline)
        }
        switch reply {
        case .ready: return
        case .unavailable(let reason):
            child.kill(because: QueryWorkerFault.stopped)
            throw QueryWorkerFault.unavailable(reason)
        default: throw unexpected(reply)
        }
    }

    private func ask(
        _ request: Request,
        _ body: [UInt8],
        within time: Duration,
        limit: QueryWorkerFault.Limit
    ) async throws -> (Reply, [UInt8]) {
        try await perform(within: time, limit: limit) { deadline in
            try self.channel.send(request, body, by: deadline)
        }
    }

    /// Sends, and waits for the reply; whatever goes wrong on the way kills the process.
    private func perform(
        within time: Duration,
        limit: QueryWorkerFault.Limit,
        send: (Deadline) throws -> Void
    ) async throws -> (Reply, [UInt8]) {
        try Task.checkCancellation()
        let request = try child.begin()
        defer { child.finish() }
        return try await withTaskCancellationHandler {
            do {
                let deadline = ContinuousClock.now + time
                try send(deadline)
                let frame = try channel.receive(by: deadline)
                let reply = try FrameChannel.decode(frame.head, as: Reply.self)
                switch reply {
                case .refused(let refusal): throw QueryWorkerFault.refused(refusal)
                case .exceeded(let limit): throw QueryWorkerFault.exceeded(limit)
                default: return (reply, frame.body)
                }
            } catch let fault as FrameChannel.Fault {
                throw reason(of: fault, limit: limit)
            }
        } onCancel: {
            child.kill(because: CancellationError(), during: request)
        }
    }

    /// Ends the process over a fault of the channel, and says what the caller is told.
    private func reason(
        of fault: FrameChannel.Fault,
        limit: QueryWorkerFault.Limit
    ) -> any Error {
        switch fault {
        case .closed: break
        case .timedOut: child.kill(because: QueryWorkerFault.exceeded(limit))
        case .tooLarge(let bytes):
            child.kill(because: QueryWorkerFault.garbled("A frame of \(bytes) bytes."))
        case .malformed(let what): child.kill(because: QueryWorkerFault.garbled(what))
        case .system(let error):
            child.kill(because: QueryWorkerFault.garbled(String(cString: strerror(error))))
        }
        return child.reasonOfEnd()
    }

    private func unexpected(_ reply: Reply) -> any Error {
        let fault = QueryWorkerFault.garbled("An answer to another question.")
        child.kill(because: fault)
        return fault
    }
}
