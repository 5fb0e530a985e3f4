import FoundationEssentials
import Glibc

/// Keeps the files of one revision as they are, in a folder of its own outside the provider's tree.
///
/// A pin is a clone that shares the provider's blocks where the file system has such a thing, else a hard
/// link, else nothing: then a change is noticed, and that is all.
struct Pins {
    private let folder: String
    /// Pins so far, which their names count.
    private var count = 0
    /// What the keys have before their partitions, which the names of folders count: what may be read of a
    /// revision is said by folder, and one table's is not another's.
    private var tables: [String: Int] = [:]
    /// Folders that were made, to be synced.
    private var made: Set<String> = []
    /// Devices that have said no, and need not be asked once for every file.
    private var withoutClones: Set<UInt64> = []
    private var withoutHardLinks: Set<UInt64> = []

    init(making folder: URL) throws {
        self.folder = folder.localPath
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    struct Pin {
        var path: String
        var identity: FileIdentity
        var guarantee: PinGuarantee
    }

    /// - Throws: ``ManifestFault/changed(key:)`` if the file is not the one that was listed.
    mutating func pin(_ object: StoredObject) throws -> Pin {
        let path = try place(of: object)
        // A version does not change, but may be deleted: a name of our own keeps its bytes.
        if object.versionID != nil, var pin = try link(object, to: path) {
            pin.guarantee = .version
            return pin
        }
        if let pin = try clone(object, to: path) ?? link(object, to: path) { return pin }
        return try checked(
            Pin(path: object.path, identity: object.identity, guarantee: .detection), object)
    }

    /// Makes the names of the pins survive a loss of power.
    func sync() throws(SystemCallFault) {
        let parent = URL(filePath: folder).deletingLastPathComponent().localPath
        for path in made.union([folder, parent]) { try OpenFile.directory(path).sync() }
    }

    /// The pin's path has the key's `name=value` folders: the engine reads the values of partitions from it.
    private mutating func place(of object: StoredObject) throws -> String {
        // Of the key no more than that: a name that leads elsewhere, or that no file can have, is a key
        // as good as any.
        let folders = object.key.utf8.split(separator: UInt8(ascii: "/")).dropLast()
        let table = folders.prefix { !$0.contains(UInt8(ascii: "=")) }
        let partitions = folders.filter { $0.contains(UInt8(ascii: "=")) }
        guard partitions.allSatisfy({ $0.count <= Int(NAME_MAX) && !$0.contains(0) }) else {
            throw ManifestFault.unnameable(key: object.key)
        }
        count += 1
        let number = tables.value(table.map { String(Substring($0)) }.joined(separator: "/"))
        let names = ["\(number)"] + partitions.map { String(Substring($0)) } + [String(count)]
        let path = "\(folder)/\(names.joined(separator: "/"))"
        var parent = path[..<(path.lastIndex(of: "/") ?? path.endIndex)]
        if !made.contains(String(parent)) {
            try FileManager.default.createDirectory(
                atPath: String(parent), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        while parent.count > folder.count, made.insert(String(parent)).inserted {
            parent = parent[..<(parent.lastIndex(of: "/") ?? parent.startIndex)]
        }
        return path
    }

    private func checked(_ pin: Pin, _ object: StoredObject) throws -> Pin {
        guard let now = FileIdentity(ofFileAt: pin.path),
            pin.guarantee.accepts(now, for: object.identity)
        else { throw ManifestFault.changed(key: object.key) }
        return pin
    }

    /// Nil: the file system has no clones, or it is another one.
    private mutating func clone(_ object: StoredObject, to path: String) throws -> Pin? {
        guard !withoutClones.contains(object.identity.device) else { return nil }
        guard let source = try? OpenFile.file(object.path),
            try source.identity() == object.identity
        else { throw ManifestFault.changed(key: object.key) }
        let copy = try OpenFile.making(path)
        guard ioctl(copy.descriptor, Self.cloneRequest, source.descriptor) == 0 else {
            unlink(path)
            withoutClones.insert(object.identity.device)
            return nil
        }
        try copy.sync()
        // The clone is of one moment; the file must have been the listed one then, and still be.
        guard let identity = try copy.identity(), try source.identity() == object.identity else {
            throw ManifestFault.changed(key: object.key)
        }
        return Pin(path: path, identity: identity, guarantee: .reflink)
    }

    /// Nil: another file system, a file that is not ours to link, or one with too many links.
    private mutating func link(_ object: StoredObject, to path: String) throws -> Pin? {
        guard !withoutHardLinks.contains(object.identity.device) else { return nil }
        do throws(SystemCallFault) {
            try systemCall("linkat") { Int(linkat(AT_FDCWD, object.path, AT_FDCWD, path, 0)) }
        } catch {
            switch error.code {
            case EXDEV:
                withoutHardLinks.insert(object.identity.device)
                return nil
            case EPERM, EMLINK: return nil
            default:
                if error.isAbsence { throw ManifestFault.changed(key: object.key) }
                throw error
            }
        }
        guard let identity = FileIdentity(ofFileAt: path) else {
            throw ManifestFault.changed(key: object.key)
        }
        return try checked(Pin(path: path, identity: identity, guarantee: .hardLink), object)
    }

    /// `FICLONE`, which is `_IOW(0x94, 9, int)`. Source: linux/fs.h.
    private static let cloneRequest: UInt = 0x4004_9409
}

extension [String: Int] {
    /// The number of a key: a new one for each that is new.
    fileprivate mutating func value(_ key: String) -> Int {
        let number = self[key] ?? count
        self[key] = number
        return number
    }
}
