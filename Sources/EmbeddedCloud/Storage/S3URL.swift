/// `s3://bucket/key`, as catalogues and queries write it.
struct S3URL: Hashable, Codable, Sendable, CustomStringConvertible {
    var bucket: String
    /// Without a slash in front; empty for the whole bucket.
    var key: String

    init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }

    /// Nil for anything but an S3 URL with a bucket. Hadoop's spellings count.
    init?(_ text: String) {
        guard let scheme = ["s3://", "s3a://", "s3n://"].first(where: text.hasPrefix) else {
            return nil
        }
        let sides = text.dropFirst(scheme.count)
            .split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = sides.first, !bucket.isEmpty else { return nil }
        self.init(bucket: String(bucket), key: sides.count > 1 ? String(sides[1]) : "")
    }

    /// The same as a folder: what is below it begins with its key.
    var folder: S3URL {
        S3URL(bucket: bucket, key: key.isEmpty || key.hasSuffix("/") ? key : key + "/")
    }

    /// What is called so directly below the folder.
    func appending(_ name: String) -> S3URL {
        S3URL(bucket: bucket, key: folder.key + name)
    }

    var description: String { "s3://\(bucket)/\(key)" }
}
