import AWSAPI
import FoundationEssentials

/// One object as it stood when it was looked at: a file, and how to tell that it is still the same one.
struct StoredObject: Hashable, Codable, Sendable {
    var bucket: String
    var key: String
    /// Absolute.
    var path: String
    var identity: FileIdentity
    /// Quoted, as S3 sends it. Of a linked file a hash of its identity, never of its bytes.
    var etag: String
    /// Of a managed bucket. Nil in a linked one.
    var versionID: String?

    var size: Int { identity.size }
    var lastModified: Date { Date(timeIntervalSince1970: Double(identity.modified) / 1e9) }
}

/// What the file system says of one file at one moment. Whoever writes into the file changes it.
struct FileIdentity: Hashable, Codable, Sendable {
    var device: UInt64
    var inode: UInt64
    /// Bytes.
    var size: Int
    /// Nanoseconds since 1970: of the content, and of the content or the name and rights.
    var modified: Int
    var changed: Int
}
