import AWSAPI
import FoundationEssentials
import HashTreeCollections

/// What a data grant opens of a bucket: the newest published revision of its data set says it.
struct SharedAccess: Sendable {
    var grant: DataGrantRow
    var revision: ExchangeID
    var access: S3Access
}

extension ExchangeState {
    /// What an account was given of a bucket, as far as its grants hold now: they begin when they are accepted
    /// and end by the clock.
    func shares(
        of bucket: Bucket, with account: AccountID, at now: Date
    ) -> [SharedAccess] {
        let received = grants(receivedBy: account).filter { $0.holds(at: now) }
        guard !received.isEmpty else { return [] }
        let open = coverages(of: bucket.name.rawValue, of: bucket.account)
        return received.flatMap { grant in
            open.compactMap { coverage in
                coverage.dataSet == grant.sourceDataSet
                    ? coverage.revision.map {
                        SharedAccess(grant: grant, revision: $0, access: coverage.access)
                    } : nil
            }
        }
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

/// The policies of data grants, made once for each revision and receiver.
final class SharePolicies: Sendable {
    private struct Name: Hashable {
        var revision: ExchangeID
        var account: AccountID
    }

    private static let rememberedMax = 10_000
    private let made = RecentValues<Name, PolicyDocument>(weightMax: rememberedMax)

    func policy(of share: SharedAccess, for account: AccountID) -> PolicyDocument {
        let name = Name(revision: share.revision, account: account)
        return made.value(of: name) { share.access.policy(for: account) }
            ?? share.access.policy(for: account)
    }
}
