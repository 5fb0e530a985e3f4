import Dispatch
import Glibc

/// A file or directory that is open, closed when nobody holds it any more.
///
/// Below a directory, names are opened one by one and symbolic links never followed, so no name leads
/// out of it, whatever is renamed meanwhile. Every call blocks: ask for it through ``Disk/run(_:)``.
final class OpenFile: Sendable {
    let descriptor: CInt

    private init(_ descriptor: Int) { self.descriptor = CInt(descriptor) }

    deinit { close(descriptor) }

    static func directory(_ path: String) throws(SystemCallFault) -> OpenFile {
        OpenFile(
            try systemCall("open") {
                Int(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
            })
    }

    static func file(_ path: String) throws(SystemCallFault) -> OpenFile {
        OpenFile(
            try systemCall("open") {
                Int(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))
            })
    }

    /// A new file, for its owner alone, to be written and read.
    static func making(_ path: String) throws(SystemCallFault) -> OpenFile {
        OpenFile(
            try systemCall("open") {
                Int(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
            })
    }

    /// The directory of that name in this one.
    func directory(named name: String) throws(SystemCallFault) -> OpenFile {
        OpenFile(
            try systemCall("openat") {
                Int(openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
            })
    }

    /// The file of that name in this directory. One that is not regular is opened without waiting for
    /// its other end, and has no ``identity()``.
    func file(named name: String) throws(SystemCallFault) -> OpenFile {
        OpenFile(
            try systemCall("openat") {
                Int(openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))
            })
    }

    /// Nil for what is not a regular file.
    func identity() throws(SystemCallFault) -> FileIdentity? {
        var status = stat()
        try systemCall("fstat") { Int(fstat(descriptor, &status)) }
        return FileIdentity(status)
    }

    /// Of the file of that name in this directory, without opening it.
    func status(of name: String) throws(SystemCallFault) -> stat {
        var status = stat()
        try systemCall("fstatat") {
            Int(fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW))
        }
        return status
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(SystemCallFault) {
        var written = 0
        while written < bytes.count {
            written += try systemCall("pwrite") {
                bytes.withUnsafeBytes { rest in
                    pwrite(
                        descriptor, rest.baseAddress.map { $0 + written }, bytes.count - written,
                        off_t(offset + written))
                }
            }
        }
    }

    /// What the file's disk has left for us.
    func freeBytes() throws(SystemCallFault) -> Int {
        var status = statvfs()
        try systemCall("fstatvfs") { Int(fstatvfs(descriptor, &status)) }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    /// Returns when content and names are on the disk.
    func sync() throws(SystemCallFault) {
        try systemCall("fsync") { Int(fsync(descriptor)) }
    }

    /// - Returns: As many bytes as were asked for, fewer at the end of the file, none beyond it.
    func read(_ count: Int, at offset: Int) throws(SystemCallFault) -> [UInt8] {
        var fault: SystemCallFault?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, read in
            do throws(SystemCallFault) {
                while read < count {
                    let got = try systemCall("pread") {
                        pread(
                            descriptor, buffer.baseAddress.map { $0 + read }, count - read,
                            off_t(offset + read))
                    }
                    if got == 0 { break }
                    read += got
                }
            } catch {
                fault = error
            }
        }
        if let fault { throw fault }
        return bytes
    }
}

extension SystemCallFault {
    /// Nothing by that name that could be an object: it is not there, a component is not a directory, or
    /// one is a symbolic link.
    var isAbsence: Bool {
        code == ENOENT || code == ENOTDIR || code == ELOOP || code == ENAMETOOLONG || code == ENXIO
    }
}

/// Where calls wait for disks: never on the threads that everything else runs on.
enum Disk {
    private static let queue = DispatchQueue(
        label: "bourse.disk", qos: .userInitiated, attributes: .concurrent)

    static func after(_ seconds: Double, _ work: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + seconds, execute: work)
    }

    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
