import FoundationEssentials

/// One page of a bucket's keys, in the order of their UTF-8 bytes.
struct ObjectListing: Sendable {
    var objects: [StoredObject] = []
    /// What the delimiter rolled up, each counted as one.
    var commonPrefixes: [String] = []
    /// Where the next page begins. Nil: this was the last one.
    var next: ListingStart?

    /// Nothing at all.
    init() {}

    /// - Parameters:
    ///   - objects: The first ones in the order of their keys, one more than a page has where there are more.
    ///   - commonPrefixes: Likewise.
    init(objects: [StoredObject], commonPrefixes: [String], max: Int) {
        self.objects = objects
        self.commonPrefixes = commonPrefixes
        self = ObjectListing(merging: [self], max: max)
    }

    /// Takes a page from `cursor`, which stands at the page's start and keeps to the prefix.
    ///
    /// - Parameters:
    ///   - delimiter: Keys that have it after the prefix are rolled up to it. Nil or empty: none are.
    ///   - max: Objects and common prefixes together.
    init(
        from cursor: inout some KeyCursor, prefix: String, delimiter: String?, max: Int
    ) throws {
        let delimiter = Array((delimiter ?? "").utf8)
        var last: ListingStart?
        guard max > 0 else { return }
        while let object = try cursor.next() {
            guard objects.count + commonPrefixes.count < max else {
                next = last
                return
            }
            let key = Array(object.key.utf8)
            if let common = key.prefix(through: delimiter, after: prefix.utf8.count) {
                commonPrefixes.append(String(decoding: common, as: UTF8.self))
                try cursor.skip(common)
                last = .afterAll(common)
            } else {
                objects.append(object)
                last = .after(key)
            }
        }
    }
}

/// A bucket's objects one by one, in the byte order of their keys.
protocol KeyCursor {
    mutating func next() throws -> StoredObject?
    /// Passes over every key that begins so.
    mutating func skip(_ prefix: [UInt8]) throws
}

/// Which keys a listing begins with.
enum ListingStart: Equatable, Sendable {
    case beginning
    /// Those greater than this one, which need not exist.
    case after([UInt8])
    /// Those greater than every key that begins so.
    case afterAll([UInt8])

    func precedes(_ key: [UInt8]) -> Bool {
        switch self {
        case .beginning: true
        case .after(let start): start.precedes(key)
        case .afterAll(let start): start.precedes(key) && !key.starts(with: start)
        }
    }

    /// False where no key that begins with `path` can come after this start.
    func mayPrecedeKeys(below path: [UInt8]) -> Bool {
        switch self {
        case .beginning: true
        case .after(let start): start.starts(with: path) || start.precedes(path)
        case .afterAll(let start):
            !path.starts(with: start)
                && (start.starts(with: path) || start.precedes(path))
        }
    }

    /// The last key before this start, or the last common prefix.
    var key: String? {
        switch self {
        case .beginning: nil
        case .after(let key), .afterAll(let key): String(decoding: key, as: UTF8.self)
        }
    }

    /// A continuation token: opaque to clients.
    var token: String {
        let (mark, bytes): (String, [UInt8]) =
            switch self {
            case .beginning: ("b", [])
            case .after(let key): ("k", key)
            case .afterAll(let prefix): ("p", prefix)
            }
        return Data(mark.utf8 + bytes).base64EncodedString()
    }

    /// Nil unless `token` is one of ours.
    init?(token: String) {
        guard let bytes = Data(base64Encoded: token), let mark = bytes.first else { return nil }
        let rest = Array(bytes.dropFirst())
        guard String(validating: rest, as: UTF8.self) != nil else { return nil }
        switch mark {
        case UInt8(ascii: "b"): self = .beginning
        case UInt8(ascii: "k"): self = .after(rest)
        case UInt8(ascii: "p"): self = .afterAll(rest)
        default: return nil
        }
    }
}

extension String {
    /// Keys are bytes. To Swift, an accented letter and the letter with its accent are the same text.
    func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension [UInt8] {
    /// Up to the end of the first `delimiter` at or after `start`. Nil if there is none.
    func prefix(through delimiter: [UInt8], after start: Int) -> [UInt8]? {
        guard !delimiter.isEmpty, count >= start + delimiter.count else { return nil }
        for place in start...(count - delimiter.count)
        where self[place...].starts(with: delimiter) {
            return Array(self[..<(place + delimiter.count)])
        }
        return nil
    }
}
