import AWSAPI

/// The roles that every account has without making them, and what they may do.
enum BuiltInRole {
    /// A subscriber's sessions: it reads what it was granted, and runs its own queues and rules.
    static let dataSubscriber = "data-subscriber"

    /// The policies of the caller's identity. An unknown role has none, so it may do nothing.
    static func policies(of caller: Caller) -> [PolicyDocument] {
        switch caller.kind {
        case .anonymous: [stranger]
        case .user: [administrator]
        case .session(let role, _, _): role == dataSubscriber ? [subscriber] : []
        }
    }

    /// What carries its own proof: a token, a code.
    private static let stranger = PolicyDocument([
        .init(.allow, actions: ["bourse:EnrollKey", "sts:AssumeRoleWithWebIdentity"])
    ])

    private static let administrator = PolicyDocument([.init(.allow, actions: ["*"])])

    private static let subscriber = PolicyDocument([
        .init(
            .allow,
            actions: [
                "athena:*", "dataexchange:AcceptDataGrant", "dataexchange:Get*",
                "dataexchange:List*", "events:*", "glue:*", "lakeformation:Get*",
                "lakeformation:List*", "s3:*", "sqs:*", "sts:GetCallerIdentity",
            ])
    ])
}
