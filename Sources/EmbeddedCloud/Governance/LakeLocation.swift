import AWSAPI
import GRDB
import HashTreeCollections
import LakeFormationAPI

/// A bucket, or a prefix of one that ends where a folder ends, as Lake Formation registers it.
struct LakeLocation: Hashable, Sendable {
    /// `nomura-data-lake/gold`: without a slash at the end.
    let path: String

    /// `arn:aws:s3:::nomura-data-lake/gold/`, with or without the slash, or `/*`.
    init?(arn: String) {
        guard let arn = ARN(arn), arn.service == "s3", arn.region.isEmpty, arn.account.isEmpty
        else { return nil }
        self.init(path: arn.resource)
    }

    /// `s3://nomura-data-lake/gold/`
    init?(uri: String) {
        guard let scheme = ["s3://", "s3a://", "s3n://"].first(where: uri.hasPrefix) else {
            return nil
        }
        self.init(path: String(uri.dropFirst(scheme.count)))
    }

    private init?(path: String) {
        var path = path[...]
        if path.hasSuffix("/*") { path.removeLast() }
        while path.hasSuffix("/") { path.removeLast() }
        guard !path.isEmpty, !path.hasPrefix("/"), !path.contains("*") else { return nil }
        self.path = String(path)
    }

    var bucket: String { String(path.prefix { $0 != "/" }) }
    var arn: String { ARN(service: "s3", resource: path).description }

    /// The location and what it lies in, up to the bucket.
    var ancestors: [LakeLocation] {
        var ancestors = [self]
        while let slash = ancestors.last?.path.lastIndex(of: "/"),
            let parent = LakeLocation(path: String(ancestors[ancestors.count - 1].path[..<slash]))
        {
            ancestors.append(parent)
        }
        return ancestors
    }
}

extension GovernanceState {
    /// - Parameter uri: Of a table. Nil, or one that is not of S3, is not registered.
    func isRegistered(_ uri: String?, in account: AccountID) -> Bool {
        uri.flatMap(LakeLocation.init(uri:)).map { isRegistered($0, in: account) } ?? false
    }

    /// Whether the location, or one that it lies in, is registered.
    func isRegistered(_ location: LakeLocation, in account: AccountID) -> Bool {
        guard let registered = locations[account] else { return false }
        return location.ancestors.contains { registered[$0.arn] != nil }
    }
}
