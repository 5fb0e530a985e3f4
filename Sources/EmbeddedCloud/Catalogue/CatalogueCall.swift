import AWSAPI

/// Whose catalogue a request is about.
extension Request {
    /// - Parameter id: `CatalogId`. Nil: the caller's own.
    func catalog(_ id: String?) throws(AWSError) -> AccountID {
        guard let id else { return account }
        guard let catalog = AccountID(rawValue: id) else {
            throw .glueInvalidInput("CatalogId must be the twelve digits of an account.")
        }
        return catalog
    }

    /// The catalogue to change, which is the caller's own: nobody writes into another's, whatever
    /// it was granted there.
    ///
    /// - Parameter permission: What AWS would want in another's: `Create Table`.
    func ownCatalog(_ id: String?, toChange permission: String) throws(AWSError) -> AccountID {
        guard try catalog(id) == account else { throw .catalogueIsReadOnly(permission) }
        return account
    }
}
