import AWSAPI
import GlueAPI
import HashTreeCollections
import LakeFormationAPI

/// What a caller sees of a catalogue: all of its own account's, and of another's what it was
/// granted.
///
/// What it does not see is absent, as if it were not there.
extension CloudState {
    func databases(of catalog: AccountID, seenBy caller: Caller) -> [Glue.Database] {
        catalogue.databases(of: catalog).compactMap { database($0, seenBy: caller) }
    }

    /// Every other account's databases of which the caller was granted something.
    func foreignDatabases(seenBy caller: Caller) -> [Glue.Database] {
        governance.databases(reaching: caller)
            .filter { $0.catalog != caller.account }
            .compactMap { catalogue[$0]?.definition }
    }

    func database(_ id: DatabaseID, seenBy caller: Caller) -> Glue.Database? {
        guard let database = catalogue[id]?.definition else { return nil }
        if caller.belongs(to: id.catalog) { return database }
        return governance.databases(reaching: caller).contains(id) ? database : nil
    }

    func tables(of database: DatabaseID, seenBy caller: Caller) -> [Glue.Table] {
        catalogue.tables(of: database).compactMap { table($0, seenBy: caller) }
    }

    /// The table as the caller sees it: without the columns that it may not read.
    ///
    /// A grant of metadata alone shows all columns' names; once there is a grant of data, only its
    /// columns.
    func table(_ id: TableID, seenBy caller: Caller) -> Glue.Table? {
        guard var table = catalogue[id] else { return nil }
        table.isRegisteredWithLakeFormation = governance.isRegistered(
            table.storageDescriptor?.location, in: id.catalog)
        if caller.belongs(to: id.catalog) { return table }
        let grants = governance.grants(reaching: caller, on: id)
        guard !grants.isEmpty else { return nil }
        guard grants.contains(where: { $0.allows(.select) }) else { return table }
        let access = governance.access(
            of: caller, to: id, columns: table.allColumns.map(\.name))
        let shown = Set((access?.columns ?? []).map(\.name))
        return table.showing(shown.contains)
    }
}

extension GovernanceState {
    /// The databases on which, or in which, the caller holds anything.
    fileprivate func databases(reaching caller: Caller) -> Set<DatabaseID> {
        var databases: Set<DatabaseID> = []
        for grantee in grantees(reaching: caller) {
            for subject in (grants[grantee] ?? [:]).keys {
                switch subject {
                case .database(let id), .tables(let id): databases.insert(id)
                case .table(let id): databases.insert(id.databaseID)
                case .catalog, .location: break
                }
            }
        }
        return databases
    }
}
