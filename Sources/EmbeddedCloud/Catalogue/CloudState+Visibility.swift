import AWSAPI
import FoundationEssentials
import GlueAPI
import HashTreeCollections
import LakeFormationAPI

/// What a caller sees of a catalogue: all of its own account's, and of another's what it was
/// granted.
///
/// What it does not see is absent, as if it were not there.
extension CloudState {
    func databases(of catalog: AccountID, seenBy caller: Caller, at now: Date) -> [Glue.Database] {
        let all = catalogue.databases(of: catalog)
        guard !caller.belongs(to: catalog) else { return all.compactMap { definition(of: $0) } }
        let reached = databases(reaching: caller, at: now)
        return all.filter(reached.contains).compactMap { definition(of: $0) }
    }

    /// Every other account's databases of which the caller was granted something.
    func foreignDatabases(seenBy caller: Caller, at now: Date) -> [Glue.Database] {
        databases(reaching: caller, at: now)
            .filter { $0.catalog != caller.account }
            .compactMap { definition(of: $0) }
    }

    func database(_ id: DatabaseID, seenBy caller: Caller, at now: Date) -> Glue.Database? {
        guard let database = definition(of: id) else { return nil }
        if caller.belongs(to: id.catalog) { return database }
        let subjects =
            [.database(id), .tables(id)] + catalogue.tables(of: id).map(GrantSubject.table)
        let isNamed = governance.grantees(reaching: caller).contains { grantee in
            subjects.contains { !governance.grants(to: grantee, on: $0).isEmpty }
        }
        return isNamed || isMeant(id, by: tagPolicies(reaching: caller, at: now)) ? database : nil
    }

    private func definition(of database: DatabaseID) -> Glue.Database? {
        catalogue[database]?.definition
    }

    func tables(of database: DatabaseID, seenBy caller: Caller, at now: Date) -> [Glue.Table] {
        catalogue.tables(of: database).compactMap { table($0, seenBy: caller, at: now) }
    }

    /// The table as the caller sees it: without the columns that it may not read.
    ///
    /// A grant of metadata alone shows all columns' names, or those that are tagged as it says; once there
    /// is a grant of data, only its columns.
    func table(_ id: TableID, seenBy caller: Caller, at now: Date) -> Glue.Table? {
        guard var table = catalogue[id] else { return nil }
        table.isRegisteredWithLakeFormation = governance.isRegistered(
            table.storageDescriptor?.location, in: id.catalog)
        if caller.belongs(to: id.catalog) { return table }
        let grants = grants(reaching: caller, on: id, at: now)
        guard !grants.isEmpty else { return nil }
        let columns = table.allColumns.map(\.name)
        if grants.contains(where: { $0.allows(.select) }) {
            let access = access(of: caller, to: id, columns: columns, at: now)
            return table.showing(Set((access?.columns ?? []).map(\.name)).contains)
        }
        let policies = grants.compactMap(\.tagPolicy)
        guard policies.count == grants.count else { return table }
        let meant = policies.compactMap { governance.columns(of: id, meantBy: $0) }
        return table.showing { name in meant.contains { $0.contains(name.lowercased()) } }
    }
}

extension CloudState {
    /// The databases on which, or in which, the caller holds anything.
    private func databases(reaching caller: Caller, at now: Date) -> Set<DatabaseID> {
        let named = governance.databasesNamed(in: governance.grantees(reaching: caller))
        let policies = tagPolicies(reaching: caller, at: now)
        return named.union(governance.tagged.keys.filter { isMeant($0, by: policies) })
    }

    private func tagPolicies(reaching caller: Caller, at now: Date) -> Set<TagPolicy> {
        Set(tagGrants(reaching: caller, at: now).compactMap(\.tagPolicy))
    }

    /// Whether one of the policies means the database, or something in it.
    private func isMeant(_ id: DatabaseID, by policies: Set<TagPolicy>) -> Bool {
        guard !policies.isEmpty, governance.tagged[id] != nil else { return false }
        return policies.contains { governance.isMeant(id, by: $0) }
            || catalogue.tables(of: id).contains { table in
                policies.contains { governance.columns(of: table, meantBy: $0) != nil }
            }
    }
}

extension GovernanceState {
    /// The databases on which, or in which, something was granted to one of them by name.
    fileprivate func databasesNamed(in grantees: [Grantee]) -> Set<DatabaseID> {
        var databases: Set<DatabaseID> = []
        for grantee in grantees {
            for subject in (grants[grantee] ?? [:]).keys {
                switch subject {
                case .database(let id), .tables(let id): databases.insert(id)
                case .table(let id): databases.insert(id.databaseID)
                case .catalog, .location, .tagged: break
                }
            }
        }
        return databases
    }
}
