import AWSAPI
import Crypto
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// One object as it stood when it was looked at: a file, and how to tell that it is still the same one.
struct StoredObject: Hashable, Codable, Sendable {
    var bucket: String
    var key: String
    /// Absolute.
    var path: String
    var identity: FileIdentity
    /// Quoted, as S3 sends it. Of a linked file a hash of its identity, never of its bytes.
    var etag: String
    /// Of a managed bucket: no other object ever has it, and its file is not written to. Nil in a linked one.
    var versionID: String?
    /// As S3 names it: the id, or "null" where versions are not kept.
    var versionName: String?
    /// Of a published one: what keeps its file as it was.
    var guarantee: PinGuarantee?

    var size: Int { identity.size }
    /// Whether the file is still the one that was looked at.
    ///
    /// One of a managed bucket may get and lose names, by a revision's pin and by its own deletion; whoever
    /// has it open reads the same bytes.
    func isStill(_ now: FileIdentity?) -> Bool {
        guard let now else { return false }
        let guarantee = guarantee ?? (versionID == nil ? .detection : .version)
        return guarantee.accepts(now, for: identity)
    }

    var lastModified: Date { Date(timeIntervalSince1970: Double(identity.modified) / 1e9) }
}

/// What the file system says of one file at one moment. Whoever writes into the file changes it, and so
/// does whoever renames or links it.
struct FileIdentity: Hashable, Codable, Sendable {
    var device: UInt64
    var inode: UInt64
    /// Bytes.
    var size: Int
    /// Nanoseconds since 1970: of the content, and of the content or the name and rights.
    var modified: Int
    var changed: Int
}

extension FileIdentity {
    /// Nil for what is not a regular file.
    init?(_ status: stat) {
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
        modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        changed = status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec
    }

    /// Nil where no regular file stands at that path; a symbolic link is none. Blocks.
    init?(ofFileAt path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// In S3's form of an ETag that is no MD5: quoted hex, `-`, a count of parts.
    var etag: String {
        let text = "\(device) \(inode) \(size) \(modified) \(changed)"
        return "\"\(SHA256.hash(data: Array(text.utf8)).hex.prefix(32))-1\""
    }
}
