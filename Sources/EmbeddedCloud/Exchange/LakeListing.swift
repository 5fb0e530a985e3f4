import AWSAPI

/// What the exchange asks of the lake: whose a bucket is, and what is in it now.
protocol LakeListing: Sendable {
    /// Nil: there is no such bucket.
    func owner(of bucket: String) async throws -> AccountID?

    /// The newest version. Nil: there is none.
    func object(_ key: String, in bucket: String) async throws -> StoredObject?

    /// The objects under a prefix, in the order of their keys' bytes.
    ///
    /// - Parameters:
    ///   - key: The last one of the page before. Nil: from the beginning.
    ///   - limit: Fewer objects than this mean that there are no more.
    func objects(
        under prefix: String, in bucket: String, after key: String?, max limit: Int
    ) async throws -> [StoredObject]
}

extension ObjectStore: LakeListing {
    func owner(of bucket: String) async throws -> AccountID? { self.bucket(named: bucket)?.account }

    func object(_ key: String, in bucket: String) async throws -> StoredObject? {
        guard let bucket = self.bucket(named: bucket) else { return nil }
        return try await head(key, in: bucket)
    }

    func objects(
        under prefix: String, in bucket: String, after key: String?, max limit: Int
    ) async throws -> [StoredObject] {
        guard let bucket = self.bucket(named: bucket) else { return [] }
        return try await list(bucket, prefix: prefix, after: key, max: limit)
    }
}
