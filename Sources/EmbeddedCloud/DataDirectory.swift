public import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// Where one exchange keeps everything: `bourse init --data DIR` makes it.
public struct DataDirectory: Sendable {
    public let url: URL

    public init(_ path: String) { url = URL(filePath: path, directoryHint: .isDirectory) }

    public var ledger: URL { url.appending(path: "ledger.db") }
    public var trail: URL { url.appending(path: "trail", directoryHint: .isDirectory) }
    public var lake: URL { url.appending(path: "lake", directoryHint: .isDirectory) }
    public var staging: URL { url.appending(path: "staging", directoryHint: .isDirectory) }
    public var accounts: URL { url.appending(path: "accounts", directoryHint: .isDirectory) }
    /// Results of queries whose work group has no bucket for them.
    var results: URL { url.appending(path: "results", directoryHint: .isDirectory) }
    /// What each published revision consists of.
    public var manifests: URL { url.appending(path: "manifests", directoryHint: .isDirectory) }
    /// Files of published revisions, kept as they were.
    public var pins: URL { url.appending(path: "pins", directoryHint: .isDirectory) }
    /// The marketplace's own ledger.
    public var marketplace: URL { url.appending(path: "marketplace.db") }
    /// Welcome e-mails, for whoever sends them on.
    public var mail: URL { url.appending(path: "mail", directoryHint: .isDirectory) }
    public var keys: URL { url.appending(path: "keys", directoryHint: .isDirectory) }
    public var sealingKey: URL { keys.appending(path: "sealing.key") }
    public var trailKey: URL { keys.appending(path: "trail.key") }
    /// The administrator's key, in AWS's shared-credentials format.
    public var adminCredentials: URL { url.appending(path: "admin.credentials") }
    /// The key of the exchange's own authority, which certifies its port.
    public var authorityKey: URL { keys.appending(path: "tls.key") }
    /// The authority's certificate, for clients to trust.
    public var authorityCertificate: URL { url.appending(path: "ca.pem") }
    /// Where the running server answers, for the commands on this machine.
    public var server: URL { url.appending(path: "server.json") }
    private var lock: URL { url.appending(path: "lock") }

    var isInitialized: Bool { FileManager.default.fileExists(atPath: ledger.localPath) }

    /// Makes the folders, readable by their owner alone.
    func create() throws {
        for folder in [url, trail, lake, staging, accounts, manifests, pins, mail, keys] {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
    }

    /// Writes a file that only its owner may read, whole or not at all.
    public static func writePrivate(_ bytes: [UInt8], to url: URL) throws {
        let unfinished = url.localPath + ".new"
        unlink(unfinished)
        let file = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw DataDirectoryFault.notWritable(url.localPath, errno) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw DataDirectoryFault.notWritable(url.localPath, errno) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0, rename(unfinished, url.localPath) == 0 else {
            throw DataDirectoryFault.notWritable(url.localPath, errno)
        }
    }

    /// Puts a file in the place of another one in the same directory, at once.
    public static func replace(_ url: URL, with other: URL) throws {
        guard rename(other.localPath, url.localPath) == 0 else {
            throw DataDirectoryFault.notWritable(url.localPath, errno)
        }
    }

    /// Keeps every other server out of this directory, for as long as the lock lives.
    func acquireLock() throws -> DirectoryLock {
        let file = open(lock.localPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw DataDirectoryFault.notWritable(lock.localPath, errno) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw DataDirectoryFault.inUse(url.localPath)
        }
        return DirectoryLock(file: file)
    }
}

/// Held while a server runs. The system lets go of it when the process ends, however it ends.
final class DirectoryLock: Sendable {
    private let file: CInt

    init(file: CInt) { self.file = file }

    deinit { close(file) }
}

/// Why a data directory cannot be used, in words for whoever typed the command.
public enum DataDirectoryFault: Error, Equatable, CustomStringConvertible {
    case inUse(String)
    case notInitialized(String)
    case alreadyInitialized(String)
    case damaged(String)
    case notWritable(String, Int32)

    public var description: String {
        switch self {
        case .inUse(let path):
            "\(path) is in use by a running bourse; stop that one, or give another --data."
        case .notInitialized(let path):
            "\(path) is not an exchange's data directory yet; make it with: "
                + "bourse init --data \(path)"
        case .alreadyInitialized(let path):
            "\(path) already holds an exchange; start it with: bourse serve --data \(path)"
        case .damaged(let why): "The data directory is damaged: \(why)"
        case .notWritable(let path, let code):
            "\(path) cannot be written: \(String(cString: strerror(code)))."
        }
    }
}

extension URL {
    /// The path of a local file or folder as the system takes it: not percent-encoded, and without a slash
    /// at its end.
    public var localPath: String {
        let path = path(percentEncoded: false)
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
