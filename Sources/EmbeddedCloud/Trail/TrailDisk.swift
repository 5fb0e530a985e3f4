import Glibc

/// The three calls that a full or dying disk makes fail, which is why tests may put others there.
///
/// Everything else the trail asks of the file system is called directly.
struct TrailDisk: Sendable {
    /// Writes all the bytes at an offset, or throws; then some of them may be in the file.
    var write:
        @Sendable (_ file: CInt, _ bytes: RawSpan, _ offset: Int) throws(SystemCallFault) -> Void
    /// Returns when everything written to the file is on the disk.
    var sync: @Sendable (_ file: CInt) throws(SystemCallFault) -> Void
    /// Takes space for the file's first bytes.
    var allocate: @Sendable (_ file: CInt, _ bytes: Int) throws(SystemCallFault) -> Void

    static let real = TrailDisk(
        write: { file, bytes, offset throws(SystemCallFault) in
            var written = 0
            while written < bytes.byteCount {
                let rest = bytes.extracting(droppingFirst: written)
                let position = off_t(offset + written)
                written += try rest.withUnsafeBytes { rest throws(SystemCallFault) in
                    try systemCall("pwrite") {
                        pwrite(file, rest.baseAddress, rest.count, position)
                    }
                }
            }
        },
        sync: { file throws(SystemCallFault) in
            try systemCall("fdatasync") { Int(fdatasync(file)) }
        },
        allocate: { file, bytes throws(SystemCallFault) in
            // This one returns its error instead of leaving it in `errno`.
            let code = posix_fallocate(file, 0, off_t(bytes))
            if code != 0 { throw SystemCallFault(call: "posix_fallocate", code: code) }
        })
}

/// A system call that failed.
public struct SystemCallFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// `pwrite`, `fdatasync`, …
    public let call: String
    /// The value of `errno`.
    public let code: CInt

    var isFullDisk: Bool { code == ENOSPC || code == EDQUOT }

    public var description: String {
        "\(call): \(String(cString: strerror(code)))"
    }
}

/// Runs a call until no signal interrupts it.
///
/// - Throws: ``SystemCallFault`` if the call answers -1.
@discardableResult
func systemCall(_ name: String, _ body: () -> Int) throws(SystemCallFault) -> Int {
    while true {
        let result = body()
        if result != -1 { return result }
        if errno != EINTR { throw SystemCallFault(call: name, code: errno) }
    }
}

/// An open file or directory, closed when it goes away.
struct TrailFile: ~Copyable {
    let descriptor: CInt

    private init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    static func reading(_ path: String) throws(SystemCallFault) -> TrailFile {
        try open(path, O_RDONLY)
    }

    /// Creates the file when it is missing, for its owner alone.
    static func writing(_ path: String) throws(SystemCallFault) -> TrailFile {
        try open(path, O_RDWR | O_CREAT)
    }

    static func directory(_ path: String) throws(SystemCallFault) -> TrailFile {
        try open(path, O_RDONLY | O_DIRECTORY)
    }

    private static func open(_ path: String, _ flags: CInt) throws(SystemCallFault) -> TrailFile {
        let descriptor = try systemCall("open") { Int(Glibc.open(path, flags | O_CLOEXEC, 0o600)) }
        return TrailFile(descriptor: CInt(descriptor))
    }

    /// Bytes. Everything here reads and writes at offsets of its own, so the file's place may move.
    func size() throws(SystemCallFault) -> Int {
        try systemCall("lseek") { Int(lseek(descriptor, 0, SEEK_END)) }
    }

    /// Bytes. Nil if there is no such file.
    static func size(_ path: String) throws(SystemCallFault) -> Int? {
        do {
            return try reading(path).size()
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
    }

    /// - Returns: How many bytes were read: fewer than fit at the end of the file, and 0 beyond it.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemCallFault)
        -> Int
    {
        try systemCall("pread") {
            pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
        }
    }

    func truncate(to bytes: Int) throws(SystemCallFault) {
        try systemCall("ftruncate") { Int(ftruncate(descriptor, off_t(bytes))) }
    }

    /// Makes a directory's entries survive a power cut.
    func syncDirectory() throws(SystemCallFault) {
        try systemCall("fsync") { Int(fsync(descriptor)) }
    }

    /// - Returns: Whether the lock was got. It is held until the file is closed.
    func lockWithoutWaiting() throws(SystemCallFault) -> Bool {
        do {
            try systemCall("flock") { Int(flock(descriptor, LOCK_EX | LOCK_NB)) }
            return true
        } catch {
            guard error.code == EWOULDBLOCK else { throw error }
            return false
        }
    }
}
