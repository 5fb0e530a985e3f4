import AWSAPI
import GRDB
import LakeFormationAPI

extension GovernanceState {
    /// Takes away what is named, as far as the grantee has it, and what was passed on from it.
    ///
    /// Columns that were granted by name are held one by one, however they were granted: a name can
    /// be taken out of a longer list. Everything else is revoked as it was granted.
    ///
    /// - Parameter revoked: Its permissions go with their grant option; of what is only among its
    ///   `grantable`, the grant option alone goes.
    /// - Throws: ``AWSError/noPermissionsRevoked(_:)`` if there was nothing of it.
    mutating func revoke(_ revoked: Grant, in db: Database) throws {
        var isRevoked = false
        for held in grants(to: revoked.grantee, on: revoked.resource.subject) {
            guard let (common, rest) = held.resource.part.split(by: revoked.resource.part) else {
                continue
            }
            let left = held.with(
                permissions: held.permissions.subtracting(revoked.permissions),
                grantable: held.grantable.subtracting(revoked.permissions)
                    .subtracting(revoked.grantable))
            guard left.permissions != held.permissions || left.grantable != held.grantable else {
                continue
            }
            isRevoked = true
            try set(held.with(permissions: [], grantable: []), in: db)
            if !left.permissions.isEmpty { try add(left.with(part: common), in: db) }
            if let rest { try add(held.with(part: rest), in: db) }
        }
        guard isRevoked else { throw AWSError.noPermissionsRevoked(revoked.grantee) }
        if let account = revoked.grantee.account {
            try revokeUnsupported(passedOnBy: account, in: db)
        }
    }
}

extension Grant {
    fileprivate func with(part: GrantPart) -> Grant {
        var grant = self
        grant.resource.part = part
        return grant
    }
}

extension GrantPart {
    /// What of it a revoke of `other` concerns, and what is left beside that. Nil: nothing is
    /// concerned.
    fileprivate func split(by other: GrantPart) -> (common: GrantPart, rest: GrantPart?)? {
        if self == other { return (self, nil) }
        guard case .columns(.only(let held)) = self, case .columns(.only(let named)) = other,
            !held.isDisjoint(with: named)
        else { return nil }
        let rest = held.subtracting(named)
        return (
            .columns(.only(held.intersection(named))), rest.isEmpty ? nil : .columns(.only(rest))
        )
    }
}
