/// A bucket's name, as S3 allows it and as this port can serve it.
///
/// Source: Amazon S3 User Guide, "General purpose bucket naming rules".
struct BucketName: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    let rawValue: String

    /// Paths of the exchange's own pages and of other services, on the same port.
    static let reserved: Set<String> = [
        "health", "metrics", "hooks", "bourse", "v1", "v2", "iceberg", "delta-sharing", "tags",
    ]
    private static let reservedPrefixes = ["xn--", "sthree-", "amzn-s3-demo-"]
    private static let reservedSuffixes = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]

    /// Nil unless `rawValue` is 3 to 63 of `a-z 0-9 . -`, begins and ends with a letter or digit, has no
    /// two dots in a row, does not look like an IPv4 address, and is not reserved.
    init?(rawValue: String) {
        guard (3...63).contains(rawValue.utf8.count), rawValue.utf8.allSatisfy(Self.isAllowed),
            let first = rawValue.utf8.first, let last = rawValue.utf8.last,
            Self.isLetterOrDigit(first), Self.isLetterOrDigit(last),
            !rawValue.contains(".."), !Self.looksLikeAddress(rawValue),
            !Self.reserved.contains(rawValue),
            !Self.reservedPrefixes.contains(where: rawValue.hasPrefix),
            !Self.reservedSuffixes.contains(where: rawValue.hasSuffix)
        else { return nil }
        self.rawValue = rawValue
    }

    var description: String { rawValue }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func looksLikeAddress(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt($0) != nil }
    }
}
