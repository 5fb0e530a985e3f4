import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps the files of one revision as they are, in a folder of its own outside the provider's tree.
///
/// A pin is a clone that shares the provider's blocks where the file system has such a thing, else a hard
/// link, else nothing: then a change is noticed, and that is all.
struct Pins {
    let folder: URL
    private var count = 0
    /// Devices that have said no, and need not be asked once for every file.
    private var withoutClones: Set<UInt64> = []
    private var withoutHardLinks: Set<UInt64> = []

    init(making folder: URL) throws {
        self.folder = folder
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
        if object.versionID != nil {
            return try checked(
                Pin(path: object.path, identity: object.identity, guarantee: .version), object)
        }
        count += 1
        let path = folder.appending(path: "\(count)").path(percentEncoded: false)
        if let pin = try clone(object, to: path) ?? link(object, to: path) { return pin }
        return try checked(
            Pin(path: object.path, identity: object.identity, guarantee: .detection), object)
    }

    /// Makes the names of the pins survive a loss of power.
    func sync() throws { try syncDirectory(folder.path(percentEncoded: false)) }

    private func checked(_ pin: Pin, _ object: StoredObject) throws -> Pin {
        guard let now = FileIdentity(ofFileAt: pin.path),
            pin.guarantee.accepts(now, for: object.identity)
        else { throw ManifestFault.changed(key: object.key) }
        return pin
    }

    /// Nil: the file system has no clones, or it is another one.
    private mutating func clone(_ object: StoredObject, to path: String) throws -> Pin? {
        guard !withoutClones.contains(object.identity.device) else { return nil }
        let source = open(object.path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard source >= 0 else { throw ManifestFault.changed(key: object.key) }
        defer { close(source) }
        guard FileIdentity(ofOpenFile: source) == object.identity else {
            throw ManifestFault.changed(key: object.key)
        }
        let copy = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
        guard copy >= 0 else { throw FileFault(path, errno) }
        defer { close(copy) }
        guard ioctl(copy, Self.cloneRequest, source) == 0 else {
            unlink(path)
            withoutClones.insert(object.identity.device)
            return nil
        }
        guard fsync(copy) == 0, let identity = FileIdentity(ofOpenFile: copy) else {
            throw FileFault(path, errno)
        }
        // The clone is of one moment; the file must have been the listed one then, and still be.
        guard FileIdentity(ofOpenFile: source) == object.identity else {
            throw ManifestFault.changed(key: object.key)
        }
        return Pin(path: path, identity: identity, guarantee: .reflink)
    }

    /// Nil: another file system, a file that is not ours to link, or one with too many links.
    private mutating func link(_ object: StoredObject, to path: String) throws -> Pin? {
        guard !withoutHardLinks.contains(object.identity.device) else { return nil }
        guard linkat(AT_FDCWD, object.path, AT_FDCWD, path, 0) == 0 else {
            switch errno {
            case EXDEV:
                withoutHardLinks.insert(object.identity.device)
                return nil
            case EPERM, EMLINK: return nil
            case ENOENT: throw ManifestFault.changed(key: object.key)
            default: throw FileFault(path, errno)
            }
        }
        guard let identity = FileIdentity(ofFileAt: path) else { throw FileFault(path, errno) }
        return try checked(Pin(path: path, identity: identity, guarantee: .hardLink), object)
    }

    /// `FICLONE`, which is `_IOW(0x94, 9, int)`. Source: linux/fs.h.
    private static let cloneRequest: UInt = 0x4004_9409
}

/// Makes the names in a directory survive a loss of power.
func syncDirectory(_ path: String) throws {
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw FileFault(path, errno) }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw FileFault(path, errno) }
}

/// Makes a file's bytes survive a loss of power, and then gives it its name.
func syncAndRename(_ unfinished: String, to path: String) throws {
    let file = open(unfinished, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw FileFault(unfinished, errno) }
    defer { close(file) }
    guard fsync(file) == 0, rename(unfinished, path) == 0 else { throw FileFault(path, errno) }
    try syncDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
}
