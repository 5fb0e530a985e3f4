import FoundationEssentials
import Ledger

#if canImport(Glibc)
    import Glibc
#endif

/// A copy of what cannot be made again: state, keys, manifests and the trail. Not the lake's bytes, which
/// are files like any other, nor what is made anew.
///
/// The exchange may be running. Databases are copied as of one moment each; the trail after the ledger, so
/// that it holds at least what the ledger remembers of it.
public struct Backup: Sendable {
    /// Where it is: a folder that looks like a data directory.
    public let copy: DataDirectory

    /// Bytes that are copied at a time.
    private static let pieceBytes = 4 << 20

    public init(_ folder: String) { copy = DataDirectory(folder) }

    /// Makes it.
    ///
    /// - Returns: Bytes copied.
    /// - Throws: ``BackupFault``, ``DataDirectoryFault``, or what the file system says. What was copied by
    ///   then has no ledger under its own name, and is no backup.
    public func make(of directory: DataDirectory) throws -> Int {
        guard directory.isInitialized else {
            throw DataDirectoryFault.notInitialized(directory.url.localPath)
        }
        guard !copy.isInitialized else { throw BackupFault.alreadyThere(copy.url.localPath) }
        try copy.create()
        return try transfer(from: directory, to: copy)
    }

    /// Makes a data directory of it, for `bourse serve`.
    ///
    /// What is there besides a ledger, such as the lake, stays.
    ///
    /// - Returns: Bytes copied.
    public func restore(to directory: DataDirectory) throws -> Int {
        guard copy.isInitialized else { throw BackupFault.noBackup(copy.url.localPath) }
        guard !directory.isInitialized else {
            throw BackupFault.exchangeInTheWay(directory.url.localPath)
        }
        try directory.create()
        let lock = try directory.acquireLock()
        defer { withExtendedLifetime(lock) {} }
        return try transfer(from: copy, to: directory)
    }

    private func transfer(from: DataDirectory, to: DataDirectory) throws -> Int {
        var bytes = 0
        for (source, place) in [
            (from.keys, to.keys), (from.mail, to.mail),
        ] {
            bytes += try copyFiles(below: source, to: place)
        }
        for (source, place) in [
            (from.adminCredentials, to.adminCredentials),
            (from.authorityCertificate, to.authorityCertificate),
        ] where FileManager.default.fileExists(atPath: source.localPath) {
            bytes += try copyFile(source.localPath, to: place.localPath)
        }
        if FileManager.default.fileExists(atPath: from.marketplace.localPath) {
            bytes += try Ledger.copy(from.marketplace.localPath, to: to.marketplace.localPath)
        }
        // Under its own name last: without it, none of this is an exchange.
        let unfinished = to.ledger.localPath + ".copying"
        unlink(unfinished)
        bytes += try Ledger.copy(from.ledger.localPath, to: unfinished)
        // After the ledger: each is there before the ledger speaks of it.
        bytes += try copyFiles(below: from.manifests, to: to.manifests)
        bytes += try copyTrail(from.trail, to: to.trail)
        for database in [unfinished, to.marketplace.localPath] { chmod(database, 0o600) }
        try systemCall("rename") { Int(rename(unfinished, to.ledger.localPath)) }
        try OpenFile.directory(to.url.localPath).sync()
        return bytes
    }

    /// The signed heads first: the records that they speak of are there then. The reserve is made anew, and
    /// is nothing but room.
    private func copyTrail(_ source: URL, to place: URL) throws -> Int {
        let names = try FileManager.default.contentsOfDirectory(atPath: source.localPath)
            .filter { $0.hasSuffix(".jsonl") }
            .sorted { ($0.hasPrefix("heads") ? 0 : 1, $0) < ($1.hasPrefix("heads") ? 0 : 1, $1) }
        return try names.reduce(0) { bytes, name in
            try bytes
                + copyFile(
                    source.appending(path: name).localPath,
                    to: place.appending(path: name).localPath, wholeLines: true)
        }
    }

    private func copyFiles(below source: URL, to place: URL) throws -> Int {
        let files = FileManager.default
        guard files.fileExists(atPath: source.localPath) else { return 0 }
        var bytes = 0
        for name in try files.subpathsOfDirectory(atPath: source.localPath) {
            let path = source.appending(path: name).localPath
            let target = place.appending(path: name).localPath
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                try files.createDirectory(
                    atPath: target, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            case S_IFREG:
                do {
                    bytes += try copyFile(path, to: target)
                } catch let fault as SystemCallFault where fault.isAbsence {
                    // Discarded since it was looked up.
                }
            default: continue
            }
        }
        return bytes
    }

    /// As long as it was when the copy began: a trail's segment grows meanwhile.
    ///
    /// - Parameter wholeLines: Without what stands behind the last line's end.
    private func copyFile(
        _ path: String, to target: String, wholeLines: Bool = false
    ) throws -> Int {
        let source = try OpenFile.file(path)
        guard var size = try source.identity()?.size else { return 0 }
        unlink(target)
        let copy = try OpenFile.making(target)
        var end = 0
        for start in stride(from: 0, to: size, by: Self.pieceBytes) {
            let bytes = try source.read(min(Self.pieceBytes, size - start), at: start)
            try copy.write(bytes, at: start)
            if let feed = bytes.lastIndex(of: UInt8(ascii: "\n")) { end = start + feed + 1 }
        }
        if wholeLines, end < size {
            size = end
            try systemCall("ftruncate") { Int(ftruncate(copy.descriptor, off_t(end))) }
        }
        try copy.sync()
        return size
    }
}

/// Why there is no backup, or no exchange made of one, in words for whoever typed the command.
public enum BackupFault: Error, Equatable, CustomStringConvertible {
    case alreadyThere(String)
    case noBackup(String)
    case exchangeInTheWay(String)

    public var description: String {
        switch self {
        case .alreadyThere(let path):
            "\(path) holds a backup already; name a folder that is not there yet."
        case .noBackup(let path): "\(path) is no backup; make one with: bourse backup DIR"
        case .exchangeInTheWay(let path):
            "\(path) holds an exchange; restore into another --data, or move its ledger.db away first."
        }
    }
}
