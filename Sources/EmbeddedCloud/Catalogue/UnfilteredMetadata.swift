import AWSAPI
import GlueAPI
import HashTreeCollections

/// What Glue tells engines that enforce Lake Formation's filters themselves.
///
/// Here no engine is trusted to: they are told of tables of which the caller was granted everything, and of no
/// other.
struct UnfilteredMetadata: Sendable {
    let state: StateStore
    let partitions: Partitions

    var handlers: [Handler] { [Handler(table), Handler(partitions)] }

    @Sendable func table(
        _ operation: Glue.GetUnfilteredTableMetadata, _ request: Request
    ) async throws -> Glue.GetUnfilteredTableMetadata.Response {
        let table = try whole(
            operation.databaseName, operation.name, operation.catalogId, request)
        return .init(
            table: table, authorizedColumns: table.allColumns.map(\.name),
            isRegisteredWithLakeFormation: table.isRegisteredWithLakeFormation, cellFilters: [])
    }

    @Sendable func partitions(
        _ operation: Glue.GetUnfilteredPartitionsMetadata, _ request: Request
    ) async throws -> Glue.GetUnfilteredPartitionsMetadata.Response {
        let table = try whole(
            operation.databaseName, operation.tableName, operation.catalogId, request)
        let found = try await partitions.getPartitions(
            Glue.GetPartitions(
                databaseName: operation.databaseName, tableName: operation.tableName,
                catalogId: operation.catalogId, expression: operation.expression,
                nextToken: operation.nextToken, segment: operation.segment,
                maxResults: operation.maxResults), request)
        let columns = table.allColumns.map(\.name)
        return .init(
            unfilteredPartitions: (found.partitions ?? []).map {
                .init(
                    partition: $0, authorizedColumns: columns,
                    isRegisteredWithLakeFormation: table.isRegisteredWithLakeFormation)
            }, nextToken: found.nextToken)
    }

    /// A table that the caller may see, and of which nothing is hidden from it.
    private func whole(
        _ databaseName: String, _ tableName: String, _ catalogID: String?, _ request: Request
    ) throws(AWSError) -> Glue.Table {
        let current = state.current
        let named = DatabaseID(
            catalog: try request.catalog(catalogID), name: databaseName.lowercased())
        guard let database = current.followed(named, for: request.caller, at: request.time) else {
            throw .databaseNotFound(databaseName)
        }
        let id = database.table(tableName.lowercased())
        guard let table = current.table(id, seenBy: request.caller, at: request.time) else {
            throw .tableNotFound(tableName)
        }
        guard current.isGrantedWhole(id, to: request.caller, at: request.time) else {
            throw .somethingHidden(of: id)
        }
        return table
    }
}
