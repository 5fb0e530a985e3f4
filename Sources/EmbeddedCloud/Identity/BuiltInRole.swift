import AWSAPI

/// The roles that accounts have without making them, and what they may do.
enum BuiltInRole {
    /// A subscriber's sessions: it reads what it was granted, and runs its own queues and rules.
    static let dataSubscriber = "data-subscriber"

    /// The marketplace's own, in whichever account it acts: what carrying out contracts takes. Nobody
    /// else can open a session of it.
    static let marketplace = "bourse-marketplace"

    /// The provider's people, in the exchange's own account: who fills the lake and publishes, who looks
    /// after what was done and can stop it, who writes the bills.
    static let dataPublisher = "data-publisher"
    static let compliance = "compliance"
    static let finance = "finance"

    /// Nil for a role that somebody made, or nobody.
    static func policy(of role: String) -> PolicyDocument? { policies[role] }

    static func isReserved(_ name: String) -> Bool { policies[name] != nil }

    /// Whoever of the exchange's own account is allowed to may open a session for the provider's people.
    /// Nil for the other roles: a subscriber's sessions are opened with a token, the marketplace's by
    /// nobody.
    static func trust(of role: RoleID, exchange: AccountID) -> PolicyDocument? {
        guard role.account == exchange, [dataPublisher, compliance, finance].contains(role.name)
        else { return nil }
        return PolicyDocument([
            .init(
                .allow, principals: [.aws(exchange.rawValue)], actions: ["sts:AssumeRole"],
                resources: nil)
        ])
    }

    /// What carries its own proof: a token, a code.
    static let stranger = PolicyDocument([
        .init(
            .allow,
            actions: [
                "bourse:EnrollIssuer", "bourse:EnrollKey", "bourse:RenewKey",
                "sts:AssumeRoleWithWebIdentity",
            ])
    ])

    static let administrator = PolicyDocument([.init(.allow, actions: ["*"])])

    private static let policies: [String: PolicyDocument] = [
        dataSubscriber: allowing(
            "athena:*", "dataexchange:AcceptDataGrant", "dataexchange:CancelJob",
            "dataexchange:CreateEventAction", "dataexchange:CreateJob",
            "dataexchange:DeleteEventAction", "dataexchange:Get*", "dataexchange:List*",
            "dataexchange:SendApiAsset", "dataexchange:StartJob", "dataexchange:TagResource",
            "dataexchange:UntagResource", "dataexchange:UpdateEventAction", "events:*", "glue:*",
            "lakeformation:Get*",
            "lakeformation:List*", "s3:*", "sqs:*", "sts:AssumeRole"),
        marketplace: allowing(
            "bourse:AddAccount", "bourse:ExtendDataGrant", "bourse:ListProducts",
            "dataexchange:AcceptDataGrant",
            "dataexchange:CreateDataGrant",
            "dataexchange:DeleteDataGrant", "dataexchange:List*", "glue:CreateDatabase",
            "glue:Get*", "lakeformation:CreateDataCellsFilter",
            "lakeformation:DeleteDataCellsFilter", "lakeformation:GetDataCellsFilter",
            "lakeformation:GrantPermissions", "lakeformation:RevokePermissions",
            "s3:CreateBucket"),
        dataPublisher: allowing(
            "athena:*", "bourse:BlockRevision", "bourse:CompareRevisions",
            "bourse:DeleteProduct", "bourse:ExtendDataGrant", "bourse:GetContract",
            "bourse:GetErasure", "bourse:InferTable",
            "bourse:LinkBucket", "bourse:ListContracts", "bourse:ListErasures",
            "bourse:ListProducts", "bourse:ListPublications",
            "bourse:PreviewQuery", "bourse:PutProduct", "bourse:UnblockRevision", "dataexchange:*",
            "events:*", "glue:*", "lakeformation:*",
            "s3:*", "sqs:*"),
        compliance: allowing(
            "bourse:BlockRevision", "bourse:CancelErasure", "bourse:CutOffAccount",
            "bourse:ExplainAccess", "bourse:Get*", "bourse:LiftCutOff", "bourse:List*",
            "bourse:RevokeKey", "bourse:StartErasure", "bourse:UnblockRevision",
            "dataexchange:Get*", "dataexchange:List*",
            "dataexchange:RevokeRevision", "events:Describe*", "events:List*", "glue:Get*",
            "iam:Get*", "iam:List*", "lakeformation:Describe*", "lakeformation:Get*",
            "lakeformation:List*", "s3:GetBucket*", "s3:ListAllMyBuckets"),
        finance: allowing(
            "bourse:GetContract", "bourse:ListContracts", "dataexchange:Get*",
            "dataexchange:List*"),
    ]

    private static func allowing(_ actions: String...) -> PolicyDocument {
        PolicyDocument([.init(.allow, actions: actions)])
    }
}
