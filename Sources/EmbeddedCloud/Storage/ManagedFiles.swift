import FoundationEssentials
import GRDB
import Glibc
import Ledger
import Logging
import Synchronization

/// Where the bytes of managed buckets are: a file for each version, named after it.
///
/// A file gets its place whole and synced, and only then its row: an object without bytes cannot be. What
/// was cut off in between has no row, and is swept away at the next start. Every call blocks.
struct ManagedFiles: Sendable {
    /// `lake/managed` and, on the same file system, `lake/incoming` and `lake/parts`.
    private let managed: String
    private let incoming: String
    private let parts: String
    /// Bytes that are copied at a time.
    private static let copyBytesMax = 4 << 20
    private let removals = Removals()

    init(in lake: URL) throws {
        let lake = lake.localPath
        managed = lake + "/managed"
        incoming = lake + "/incoming"
        parts = lake + "/parts"
        for path in [managed, incoming, parts] { try Self.make(path) }
    }

    func path(of version: ObjectVersion) -> String {
        "\(managed)/\(version.bucket)/\(version.id)"
    }

    /// The object that the version is, with its file's identity of now.
    func object(of version: ObjectVersion) throws -> StoredObject {
        let path = path(of: version)
        guard let identity = FileIdentity(ofFileAt: path) else {
            throw DataDirectoryFault.damaged("the bytes of an object are missing: \(path)")
        }
        return StoredObject(
            bucket: version.bucket.rawValue, key: version.key, path: path, identity: identity,
            etag: version.etag, versionID: version.id, versionName: version.name)
    }

    /// The folder of all managed buckets.
    var root: String { managed }

    /// Where a file may be made that is to be an object. What is left there is swept away at the next start.
    func incomingPath() -> String { "\(incoming)/\(UUID().uuidString)" }

    /// Whether a file that is no larger may be made there: objects leave the ledger and the trail their space.
    func hasRoom(forCopyOf path: String) throws -> Bool {
        let size = FileIdentity(ofFileAt: path)?.size ?? 0
        return try OpenFile.directory(incoming).freeBytes() >= IncomingFile.spareBytes + size
    }

    func makeIncoming(id: String) throws -> IncomingFile {
        let path = "\(incoming)/\(id)"
        return IncomingFile(path: path, file: try .making(path))
    }

