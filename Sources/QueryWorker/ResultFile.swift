internal import Glibc

/// A new file in the staging directory, written through a buffer. It is removed unless it is kept.
final class ResultFile {
    private let path: String
    private let descriptor: Int32
    private var kept = false
    private(set) var byteCount = 0
    /// Bytes not yet written. Append to it, and call ``flushIfFull()`` now and then.
    var buffer: [UInt8] = []

    private let bytesMax: Int
    private static let bufferBytes = 256 << 10

    /// - Throws: ``Failure`` when the file exists, or cannot be made.
    init(_ file: StagingFile, in directory: String, bytesMax: Int) throws {
        let path = "\(directory)/\(file.rawValue)"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let opened = open(path, flags, 0o600)
        // Before anything is stored: otherwise `deinit` would run, and remove another's file.
        guard opened >= 0 else { throw Failure(error: errno) }
        self.path = path
        self.bytesMax = bytesMax
        descriptor = opened
        buffer.reserveCapacity(2 * Self.bufferBytes)
    }

    deinit {
        close(descriptor)
        if !kept { unlink(path) }
    }

    struct Failure: Error {
        var error: Int32
        var description: String { String(cString: strerror(error)) }
    }

    func flushIfFull() throws {
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    /// Writes what is left. The file stays.
    func keep() throws {
        try flush()
        kept = true
    }

    private func flush() throws {
        byteCount += buffer.count
        guard byteCount <= bytesMax else { throw QueryWorkerFault.exceeded(.resultBytes) }
        try buffer.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                let step = write(descriptor, rest.baseAddress, rest.count)
                if step >= 0 {
                    written += step
                } else if errno != EINTR {
                    throw Failure(error: errno)
                }
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
