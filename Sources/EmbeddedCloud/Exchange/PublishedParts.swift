import AWSAPI
import HashTreeCollections

/// What those who do not own a bucket see below a prefix: parts of which data sets say everything, and the
/// rest as it lies there.
struct PublishedParts: Sendable {
    /// Those that a revision says something of.
    var published: [PublishedPart] = []
    /// All of which data sets say something, also those of which nothing is published any more.
    var covered: [PublishedPart] = []
    /// Whether there is no rest.
    var isWhole = false
}

/// The keys of a bucket that begin so, or that one key.
struct PublishedPart: Hashable, Sendable {
    var beginning: [UInt8]
    var isKey = false
    /// What says which of them there are.
    var revision: ExchangeID?
    /// Parts within this one that are others' to say.
    var without: [PublishedPart] = []

    func begins(_ key: [UInt8]) -> Bool { isKey ? key == beginning : key.starts(with: beginning) }

    /// Whether the key is one of this part, and of none within it.
    func has(_ key: [UInt8]) -> Bool { begins(key) && !without.contains { $0.begins(key) } }
}

extension ExchangeState {
    /// - Returns: Nil where no data set says anything of keys that begin with `prefix`.
    func parts(of prefix: String, in bucket: String, of owner: AccountID) -> PublishedParts? {
        let prefix = Array(prefix.utf8)
        var beginnings: Set<PublishedPart> = []
        for coverage in coverages(of: bucket, of: owner) {
            beginnings.formUnion(
                coverage.access.prefixes.map { PublishedPart(beginning: Array($0.utf8)) })
            beginnings.formUnion(
                coverage.access.keys.map { PublishedPart(beginning: Array($0.utf8), isKey: true) })
        }
        // Of those around the prefix the closest one speaks, and those within it.
        let around = beginnings.filter { !$0.isKey && prefix.starts(with: $0.beginning) }
            .max { $0.beginning.count < $1.beginning.count }
        let within = beginnings.filter {
            $0.beginning.starts(with: prefix) && $0 != around
        }
        guard around != nil || !within.isEmpty else { return nil }
        var parts = PublishedParts(isWhole: around != nil)
        for beginning in [around].compactMap(\.self) + within {
            var part = beginning
            if !part.isKey {
                part.without = within.filter { $0 != beginning && beginning.begins($0.beginning) }
            }
            parts.covered.append(part)
            let path = String(decoding: part.beginning, as: UTF8.self)
            let coverage =
                part.isKey
                ? coverage(of: path, in: bucket, of: owner)
                : coverage(ofFolder: path, in: bucket, of: owner)
            part.revision = coverage?.revision
            if part.revision != nil { parts.published.append(part) }
        }
        return parts
    }
}
