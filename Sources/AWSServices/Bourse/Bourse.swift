public import AWSAPI

/// What the exchange does that AWS has no operation for: accounts, enrolment, contracts, products.
///
/// Defined as the AWS operations are, signed the same way, under `/bourse/v1/`.
public enum Bourse {}

extension AWSService {
    public static let bourse = AWSService(
        name: "Bourse", signingName: "bourse", wire: .restJSON,
        invalidInputCode: "ValidationException")
}

extension Bourse {
    /// What is served, and sent.
    public static let operations: [any AWSOperation.Type] = [
        AddAccount.self, BlockRevision.self, CancelErasure.self, CompareRevisions.self,
        CutOffAccount.self,
        DeleteProduct.self, EndContract.self, EnrollIssuer.self, EnrollKey.self,
        ExplainAccess.self, ExtendDataGrant.self, GetContract.self, GetErasure.self,
        InferTable.self, LiftCutOff.self,
        LinkBucket.self,
        ListAccounts.self, ListContracts.self, ListErasures.self, ListProducts.self,
        ListPublications.self,
        PreviewQuery.self, PutProduct.self, RenewKey.self, RevokeKey.self, SetContractRenewal.self,
        SignContract.self,
        StartErasure.self,
        UnblockRevision.self,
    ]
}
