import AWSAPI

/// The roles that every account has without making them, and what they may do.
enum BuiltInRole {
    /// A subscriber's sessions: it reads what it was granted, and runs its own queues and rules.
    static let dataSubscriber = "data-subscriber"

    /// The marketplace's own, in whichever account it acts: what carrying out contracts takes. Nobody
    /// else can open a session of it.
    static let marketplace = "bourse-marketplace"

    /// The policies of the caller's identity. An unknown role has none, so it may do nothing.
    static func policies(of caller: Caller) -> [PolicyDocument] {
        switch caller.kind {
        case .anonymous: [stranger]
        case .user: [administrator]
        case .session(dataSubscriber, _, _): [subscriber]
        case .session(marketplace, _, _): [contractWork]
        case .session: []
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

    private static let contractWork = PolicyDocument([
        .init(
            .allow,
            actions: [
                "bourse:AddAccount", "dataexchange:AcceptDataGrant", "dataexchange:CreateDataGrant",
                "dataexchange:DeleteDataGrant", "dataexchange:List*", "glue:CreateDatabase",
                "glue:Get*", "lakeformation:CreateDataCellsFilter",
                "lakeformation:DeleteDataCellsFilter", "lakeformation:GetDataCellsFilter",
                "lakeformation:GrantPermissions", "lakeformation:RevokePermissions",
                "s3:CreateBucket",
            ])
    ])
}
