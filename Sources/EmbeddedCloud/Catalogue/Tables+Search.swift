import AWSAPI
import GlueAPI

/// Looking for tables by words.
extension Tables {
    /// Tables of all databases that the caller sees, by name.
    ///
    /// A word in quotes has to be a name or value as a whole; any other has to be in one.
    @Sendable func searchTables(
        _ operation: Glue.SearchTables, _ request: Request
    ) async throws -> Glue.SearchTables.Response {
        let state = state.current
        let catalog = try request.catalog(operation.catalogId)
        var databases = state.databases(of: catalog, seenBy: request.caller, at: request.time)
        if let share = operation.resourceShareType, share != .federated {
            let foreign = state.foreignDatabases(seenBy: request.caller, at: request.time)
            databases = share == .all ? databases + foreign : foreign
        }
        var found: [(key: String, table: Glue.Table)] = []
        for database in databases where database.targetDatabase == nil {
            let id = DatabaseID(
                catalog: database.catalogId.flatMap(AccountID.init(rawValue:)) ?? catalog,
                name: database.name)
            for table in state.tables(of: id, seenBy: request.caller, at: request.time)
            where Self.matches(table, operation) {
                found.append(("\(table.name)/\(id.name)/\(id.catalog)", table))
            }
        }
        found.sort { $0.key < $1.key }
        guard
            let page = Page(
                of: found, by: \.key, after: operation.nextToken,
                limit: try Databases.limit(operation.maxResults))
        else { throw AWSError.unknownNextToken }
        return .init(nextToken: page.nextToken, tableList: page.items.map(\.table))
    }

    private static func matches(_ table: Glue.Table, _ operation: Glue.SearchTables) -> Bool {
        if let text = operation.searchText, !text.isEmpty {
            let names =
                ([table.name, table.databaseName, table.description]
                .compactMap { $0 }
                + table.allColumns.flatMap { [$0.name, $0.comment].compactMap { $0 } }
                + (table.parameters ?? [:]).flatMap { [$0.key, $0.value] })
                .map { $0.lowercased() }
            let text = text.lowercased()
            if text.count > 2, text.hasPrefix("\""), text.hasSuffix("\"") {
                guard names.contains(String(text.dropFirst().dropLast())) else { return false }
            } else {
                guard names.contains(where: { $0.contains(text) }) else { return false }
            }
        }
        return (operation.filters ?? []).allSatisfy { filter in
            guard let key = filter.key?.lowercased(), let wanted = filter.value else { return true }
            let value: String? =
                switch key {
                case "name": table.name
                case "databasename", "database": table.databaseName
                case "description": table.description
                case "tabletype": table.tableType
                case "owner": table.owner
                default: table.parameters?.first { $0.key.lowercased() == key }?.value
                }
            guard let value else { return false }
            return switch filter.comparator {
            case .greaterThan?: value > wanted
            case .greaterThanEquals?: value >= wanted
            case .lessThan?: value < wanted
            case .lessThanEquals?: value <= wanted
            default: value.lowercased() == wanted.lowercased()
            }
        }
    }
}
