import FoundationEssentials
import Glibc

/// The directory of a trail that is open for writing: its files' names, and a lock against a second
/// writer, held until it goes away.
struct TrailDirectory: ~Copyable {
    /// Periodic signed heads, a line each: ``TrailHead/description``.
    static let headsName = "heads.jsonl"
    /// Space to be given up when the disk is full.
    static let reserveName = "reserve"

    let path: String
    private let handle: TrailFile

    /// Makes the directory when it is missing. Its parent must exist.
    init(locking path: String) throws(TrailOpenFault) {
        let locked: TrailFile?
        do {
            locked = try Self.lock(path)
        } catch {
            throw .system(error, path: path)
        }
        guard let locked else { throw .inUse(directory: path) }
        self.path = path
        handle = locked
    }

    func path(of name: String) -> String {
        "\(path)/\(name)"
    }

    /// Opens a file for writing. A new one has its place in the directory for good when this returns.
    func open(_ name: String) throws(SystemCallFault) -> TrailFile {
        let file = try TrailFile.writing(path(of: name))
        try handle.syncDirectory()
        return file
    }

    /// Frees the file's space when this returns: file systems give blocks back when they commit.
    func remove(_ name: String) throws(SystemCallFault) {
        do {
            try systemCall("unlink") { Int(unlink(path(of: name))) }
        } catch {
            guard error.code == ENOENT else { throw error }
        }
        try handle.syncDirectory()
    }

    /// - Returns: The directory, locked until it is closed. Nil if another process has locked it.
    private static func lock(_ path: String) throws(SystemCallFault) -> TrailFile? {
        let isNew = try make(path)
        if isNew { try TrailFile.directory(path + "/..").syncDirectory() }
        let directory = try TrailFile.directory(path)
        guard try directory.lockWithoutWaiting() else { return nil }
        return directory
    }

    /// - Returns: Whether it was missing.
    private static func make(_ path: String) throws(SystemCallFault) -> Bool {
        do {
            try systemCall("mkdir") { Int(mkdir(path, 0o700)) }
            return true
        } catch {
            guard error.code == EEXIST else { throw error }
            return false
        }
    }
}

/// One file of the trail, known by the record that it begins with.
struct TrailSegment: Hashable, Sendable {
    let firstSequence: Int

    /// Padded, so that names sort as the records do.
    var name: String {
        let digits = String(firstSequence)
        return Self.prefix + String(repeating: "0", count: Self.digits - digits.count) + digits
            + Self.suffix
    }

    private static let prefix = "trail-"
    private static let suffix = ".jsonl"
    private static let digits = 20

    init(firstSequence: Int) {
        self.firstSequence = firstSequence
    }

    /// Nil unless `name` is that of a segment.
    init?(name: String) {
        guard let sequence = Int(name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)),
            sequence > 0
        else { return nil }
        firstSequence = sequence
        guard self.name == name else { return nil }
    }

    /// The segments in a directory, in order. Other files are none of the trail's business, unless
    /// they are named almost like a segment.
    ///
    /// - Throws: ``TrailFlaw`` with ``TrailFlaw/Kind/strayFile`` for such a one, or the file system's
    ///   error.
    static func all(in directory: String) throws -> [TrailSegment] {
        try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }
            .sorted()
            .map { name in
                guard let segment = TrailSegment(name: name) else {
                    throw TrailFlaw(file: name, line: 1, sequence: 0, kind: .strayFile)
                }
                return segment
            }
    }
}
