import AWSAPI
import FoundationEssentials
import HashTreeCollections

/// What a data grant opens of a bucket: the newest published revision of its data set says it.
struct SharedAccess: Sendable {
    var grant: DataGrantRow
    var access: S3Access
}

extension ExchangeState {
    /// What an account was given of a bucket, as far as its grants hold now: they begin when they are accepted
    /// and end by the clock. Looked up one by one: the first one that allows a request decides it.
    func shares(
        of bucket: Bucket, with account: AccountID, at now: Date
    ) -> some Sequence<SharedAccess> {
        grants(receivedBy: account).lazy.compactMap { grant in
            guard grant.sender == bucket.account,
                let access = opened[grant.sourceDataSet]?.opening.access,
                access.bucket == bucket.name.rawValue,
                grant.holds(at: now)
            else { return nil }
            return SharedAccess(grant: grant, access: access)
        }
    }

    /// The bucket that a receiver's alias stands for now.
    ///
    /// - Parameter name: As a bucket's, in a request of the account's. Nil: it is no alias, or none of the
    ///   account's that holds.
    func bucket(aliased name: String, for account: AccountID, at now: Date) -> String? {
        guard let id = AccessPointAlias.dataSet(in: name), let grant = grant(behind: id),
            grant.receiver == account, grant.holds(at: now)
        else { return nil }
        return opened[grant.sourceDataSet]?.opening.access?.bucket
    }
}

/// The name that a receiver has for what it was given of a bucket, and uses as a bucket's.
///
/// Source: AWS Data Exchange User Guide, "Subscribing to and accessing a product containing Amazon S3 data
/// access".
enum AccessPointAlias {
    private static let (beginning, end) = ("adx-", "-s3alias")

    static func name(of dataSet: ExchangeID) -> String {
        beginning + dataSet.rawValue.lowercased() + end
    }

    static func arn(of dataSet: ExchangeID, in account: AccountID, region: String) -> ARN {
        ARN(
            service: "s3", region: region, account: account.rawValue,
            resource: "accesspoint/\(beginning)\(dataSet.rawValue.lowercased())")
    }

    /// Nil for any other name.
    static func dataSet(in name: String) -> ExchangeID? {
        guard name.hasPrefix(beginning), name.hasSuffix(end),
            name.utf8.count > beginning.utf8.count + end.utf8.count
        else { return nil }
        return ExchangeID(
            rawValue: String(name.dropFirst(beginning.count).dropLast(end.count)))
    }
}

extension S3Access {
    /// The policy that a data grant comes to: it is what is enforced, and what is shown.
    func policy(for account: AccountID) -> PolicyDocument {
        let bucketName = PolicyDocument.Statement.pattern(exactly: bucket)
        let beginnings = prefixes.map { PolicyDocument.Statement.pattern(exactly: $0) + "*" }
        let names = beginnings + keys.map { PolicyDocument.Statement.pattern(exactly: $0) }
        let reader: [PolicyDocument.Statement.Principal] = [.aws(account.rawValue)]
        let bucketARN = ["arn:aws:s3:::\(bucketName)"]
        var statements: [PolicyDocument.Statement] = [
            .init(
                .allow, principals: reader, actions: ["s3:GetObject", "s3:GetObjectVersion"],
                resources: names.map { "arn:aws:s3:::\(bucketName)/\($0)" }),
            .init(
                .allow, principals: reader, actions: ["s3:GetBucketLocation"],
                resources: bucketARN),
        ]
        if beginnings == ["*"] {
            statements.append(
                .init(
                    .allow, principals: reader, actions: ["s3:ListBucket"], resources: bucketARN))
        } else {
            statements.append(
                .init(
                    .allow, principals: reader, actions: ["s3:ListBucket"], resources: bucketARN,
                    conditions: [.init("StringLike", "s3:prefix", names)]))
        }
        return PolicyDocument(statements)
    }
}

/// The policies of data grants, made once for what is opened and to whom.
final class SharePolicies: Sendable {
    private struct Name: Hashable {
        var access: S3Access
        var account: AccountID
    }

    private static let rememberedMax = 10_000
    private let made = RecentValues<Name, PolicyDocument>(weightMax: rememberedMax)

    func policy(of share: SharedAccess, for account: AccountID) -> PolicyDocument {
        made.value(of: Name(access: share.access, account: account)) {
            share.access.policy(for: account)
        }
    }
}
