import AWSAPI

/// Whom a grant reaches.
///
/// Source: Lake Formation Developer Guide, "Lake Formation permissions reference", principals.
enum Grantee: Hashable, Sendable {
    /// The account, which is to say its data lake administrators.
    case account(AccountID)
    /// Every user and role of the account.
    case everyone(in: AccountID)
    /// One role or user.
    case identity(ARN)
    /// Whoever the catalogue's own account lets in by policy. It reaches no other account.
    case iamAllowedPrincipals

    /// Reads an identifier as Lake Formation takes it.
    ///
    /// `arn:aws:iam::222222222222:root`, which Lake Formation itself does not know, counts as the
    /// account: the AWS documents use it where they mean one. Nil for organizations and federated
    /// identities, too: the exchange has none, and a grant that reaches nobody would only look like
    /// one.
    init?(_ identifier: String) {
        let everyone = ":IAMPrincipals"
        if identifier == Self.iamAllowedPrincipals.description {
            self = .iamAllowedPrincipals
        } else if let account = AccountID(rawValue: identifier) {
            self = .account(account)
        } else if identifier.hasSuffix(everyone),
            let account = AccountID(rawValue: String(identifier.dropLast(everyone.count)))
        {
            self = .everyone(in: account)
        } else if let arn = ARN(identifier), arn.service == "iam", arn.region.isEmpty,
            let account = AccountID(rawValue: arn.account)
        {
            if arn == .root(of: account) {
                self = .account(account)
            } else if ["role/", "user/"].contains(where: {
                arn.resource.hasPrefix($0) && arn.resource.count > $0.count
            }) {
                self = .identity(arn)
            } else {
                return nil
            }
        } else {
            return nil
        }
    }

    /// Nil where it is whichever account has the catalogue.
    var account: AccountID? {
        switch self {
        case .account(let account), .everyone(let account): account
        case .identity(let arn): AccountID(rawValue: arn.account)
        case .iamAllowedPrincipals: nil
        }
    }
}

extension Grantee: CustomStringConvertible {
    /// As Lake Formation lists it.
    var description: String {
        switch self {
        case .account(let account): account.rawValue
        case .everyone(let account): "\(account):IAMPrincipals"
        case .identity(let arn): arn.description
        case .iamAllowedPrincipals: "IAM_ALLOWED_PRINCIPALS"
        }
    }
}
