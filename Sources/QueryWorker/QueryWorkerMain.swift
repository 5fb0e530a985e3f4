internal import CSandbox
internal import DuckDB
internal import Glibc

/// The life of a query worker: what the hidden command `bourse query-worker` does.
///
/// Reads its configuration from the socket that is its standard input, opens the engine, raises the
/// walls around both, and answers requests until the exchange closes the socket.
///
/// - Returns: The exit status. 0: the exchange closed the socket. 64: standard input is no socket,
///   so this was not started by the exchange. 70: the exchange was not understood.
public func runQueryWorker() -> Int32 {
    let descriptor = STDIN_FILENO
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return 64 }

    do {
        var channel = FrameChannel(
            descriptor: descriptor,
            frameBytes: QueryWorkerLimits().frameBytes,
            end: .worker
        )
        let configuration = try FrameChannel.decode(
            channel.receive(by: nil).head,
            as: QueryWorkerConfiguration.self
        )
        channel = FrameChannel(
            descriptor: descriptor,
            frameBytes: configuration.limits.frameBytes,
            end: .worker
        )
        try serve(configuration, on: channel)
        return 0
    } catch FrameChannel.Fault.closed {
        return 0
    } catch {
        return 70
    }
}

private func serve(
    _ configuration: QueryWorkerConfiguration,
    on channel: FrameChannel
) throws {
    let session: WorkerSession
    do {
        // The engine asks the system about its memory while it opens, and aborts when it is refused
        // an answer. So it opens first, without a thread of its own and before it sees any SQL that
        // is not ours; its threads are born inside the walls.
        session = try WorkerSession(configuration)
        let landlockABI = try enterSandbox(configuration)
        endWithExchange(channel.descriptor)
        try session.lock()
        try channel.send(Reply.ready(landlockABI: landlockABI), by: nil)
    } catch let error as Unavailable {
        return try channel.send(Reply.unavailable(reason: error.reason), by: nil)
    } catch let error as DuckDBError {
        return try channel.send(Reply.unavailable(reason: error.message), by: nil)
    }
    while true {
        let (reply, body) = try session.answer(channel.receive(by: nil))
        do {
            try channel.send(reply, body, by: nil)
        } catch FrameChannel.Fault.tooLarge {
            try channel.send(Reply.exceeded(.frameBytes), by: nil)
        }
    }
}

private struct Unavailable: Error {
    var reason: String
}

/// Raises the walls, and returns how far the kernel's Landlock goes.
private func enterSandbox(_ configuration: QueryWorkerConfiguration) throws -> Int {
    guard sandbox_thread_count() == 1 else {
        throw Unavailable(reason: "Other threads run already, and would stay outside the sandbox.")
    }
    let landlockABI = Int(sandbox_landlock_abi())
    guard landlockABI > 0 || configuration.confinement == .asFarAsPossible else {
        throw Unavailable(reason: "This kernel has no Landlock.")
    }
    if configuration.limits.spillBytes > 0 {
        let directory = configuration.spillDirectory(of: getpid())
        guard mkdir(directory, 0o700) == 0 else {
            throw Unavailable(
                reason: "The spill directory cannot be made: \(String(cString: strerror(errno)))."
            )
        }
    }

    let readable = configuration.readablePaths.map { strdup($0) }
    let staging = strdup(configuration.stagingDirectory)
    defer { (readable + [staging]).forEach { free($0) } }
    var failedStep: UnsafePointer<CChar>?
    let error = readable.map { UnsafePointer($0) }.withUnsafeBufferPointer { paths in
        var sandbox = sandbox(
            readable: paths.baseAddress,
            readable_count: paths.count,
            writable_directory: staging,
            address_space_bytes: UInt64(configuration.limits.addressSpaceBytes),
            file_bytes: UInt64(
                max(configuration.limits.resultBytes, configuration.limits.spillBytes)
            )
        )
        return sandbox_enter(&sandbox, &failedStep)
    }
    if error != 0 {
        let step = failedStep.map { String(cString: $0) } ?? "The sandbox"
        throw Unavailable(reason: "\(step): \(String(cString: strerror(error))).")
    }
    return landlockABI
}

/// Ends this process, whatever it is doing, as soon as the exchange is gone.
///
/// The kernel's own signal for that (PR_SET_PDEATHSIG) comes already when the thread ends that
/// started the process, which in a program with a pool of threads is any moment.
private func endWithExchange(_ descriptor: Int32) {
    var thread = pthread_t()
    let context = UnsafeMutableRawPointer(bitPattern: Int(descriptor) + 1)
    let created = pthread_create(
        &thread,
        nil,
        { context in
            sandbox_wait_for_hangup(Int32(Int(bitPattern: context) - 1))
            _exit(0)
        },
        context
    )
    precondition(created == 0, "No thread can be started.")
    pthread_detach(thread)
}
