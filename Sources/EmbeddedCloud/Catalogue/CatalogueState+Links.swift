import AWSAPI
import GlueAPI

/// Resource links: an account's own names for what another account shares with it.
extension CatalogueState {
    /// The database itself, or the one that it links to. One hop: a link to a link leads nowhere.
    func following(_ id: DatabaseID) -> DatabaseID? {
        guard let database = self[id]?.definition else { return nil }
        guard let target = database.targetDatabase else { return id }
        guard let linked = DatabaseID(target),
            let definition = self[linked]?.definition, definition.targetDatabase == nil
        else { return nil }
        return linked
    }

    /// The table that an account means by a name in its own catalogue, through a link if there is
    /// one.
    ///
    /// Says nothing of whether the account may see or read it.
    func resolve(
        database: String, table: String, for account: AccountID
    ) -> (id: TableID, table: Glue.Table)? {
        let named = DatabaseID(catalog: account, name: database.lowercased())
        guard let databaseID = following(named) else { return nil }
        let id = databaseID.table(table.lowercased())
        guard let found = self[id] else { return nil }
        guard let target = found.targetTable else { return (id, found) }
        guard databaseID == named, let linkedID = TableID(target), let linked = self[linkedID],
            linked.targetTable == nil
        else { return nil }
        return (linkedID, linked)
    }
}

extension DatabaseID {
    /// Nil unless the identifier names both the catalogue and the database.
    init?(_ target: Glue.DatabaseIdentifier) {
        guard let catalog = target.catalogId.flatMap(AccountID.init(rawValue:)),
            let name = target.databaseName
        else { return nil }
        self.init(catalog: catalog, name: name.lowercased())
    }
}

extension TableID {
    /// Nil unless the identifier names the catalogue, the database and the table.
    init?(_ target: Glue.TableIdentifier) {
        guard let catalog = target.catalogId.flatMap(AccountID.init(rawValue:)),
            let database = target.databaseName, let name = target.name
        else { return nil }
        self.init(catalog: catalog, database: database.lowercased(), name: name.lowercased())
    }
}
