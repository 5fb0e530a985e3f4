import AWSAPI
import BourseAPI
import HashTreeCollections

extension Explanation {
    enum ObjectAction: String {
        case listBucket = "s3:ListBucket"
        case getObject = "s3:GetObject"
    }

    /// A bucket, a prefix or an object, as S3's own operations meet it.
    mutating func explain(_ bucket: Bucket, key: String) {
        let isAdmitted = admitsAccount()
        let url = S3URL(bucket: bucket.name.rawValue, key: key)
        let mayRead = add(.getObject, url)
        let mayList = add(.listBucket, url)
        let policy = current.storage.policies[bucket.name]
        said.bucketPolicy = policy?.text
        if policy?.statements.contains(where: { !$0.conditions.isEmpty }) == true {
            add(
                "bucket policy", .notes,
                "it has conditions: they were asked of a request from no address, at this moment")
        }
        if key.isEmpty || key.hasSuffix("/") {
            add(
                "bucket policy", .notes,
                "a statement about some of the objects alone may say otherwise")
        }
        noteTables(at: url)
        addShares(of: bucket)
        guard isAdmitted, mayRead else {
            guard isAdmitted, mayList else { return concludeDenied("may not read \(url)") }
            return concludeDenied("may list \(url) and read nothing of it", as: .metadataOnly)
        }
        let parts = current.exchange.parts(
            of: key, in: bucket.name.rawValue, of: bucket.account)
        conclude(
            .allowed,
            parts == nil
                ? "may read \(url), as it lies there now"
                : parts?.isWhole == true
                    ? "may read \(url), as it was published"
                    : "may read \(url): parts as they were published, the rest as it lies there now"
        )
    }

    /// What data grants open of the bucket, and the policies that they come to.
    private mutating func addShares(of bucket: Bucket) {
        for share in current.exchange.shares(of: bucket, with: caller.account, at: call.time) {
            let until = share.grant.endsAt.map { ", until \(Timestamp.iso8601.text($0))" } ?? ""
            let places = (share.access.prefixes + share.access.keys)
                .map { "s3://\(bucket.name)/\($0)" }.joined(separator: ", ")
            add(
                "data grant", .notes,
                "\(share.grant.id) (\(share.grant.name)) opens \(places)\(until)")
            said.grantPolicies.append(share.access.policy(for: caller.account).text)
        }
    }

    /// - Parameter url: An object, or a folder: then of every object in it.
    func objectAccess(_ action: ObjectAction, _ url: S3URL) -> (Authorization, ARN) {
        let isFolder = url.key.isEmpty || url.key.hasSuffix("/")
        let resource: ARN
        var context: [(ConditionKey, String)] = []
        switch action {
        case .listBucket:
            resource = .s3(bucket: url.bucket)
            context = [(.prefix, url.key)]
        case .getObject: resource = .s3(bucket: url.bucket, key: isFolder ? url.key + "*" : url.key)
        }
        let found = authorizer.authorization(
            of: action.rawValue, on: resource, by: call, context: context, in: current)
        return (found, resource)
    }

    /// - Returns: Whether both the role's policy and the bucket's allow it.
    private mutating func add(_ action: ObjectAction, _ url: S3URL) -> Bool {
        let (found, resource) = objectAccess(action, url)
        let asked = "\(action.rawValue) on \(resource)"
        switch found.decision {
        case .allow(let statement):
            add("role policy", .allows, "\(asked) by \(statement)")
            if found.policies.resource != current.storage.policies[bucketName(of: url)] {
                add("data grant", .allows, "\(asked): see the policy that it comes to")
            } else if statement.policy != .resource {
                add("bucket policy", .allows, "\(asked): it is the account's own, or lets it in")
            }
            guard found.hidesFiles else { return true }
            add("Lake Formation", .denies, "\(asked): \(Authorization.filesHidden)")
        case .deny(.notOwner, _):
            add("role policy", .allows, asked)
            let words =
                found.policies.resource == nil
                ? "the bucket is another account's and has no policy"
                : "no statement of it lets the account in"
            add("bucket policy", .denies, "\(asked): \(words)")
        case .deny(let refusal, let statement):
            let name = statement?.policy == .resource ? "bucket policy" : "role policy"
            add(name, .denies, "\(asked): \(refusal.words(statement))")
        }
        return false
    }

    private func bucketName(of url: S3URL) -> BucketName {
        guard let name = BucketName(rawValue: url.bucket) else {
            preconditionFailure("It is the name of a bucket that there is.")
        }
        return name
    }

    /// The tables whose files are among those objects: they are read by other rules.
    private mutating func noteTables(at url: S3URL) {
        guard let owner = BucketName(rawValue: url.bucket).flatMap({ current.storage.buckets[$0] })
        else { return }
        for database in current.catalogue.databases(of: owner.account) {
            for id in current.catalogue.tables(of: database) {
                let location = current.catalogue[id]?.folder
                guard let location, location.bucket == url.bucket,
                    location.key.hasPrefix(url.key) || url.key.hasPrefix(location.key)
                else { continue }
                add(
                    "table", .notes,
                    "\(id.database).\(id.name) lies at \(location), and is read by its grants")
            }
        }
    }
}