    /// Moves a synced file to where the version's bytes are looked for.
    ///
    /// - Parameter time: The object's `Last-Modified`.
    func place(_ path: String, as version: ObjectVersion, at time: Date) throws {
        let nanoseconds = Int(time.timeIntervalSince1970 * 1e9)
        let moment = timespec(
            tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        let file = try OpenFile.file(path)
        guard try file.identity() != nil else {
            throw SystemCallFault(call: "open", code: EINVAL)
        }
        try systemCall("futimens") { Int(futimens(file.descriptor, [moment, moment])) }
        try file.sync()
        let folder = "\(managed)/\(version.bucket)"
        try Self.make(folder)
        try systemCall("rename") { Int(rename(path, self.path(of: version))) }
        try OpenFile.directory(folder).sync()
    }

    /// Takes away the bytes of a version that never had a row. If this fails, the next start sweeps them.
    func remove(_ version: ObjectVersion) { unlink(path(of: version)) }

    /// Takes away the bytes of a version that has no row any more, after a while: whoever read its row just
    /// before is still about to open them.
    func removeLater(_ version: ObjectVersion) {
        if !version.isDeleteMarker { removals.add(path(of: version)) }
    }

    /// Moves a received file to where the part's bytes are looked for, synced.
    func place(_ path: String, asPart part: UploadPartRow) throws {
        try OpenFile.file(path).sync()
        try systemCall("rename") { Int(rename(path, "\(parts)/\(part.file)")) }
        try OpenFile.directory(parts).sync()
    }

    /// Of a part that has no row any more, as ``removeLater(_:)-(ObjectVersion)``.
    func removeLater(_ part: UploadPartRow) {
        removals.add("\(parts)/\(part.file)")
    }

    /// Takes away at once what is to be taken away later.
    func removeAllNow() { removals.now() }

    /// One file of all parts, in their order.
    ///
    /// - Parameter algorithm: Of the checksum that is reckoned of all bytes.
    func join(
        _ parts: [UploadPartRow], checksum algorithm: ObjectChecksum.Algorithm?
    ) throws -> ReceivedFile {
        var whole = try makeIncoming(id: UUID().uuidString)
        do {
            var checksum = algorithm.map(ChecksumMaker.init)
            for part in parts {
                let file = try OpenFile.file("\(self.parts)/\(part.file)")
                for start in stride(from: 0, to: part.size, by: Self.copyBytesMax) {
                    let bytes = try file.read(min(Self.copyBytesMax, part.size - start), at: start)
                    checksum?.append(bytes)
                    try whole.append(bytes)
                }
            }
            guard whole.size == parts.reduce(0, { $0 + $1.size }) else {
                throw DataDirectoryFault.damaged("a part's bytes are missing below \(self.parts)")
            }
            return ReceivedFile(
                path: whole.path, size: whole.size, md5: [],
                checksum: algorithm.flatMap { algorithm in
                    checksum.map { ObjectChecksum(algorithm: algorithm, value: $0.value) }
                })
        } catch {
            IncomingFile.discard(whole.path)
            throw error
        }
    }

    /// Removes what a previous run began and did not finish: uploads, and files without a row.
    func sweep(_ ledger: Ledger, log: Logger) async throws {
        let (incoming, managed, parts) = (incoming, managed, parts)
        let orphans = try await ledger.read { db in
            var orphans = try Self.names(in: incoming).map { "\(incoming)/\($0)" }
            for bucket in try Self.names(in: managed) {
                for id in try Self.names(in: "\(managed)/\(bucket)")
                where try !ObjectVersion.exists(db, key: id) {
                    orphans.append("\(managed)/\(bucket)/\(id)")
                }
            }
            let known = try Set(String.fetchAll(db, sql: "SELECT file FROM uploadPart"))
            for file in try Self.names(in: parts) where !known.contains(file) {
                orphans.append("\(parts)/\(file)")
            }
            return orphans
        }
        // What cannot be unlinked is not ours.
        let strange = orphans.filter { unlink($0) != 0 && errno != ENOENT }
        if !orphans.isEmpty {
            log.info("removed unfinished uploads", metadata: ["files": "\(orphans.count)"])
        }
        for path in strange { log.warning("not an object's file", metadata: ["path": "\(path)"]) }
    }

    private static func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory)
    }

    private static func make(_ path: String) throws(SystemCallFault) {
        do {
            try systemCall("mkdir") { Int(mkdir(path, 0o700)) }
        } catch {
            guard error.code == EEXIST else { throw error }
            return
        }
        // The name itself must survive a power cut, or the files below it do not.
        try OpenFile.directory(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])).sync()
    }
}

/// Files that nobody needs any more, on their way out. What a shutdown leaves, the next start sweeps away.
private final class Removals: Sendable {
    /// Seconds from a version's end to that of its bytes.
    private static let delay = 10.0

    private let waiting = Mutex<Set<String>>([])

    func add(_ path: String) {
        waiting.withLock { _ = $0.insert(path) }
        Disk.after(Self.delay) { [self] in
            if waiting.withLock({ $0.remove(path) }) != nil { unlink(path) }
        }
    }

    func now() {
        let paths = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for path in paths { unlink(path) }
    }
}

/// An upload on its way to the disk.
struct IncomingFile: Sendable {
    let path: String
    private let file: OpenFile
    private(set) var size = 0

    init(path: String, file: OpenFile) {
        self.path = path
        self.file = file
    }

    /// Bytes that objects leave to the ledger and the trail, besides the trail's own reserve.
    static let spareBytes = 8 << 20

    /// - Throws: `ENOSPC` where the disk would be too full for anything but objects.
    mutating func append(_ bytes: [UInt8]) throws(SystemCallFault) {
        guard try file.freeBytes() >= Self.spareBytes + bytes.count else {
            throw SystemCallFault(call: "write", code: ENOSPC)
        }
        try file.write(bytes, at: size)
        size += bytes.count
    }

    /// Gives the space back at once: the file may still be open.
    static func discard(_ path: String) {
        truncate(path, 0)
        unlink(path)
    }
}
