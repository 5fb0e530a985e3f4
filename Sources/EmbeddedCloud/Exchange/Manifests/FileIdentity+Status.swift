import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

extension FileIdentity {
    /// Nil for what is not a regular file.
    init?(_ status: stat) {
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        func nanoseconds(_ time: timespec) -> Int { time.tv_sec * 1_000_000_000 + time.tv_nsec }
        self.init(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int(status.st_size),
            modified: nanoseconds(status.st_mtim), changed: nanoseconds(status.st_ctim))
    }

    /// Nil where no regular file stands at that path; a symbolic link is none. Blocks.
    init?(ofFileAt path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Nil for what is not a regular file. Blocks.
    init?(ofOpenFile file: CInt) {
        var status = stat()
        guard fstat(file, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Whether it is the same file with the same bytes, if nobody set its times by hand: all but the
    /// time at which its names and rights were last changed.
    func hasContent(of other: FileIdentity) -> Bool {
        device == other.device && inode == other.inode && size == other.size
            && modified == other.modified
    }
}

/// What the system said of a file.
struct FileFault: Error, Equatable, CustomStringConvertible {
    let path: String
    let code: CInt

    init(_ path: String, _ code: CInt) {
        self.path = path
        self.code = code
    }

    var description: String { "\(path): \(String(cString: strerror(code)))" }
}
