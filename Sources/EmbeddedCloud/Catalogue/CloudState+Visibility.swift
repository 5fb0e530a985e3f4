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
        catalogue.databases(of: catalog).compactMap { database($0, seenBy: caller, at: now) }
    }

    /// Every other account's databases of which the caller was granted something.
    func foreignDatabases(seenBy caller: Caller, at now: Date) -> [Glue.Database] {
        databases(reaching: caller, at: now)
            .filter { $0.catalog != caller.account }
            .compactMap { catalogue[$0]?.definition }
    }

    func database(_ id: DatabaseID, seenBy caller: Caller, at now: Date) -> Glue.Database? {
        guard let database = catalogue[id]?.definition else { return nil }
        if caller.belongs(to: id.catalog) { return database }
        return databases(reaching: caller, at: now).contains(id) ? database : nil
    }

    func tables(of database: DatabaseID, seenBy caller: Caller, at now: Date) -> [Glue.Table] {
        catalogue.tables(of: database).compactMap { table($0, seenBy: caller, at: now) }
    }

    /// The table as the caller sees it: without the columns that it may not read.
    ///
    /// A grant of metadata alone shows all columns' names; once there is a grant of data, only its
    /// columns.
    func table(_ id: TableID, seenBy caller: Caller, at now: Date) -> Glue.Table? {
        guard var table = catalogue[id] else { return nil }
        table.isRegisteredWithLakeFormation = governance.isRegistered(
            table.storageDescriptor?.location, in: id.catalog)
        if caller.belongs(to: id.catalog) { return table }
        let grants = grants(reaching: caller, on: id, at: now)
        guard !grants.isEmpty else { return nil }
        guard grants.contains(where: { $0.allows(.select) }) else { return table }
        let access = access(
            of: caller, to: id, columns: table.allColumns.map(\.name), at: now)
        let shown = Set((access?.columns ?? []).map(\.name))
        return table.showing(shown.contains)
    }
}

extension CloudState {
    /// The databases on which, or in which, the caller holds anything.
    private func databases(reaching caller: Caller, at now: Date) -> Set<DatabaseID> {
        var databases = governance.databasesNamed(in: governance.grantees(reaching: caller))
        for policy in Set(tagGrants(reaching: caller, at: now).compactMap(\.tagPolicy)) {
            for (id, _) in governance.tagged
            where id.catalog == policy.catalog && !databases.contains(id) {
                let isReached =
                    governance.isMeant(id, by: policy)
                    || catalogue.tables(of: id).contains {
                        governance.columns(of: $0, meantBy: policy) != nil
                    }
                if isReached { databases.insert(id) }
            }
        }
        return databases
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
