import AWSAPI
import GRDB
import GlueAPI
import HashTreeCollections
import LakeFormationAPI

/// Who may grant and revoke, and what can be granted on what.
///
/// Source: Lake Formation Developer Guide, "Lake Formation permissions reference".
extension GrantSubject {
    /// What can be granted on the whole of it.
    var grantable: Set<LakeFormation.Permission> {
        switch self {
        case .catalog: [.createDatabase]
        case .database: Self.grantableOnDatabases
        case .tables, .table: Self.grantableOnTables
        case .location: [.dataLocationAccess]
        case .tagged(let policy):
            switch policy.kind {
            case .databases: Self.grantableOnDatabases
            case .tables: Self.grantableOnTables
            }
        }
    }

    private static let grantableOnDatabases: Set<LakeFormation.Permission> = [
        .all, .createTable, .alter, .drop, .describe,
    ]
    private static let grantableOnTables: Set<LakeFormation.Permission> = [
        .all, .select, .insert, .delete, .alter, .drop, .describe,
    ]
}

extension GrantResource {
    var grantable: Set<LakeFormation.Permission> {
        switch part {
        case .whole: subject.grantable
        case .columns, .filter: [.select]
        }
    }

    /// A link can be shown and dropped; data is granted on what it links to.
    static let grantableOnLinks: Set<LakeFormation.Permission> = [.describe, .drop]
}

extension CloudState {
    /// Whether the caller may give, or take away, such a grant.
    ///
    /// The catalogue's own account may through its data lake administrators and through whoever
    /// made the thing. Others may pass on what they hold with the grant option, and only within
    /// their account: what was shared with one account does not travel on to a third.
    func mayGrant(
        _ permissions: Set<LakeFormation.Permission>, on resource: GrantResource,
        to grantee: Grantee, _ caller: Caller
    ) -> Bool {
        let catalog = resource.subject.catalog
        if governance.isAdministrator(caller, of: catalog) { return true }
        if caller.belongs(to: catalog) {
            if creator(of: resource.subject) == caller.principal.description { return true }
        } else {
            guard grantee.account == caller.account else { return false }
        }
        let held = governance.grantees(reaching: caller).flatMap {
            governance.grants(to: $0, bearingOn: resource.subject)
        }
        return permissions.allSatisfy { held.allow($0, on: resource) }
    }

    private func creator(of subject: GrantSubject) -> String? {
        switch subject {
        case .catalog, .location, .tagged: nil
        case .database(let id): catalogue[id]?.createdBy
        // Who made the database has no say in what others make in it.
        case .tables: nil
        case .table(let id): catalogue[id]?.createdBy
        }
    }
}

extension GovernanceState {
    /// The grantee's grants on the thing itself, on all tables of the database where it is one, and on what is
    /// tagged as it is.
    func grants(to grantee: Grantee, bearingOn subject: GrantSubject) -> [Grant] {
        var grants = grants(to: grantee, on: subject)
        if case .table(let table) = subject {
            grants += self.grants(to: grantee, on: .tables(table.databaseID))
        }
        return grants + tagGrants(to: grantee).filter { isOn(subject, $0) }
    }

    /// Whether a grant on what is tagged means the thing, or a column of it.
    func isOn(_ subject: GrantSubject, _ grant: Grant) -> Bool {
        guard let policy = grant.tagPolicy else { return false }
        return switch subject {
        case .table(let id): columns(of: id, meantBy: policy) != nil
        case .database(let id): isMeant(id, by: policy)
        case .catalog, .tables, .location, .tagged: false
        }
    }

    /// Takes back what the account passed on and does not hold any more.
    ///
    /// Called when something was revoked from one of its principals: each grant that the account
    /// gave in another's catalogue must still be covered by a grant with the grant option to the
    /// account or one of its principals, other than the grantee itself.
    mutating func revokeUnsupported(passedOnBy account: AccountID, in db: Database) throws {
        let own = grants.keys.filter { $0.account == account }
        var changed = true
        while changed {
            changed = false
            let passedOn = own.flatMap { (grants[$0] ?? [:]).values.flatMap(\.self) }.filter {
                $0.grantor == account && $0.resource.subject.catalog != account
            }
            for grant in passedOn {
                let givers = own.filter { $0 != grant.grantee }
                guard !isSupported(grant, by: givers) else { continue }
                try set(grant.with(permissions: [], grantable: []), in: db)
                changed = true
            }
        }
    }

    private func isSupported(_ grant: Grant, by givers: [Grantee]) -> Bool {
        let held = givers.flatMap { grants(to: $0, bearingOn: grant.resource.subject) }
        return grant.permissions.allSatisfy { held.allow($0, on: grant.resource) }
    }
}

extension [Grant] {
    /// Whether one of them has the permission with the grant option, on that resource or more.
    fileprivate func allow(
        _ permission: LakeFormation.Permission, on resource: GrantResource
    ) -> Bool {
        contains { $0.allowsGranting(permission) && $0.resource.covers(resource) }
    }
}
