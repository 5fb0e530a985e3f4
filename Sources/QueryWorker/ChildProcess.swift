internal import CSandbox
internal import Dispatch
internal import Glibc
internal import Synchronization

/// A started process that is killed by a handle that can mean no other one, and always reaped.
final class ChildProcess: Sendable {
    let id: pid_t
    private let handle: Int32
    private let state = Mutex(State())
    private let ended = DispatchGroup()
    private let onEnd: @Sendable () -> Void

    fileprivate struct State {
        var ending: QueryWorkerFault.Ending?
        /// Why we killed it. The first reason stays.
        var verdict: (any Error)?
        /// The request it works on: the only one whose cancelling may kill it.
        var request: Int?
        var requestsStarted = 0
    }

    /// Starts `executable` in a process group of its own, with `input` as its standard input, no
    /// output, no other descriptor, and nothing of our environment but what finds libraries.
    /// `onEnd` is called once, when the process has ended.
    ///
    /// - Throws: ``QueryWorkerFault/unavailable(_:)``.
    init(
        starting executable: String,
        arguments: [String],
        input: Int32,
        onEnd: @escaping @Sendable (pid_t) -> Void
    ) throws {
        let process = try Self.spawn(executable, arguments, input: input)
        id = process
        handle = sandbox_pidfd_open(process)
        self.onEnd = { onEnd(process) }
        guard handle >= 0 else {
            Glibc.kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw QueryWorkerFault.unavailable("pidfd_open: \(String(cString: strerror(errno)))")
        }
        ended.enter()
        watch()
    }

    private static func spawn(
        _ executable: String,
        _ arguments: [String],
        input: Int32
    ) throws -> pid_t {
        // The runtime's crash reporter starts a program, which the walls forbid.
        var environment = ["SWIFT_BACKTRACE=enable=no"]
        if let path = getenv("LD_LIBRARY_PATH") {
            environment.append("LD_LIBRARY_PATH=\(String(cString: path))")
        }
        let argumentPointers = ([executable] + arguments).map { strdup($0) }
        let environmentPointers = environment.map { strdup($0) }
        defer { (argumentPointers + environmentPointers).forEach { free($0) } }

        var process = pid_t()
        let error = sandbox_spawn(
            &process,
            executable,
            argumentPointers + [nil],
            environmentPointers + [nil],
            input
        )
        guard error == 0 else {
            throw QueryWorkerFault.unavailable("\(executable): \(String(cString: strerror(error)))")
        }
        return process
    }

    /// Reaps the process when it ends, whoever is waiting.
    private func watch() {
        let source = DispatchSource.makeReadSource(
            fileDescriptor: handle,
            queue: .global(qos: .userInitiated)
        )
        source.setEventHandler { [self] in
            if reap() { source.cancel() }
        }
        source.setCancelHandler { [handle] in close(handle) }
        source.activate()
    }

    /// False while the process still runs.
    private func reap() -> Bool {
        let hasEnded = state.withLock { state in
            guard state.ending == nil else { return false }
            var status: Int32 = 0
            guard waitpid(id, &status, WNOHANG) == id else { return false }
            state.ending = QueryWorkerFault.Ending(waitStatus: status)
            return true
        }
        guard hasEnded else { return false }
        onEnd()
        ended.leave()
        return true
    }
}

extension ChildProcess {
    var isRunning: Bool { state.withLock { $0.ending == nil && $0.verdict == nil } }

    /// Sends SIGKILL, for good: `reason` is what whoever waits for an answer is told.
    func kill(because reason: any Error) {
        state.withLock { state in state.kill(handle, because: reason) }
    }

    /// The same, unless `request` has been answered by now.
    func kill(because reason: any Error, during request: Int) {
        state.withLock { state in
            if state.request == request { state.kill(handle, because: reason) }
        }
    }

    /// Marks that a request is being worked on.
    ///
    /// - Throws: Why there is no process any more to do it.
    func begin() throws -> Int {
        try state.withLock { state in
            if state.ending != nil || state.verdict != nil {
                let wasStopped = state.verdict as? QueryWorkerFault == .stopped
                throw wasStopped
                    ? QueryWorkerFault.stopped : .ended(state.ending ?? .killed(signal: SIGKILL))
            }
            state.requestsStarted += 1
            state.request = state.requestsStarted
            return state.requestsStarted
        }
    }

    func finish() {
        state.withLock { $0.request = nil }
    }

    /// Why the process is gone, once its socket says that it is. Blocks until it is known.
    func reasonOfEnd() -> any Error {
        let patience = DispatchTimeInterval.seconds(5)
        if ended.wait(timeout: .now() + patience) == .timedOut {
            kill(because: QueryWorkerFault.ended(.unresponsive))
        }
        return state.withLock { state in
            state.verdict ?? QueryWorkerFault.ended(state.ending ?? .unresponsive)
        }
    }
}

extension ChildProcess.State {
    fileprivate mutating func kill(_ handle: Int32, because reason: any Error) {
        guard ending == nil else { return }
        if verdict == nil { verdict = reason }
        // It can only fail when the process has ended, which is what was wanted.
        _ = sandbox_pidfd_kill(handle)
    }
}

extension QueryWorkerFault.Ending {
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self = signal == 0 ? .exited(status: waitStatus >> 8 & 0xFF) : .killed(signal: signal)
    }
}
