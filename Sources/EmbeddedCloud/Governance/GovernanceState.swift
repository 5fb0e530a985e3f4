import AWSAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import LakeFormationAPI
import Ledger

/// Lake Formation: who administers each account's lake, which locations are registered, which
/// filters and tags there are, and who was granted what.
struct GovernanceState: Sendable {
    /// What ``LakeFormation/PutDataLakeSettings`` last said, by account.
    var settings: TreeDictionary<AccountID, LakeFormation.DataLakeSettings> = [:]
    /// By account and normal ARN.
    var locations: TreeDictionary<AccountID, TreeDictionary<String, LakeFormation.ResourceInfo>> =
        [:]
    var filters: TreeDictionary<TableID, TreeDictionary<String, DataCellsFilter>> = [:]
    /// The values of each LF-Tag, by account and key.
    var tags: TreeDictionary<AccountID, TreeDictionary<String, [String]>> = [:]
    /// What is tagged, and how.
    var tagged: TreeDictionary<DatabaseID, TaggedDatabase> = [:]
    /// What each grantee holds, by what it is on: an access looks up a handful of places.
    private(set) var grants: TreeDictionary<Grantee, TreeDictionary<GrantSubject, [Grant]>> = [:]
    /// What of it is on whatever is tagged so: it has to be looked through.
    private var policies: TreeDictionary<Grantee, TreeSet<TagPolicy>> = [:]
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
        for row in try LFTagRow.fetchAll(db) {
            tags[row.catalog, default: [:]][row.key] = row.values
        }
        for row in try LFTagAssignmentRow.fetchAll(db) { insert(row) }
        for row in try GrantRow.fetchAll(db) { insert(try Grant(row)) }
    }

    func grants(to grantee: Grantee, on subject: GrantSubject) -> [Grant] {
        grants[grantee]?[subject] ?? []
    }

    /// The grantee's grants on what is tagged.
    func tagGrants(to grantee: Grantee) -> [Grant] {
        (policies[grantee] ?? []).flatMap { grants(to: grantee, on: .tagged($0)) }
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
        if let policy = grant.tagPolicy {
            policies[grant.grantee, default: []].insert(policy)
        }
    }

    private mutating func remove(_ grant: Grant) {
        let subject = grant.resource.subject
        guard var held = grants[grant.grantee]?[subject] else { return }
        held.removeAll { $0.resource == grant.resource }
        grants[grant.grantee]?[subject] = held.isEmpty ? nil : held
        if grants[grant.grantee]?.isEmpty ?? false { grants[grant.grantee] = nil }
        guard let policy = grant.tagPolicy, held.isEmpty else { return }
        policies[grant.grantee]?.remove(policy)
        if policies[grant.grantee]?.isEmpty ?? false { policies[grant.grantee] = nil }
    }

    /// Forgets what was granted and filtered on a thing that is dropped: one made later under the
    /// same name is another thing.
    mutating func forget(_ subject: GrantSubject, in db: Database) throws {
        generation += 1
        try forgetTags(of: subject, in: db)
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

    /// What one of the grants on the table shows of its data.
    func data(shownBy grant: Grant, of table: TableID) -> GrantedData {
        guard grant.allows(.select) else { return .none }
        if let policy = grant.tagPolicy {
            guard let columns = columns(of: table, meantBy: policy) else { return .none }
            return columns == .all ? .all : .part(SelectGrant(columns: columns))
        }
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
