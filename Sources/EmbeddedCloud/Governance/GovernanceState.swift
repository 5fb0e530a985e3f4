import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import LakeFormationAPI
import Ledger

/// Lake Formation: who administers each account's lake, which locations are registered, which
/// filters there are, and who was granted what.
struct GovernanceState: Sendable {
    /// What ``LakeFormation/PutDataLakeSettings`` last said, by account.
    var settings: TreeDictionary<AccountID, LakeFormation.DataLakeSettings> = [:]
    /// By account and normal ARN.
    var locations: TreeDictionary<AccountID, TreeDictionary<String, LakeFormation.ResourceInfo>> =
        [:]
    var filters: TreeDictionary<TableID, TreeDictionary<String, DataCellsFilter>> = [:]
    /// What each grantee holds, by what it is on: an access looks up a handful of places.
    private(set) var grants: TreeDictionary<Grantee, TreeDictionary<GrantSubject, [Grant]>> = [:]
    /// Counts the changes of what anyone may read: what was set up under an older one is out of
    /// date.
    private(set) var generation = 0

    init(loading db: Database) throws {
        for row in try DataLakeSettingsRow.fetchAll(db) {
            settings[row.account] = try LakeFormation.DataLakeSettings(json: row.settings)
        }
        for row in try LocationRow.fetchAll(db) {
            locations[row.account, default: [:]][row.arn] = try LakeFormation.ResourceInfo(
                json: row.info)
        }
        for row in try DataCellsFilterRow.fetchAll(db) {
            filters[row.tableID, default: [:]][row.name] = try DataCellsFilter(row)
        }
        for row in try GrantRow.fetchAll(db) { insert(try Grant(row)) }
    }

    func grants(to grantee: Grantee, on subject: GrantSubject) -> [Grant] {
        grants[grantee]?[subject] ?? []
    }

    /// What anyone may read may be something else now, without a change of the grants: a table's definition.
    mutating func changed() { generation += 1 }

    /// Sets what the grantee holds of the resource; nothing at all takes the grant away.
    mutating func set(_ grant: Grant, in db: Database) throws {
        generation += 1
        remove(grant)
        if grant.permissions.isEmpty {
            try GrantRow(grant).delete(db)
        } else {
            try GrantRow(grant).save(db)
            insert(grant)
        }
    }

    /// Adds to what the grantee holds of the resource.
    mutating func add(_ grant: Grant, in db: Database) throws {
        var sum = grant
        if let held = held(grant.grantee, grant.resource) {
            sum.permissions.formUnion(held.permissions)
            sum.grantable.formUnion(held.grantable)
        }
        try set(sum, in: db)
    }

    func held(_ grantee: Grantee, _ resource: GrantResource) -> Grant? {
        grants(to: grantee, on: resource.subject).first { $0.resource == resource }
    }

    private mutating func insert(_ grant: Grant) {
        grants[grant.grantee, default: [:]][grant.resource.subject, default: []].append(grant)
    }

    private mutating func remove(_ grant: Grant) {
        let subject = grant.resource.subject
        guard var held = grants[grant.grantee]?[subject] else { return }
        held.removeAll { $0.resource == grant.resource }
        grants[grant.grantee]?[subject] = held.isEmpty ? nil : held
        if grants[grant.grantee]?.isEmpty ?? false { grants[grant.grantee] = nil }
    }

    /// Forgets what was granted and filtered on a thing that is dropped: one made later under the
    /// same name is another thing.
    mutating func forget(_ subject: GrantSubject, in db: Database) throws {
        generation += 1
        for grant in grants.values.flatMap({ $0[subject] ?? [] }) {
            remove(grant)
            try GrantRow(grant).delete(db)
        }
        if case .table(let table) = subject, filters[table] != nil {
            filters[table] = nil
            try DataCellsFilterRow.all(of: table).deleteAll(db)
        }
    }
}

// MARK: - Reading

extension GovernanceState {
    /// Whether the caller administers the account's lake: by the settings, or as one of the
    /// built-in principals. The exchange's administrator could always write itself back into the
    /// settings, and an account has no other role than data-subscriber to speak for it.
    func isAdministrator(_ caller: Caller, of account: AccountID) -> Bool {
        guard caller.belongs(to: account) else { return false }
        switch caller.kind {
        case .anonymous: return false
        case .user: return true
        case .session(BuiltInRole.dataSubscriber, _, _), .session(BuiltInRole.marketplace, _, _):
            return true
        case .session:
            let principal = caller.principal.description
            let admins = settings[account]?.dataLakeAdmins ?? []
            return admins.contains { $0.dataLakePrincipalIdentifier == principal }
        }
    }

    /// Every name under which the caller may have been granted something.
    ///
    /// What is granted to an account reaches its data lake administrators alone.
    func grantees(reaching caller: Caller) -> [Grantee] {
        if case .anonymous = caller.kind { return [] }
        let grantees = [Grantee.identity(caller.principal), .everyone(in: caller.account)]
        return isAdministrator(caller, of: caller.account)
            ? grantees + [.account(caller.account)] : grantees
    }

    /// What the caller holds that has to do with the table.
    func grants(reaching caller: Caller, on table: TableID) -> [Grant] {
        grantees(reaching: caller).flatMap { grantee in
            grants(to: grantee, on: .table(table))
                + grants(to: grantee, on: .tables(table.databaseID))
        }
    }

    /// What the caller may read of the table. Nil: nothing, and it need not know that the table
    /// exists.
    ///
    /// An account's own principals read the account's tables whole: in AWS that takes
    /// IAM_ALLOWED_PRINCIPALS or a grant to oneself, and would say the same. Everyone else reads
    /// what was granted.
    ///
    /// - Parameter columns: The table's, partition keys included, in its order.
    func access(of caller: Caller, to table: TableID, columns: [String]) -> TableAccess? {
        if caller.belongs(to: table.catalog) { return .whole(columns) }
        var selects: [SelectGrant] = []
        for grant in grants(reaching: caller, on: table) {
            switch data(shownBy: grant, of: table) {
            case .none: continue
            case .all: return .whole(columns)
            case .part(let select): selects.append(select)
            }
        }
        return TableAccess(adding: selects, columns: columns)
    }

    /// What one of the grants on the table shows of its data.
    func data(shownBy grant: Grant, of table: TableID) -> GrantedData {
        guard grant.allows(.select) else { return .none }
        switch grant.resource.part {
        case .whole: return .all
        case .columns(let columns): return .part(SelectGrant(columns: columns))
        case .filter(let name):
            // A filter that is not there shows nothing.
            guard let filter = filters[table]?[name] else { return .none }
            return .part(SelectGrant(columns: filter.columns, rows: filter.rows))
        }
    }
}

extension Caller {
    /// Whether this is a principal of the account. A stranger is of none.
    func belongs(to account: AccountID) -> Bool {
        if case .anonymous = kind { return false }
        return self.account == account
    }
}
