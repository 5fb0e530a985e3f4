import AWSAPI
import FoundationEssentials

/// What the exchange asks of the lake: whose a bucket is, what is in it now, and room for copies.
protocol ExchangeLake: Sendable {
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

    /// Copies an object on its way to be one of a managed bucket's. Nobody sees it before it is published.
    ///
    /// - Throws: ``ObjectChanged`` where it is not what it was, ``JobFault`` for a bucket that is not written.
    func copy(
        _ object: StoredObject, to key: String, in bucket: String, at time: Date
    ) async throws -> ObjectArrival

    /// Takes away the bytes of versions that were replaced.
    func discard(_ versions: [ObjectVersion])
}

extension ObjectStore: ExchangeLake {
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

    func copy(
        _ object: StoredObject, to key: String, in bucket: String, at time: Date
    ) async throws -> ObjectArrival {
        guard let target = self.bucket(named: bucket), !target.isLinked else {
            throw JobFault.notWritable(bucket)
        }
        return try await receive(
            ObjectUpload(copying: try await body(of: object), while: { true }), as: key,
            in: target, attributes: ObjectAttributes(), expecting: UploadExpectation(), at: time)
    }
}
