import AWSAPI
import FoundationEssentials

/// One object of a published revision: the file to read, and how to tell that it is still the one that
/// was published.
package struct PinnedFile: Hashable, Sendable {
    var bucket: String
    var key: String
    /// Absolute. The pin's own, where there is one: the provider's name may lead elsewhere by now.
    var path: String
    /// As it was when it was published.
    var identity: FileIdentity
    var guarantee: PinGuarantee
    var etag: String
    var versionID: String?
    /// Nil where the object is not Parquet.
    var rowCount: Int?
    /// Files with the same one have the same columns of the same types. Nil where not Parquet.
    var schema: String?

    /// Bytes.
    var size: Int { identity.size }
    /// The `name=value` parts of the key, names in lower case.
    var partitions: [HivePartition] { HivePartition.all(in: key) }

    /// Whether the file at ``path`` has not been written to. Ask before the first byte is read and after
    /// the last: what was read in between is then one state of the file.
    func isUnchanged() -> Bool {
        guard let now = FileIdentity(ofFileAt: path) else { return false }
        return guarantee.accepts(now, for: identity)
    }
}

/// What keeps a published file from changing, from the weakest to the strongest.
enum PinGuarantee: String, Codable, Comparable, Sendable {
    /// Nothing: the file is the provider's own, and a change is only noticed.
    case detection = "DETECTION"
    /// A second name of the same file: replaced or deleted, it stays; written in place, it is noticed.
    case hardLink = "HARD_LINK"
    /// A file of our own that shares the provider's blocks until one of the two is written to.
    case reflink = "REFLINK"
    /// A version, which the bucket never changes.
    case version = "VERSION"

    static func < (left: PinGuarantee, right: PinGuarantee) -> Bool {
        left.strength < right.strength
    }

    private var strength: Int {
        switch self {
        case .detection: 0
        case .hardLink: 1
        case .reflink: 2
        case .version: 3
        }
    }

    /// Whether a file that is `now` is the one that was `then`.
    func accepts(_ now: FileIdentity, for then: FileIdentity) -> Bool {
        switch self {
        // The provider's removing its name of the file, or another revision's adding one, changes the
        // time of change and nothing else.
        case .hardLink, .version: now.hasContent(of: then)
        case .detection, .reflink: now == then
        }
    }
}

extension FileIdentity {
    /// Whether it is the same file with the same bytes, if nobody set its times by hand: all but the
    /// time at which its names and rights were last changed.
    func hasContent(of other: FileIdentity) -> Bool {
        device == other.device && inode == other.inode && size == other.size
            && modified == other.modified
    }
}

/// One `name=value` part of a key, as Hive lays out partitions.
struct HivePartition: Hashable, Sendable {
    /// In lower case, as catalogues know it.
    var name: String
    /// Nil: Hive's mark of a null.
    var value: String?

    /// Hive's mark of a null.
    static let null = "__HIVE_DEFAULT_PARTITION__"

    /// By lower-case name. A nil inside is a NULL.
    static func values(in key: String) -> [String: String?] {
        all(in: key).reduce(into: [:]) { values, part in
            values.updateValue(part.value, forKey: part.name)
        }
    }

    static func all(in key: String) -> [HivePartition] {
        key.split(separator: "/").dropLast().compactMap { part in
            guard let sign = part.firstIndex(of: "="), sign > part.startIndex else { return nil }
            let name = PercentEncoding.decode(part[..<sign]) ?? String(part[..<sign])
            let raw = String(part[part.index(after: sign)...])
            return HivePartition(
                name: name.lowercased(),
                value: raw == null
                    ? nil : PercentEncoding.decode(raw) ?? raw)
        }
    }
}
