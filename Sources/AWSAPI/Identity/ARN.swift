/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
///
/// Source: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
public struct ARN: Hashable, Sendable, CustomStringConvertible {
    public var partition: String
    public var service: String
    /// Empty for global resources, such as roles.
    public var region: String
    /// Empty where the service leaves it out, as S3 does.
    public var account: String
    /// Everything after the fifth colon, further colons included.
    public var resource: String

    public init(
        partition: String = "aws", service: String, region: String = "", account: String = "",
        resource: String
    ) {
        self.partition = partition
        self.service = service
        self.region = region
        self.account = account
        self.resource = resource
    }

    /// Nil unless it has six parts, begins with `arn`, and names partition, service and resource.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn",
            !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty
        else { return nil }
        self.init(
            partition: String(parts[1]), service: String(parts[2]), region: String(parts[3]),
            account: String(parts[4]), resource: String(parts[5]))
    }

    public var description: String {
        "arn:\(partition):\(service):\(region):\(account):\(resource)"
    }
}

extension ARN {
    public static func role(_ name: String, in account: AccountID) -> ARN {
        ARN(service: "iam", account: account.rawValue, resource: "role/\(name)")
    }

    public static func root(of account: AccountID) -> ARN {
        ARN(service: "iam", account: account.rawValue, resource: "root")
    }

    public static func s3(bucket: String, key: String? = nil) -> ARN {
        ARN(service: "s3", resource: key.map { "\(bucket)/\($0)" } ?? bucket)
    }
}
