public import AWSAPI

/// The accounts in which the marketplace acts.
///
/// What it does there is done for one contract, and the audit records say for which.
public protocol Clouds: Sendable {
    /// The provider's account.
    func provider(for contract: Contract.ID) -> any Cloud
    /// The client's account. Nil where nobody but the client acts in it.
    func subscriber(_ account: AccountID, for contract: Contract.ID) -> (any Cloud)?
}
