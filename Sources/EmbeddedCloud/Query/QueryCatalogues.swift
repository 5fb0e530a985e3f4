import AWSAPI
import AthenaAPI
import FoundationEssentials
import GlueAPI

/// The catalogue in Athena's words: what drivers and BI tools look at before they ask.
struct QueryCatalogues: Sendable {
    static let pageMax = 50

    let cloud: OwnCloud

    var handlers: [Handler] {
        [
            Handler(listDataCatalogs), Handler(getDataCatalog), Handler(listDatabases),
            Handler(getDatabase), Handler(listTableMetadata), Handler(getTableMetadata),
        ]
    }

    @Sendable func listDataCatalogs(
        _ operation: Athena.ListDataCatalogs, _ request: Request
    ) async throws -> Athena.ListDataCatalogs.Response {
        .init(
            dataCatalogsSummary: [
                .init(catalogName: QueryCatalog.name, type: .glue, status: .createComplete)
            ])
    }

    @Sendable func getDataCatalog(
        _ operation: Athena.GetDataCatalog, _ request: Request
    ) async throws -> Athena.GetDataCatalog.Response {
        try check(operation.name)
        return .init(
            dataCatalog: .init(
                name: QueryCatalog.name, type: .glue,
                parameters: ["catalog-id": request.account.rawValue], status: .createComplete))
    }

    @Sendable func listDatabases(
        _ operation: Athena.ListDatabases, _ request: Request
    ) async throws -> Athena.ListDatabases.Response {
        try check(operation.catalogName)
        let page = try await ask(
            Glue.GetDatabases(
                nextToken: operation.nextToken,
                maxResults: try AthenaPage.limit(operation.maxResults, max: Self.pageMax)),
            request)
        return .init(
            databaseList: page.databaseList.map(\.metadata), nextToken: page.nextToken)
    }

    @Sendable func getDatabase(
        _ operation: Athena.GetDatabase, _ request: Request
    ) async throws -> Athena.GetDatabase.Response {
        try check(operation.catalogName)
        let found = try await ask(Glue.GetDatabase(name: operation.databaseName), request)
        return .init(database: found.database?.metadata)
    }

    @Sendable func listTableMetadata(
        _ operation: Athena.ListTableMetadata, _ request: Request
    ) async throws -> Athena.ListTableMetadata.Response {
        try check(operation.catalogName)
        let page = try await ask(
            Glue.GetTables(
                databaseName: operation.databaseName, expression: operation.expression,
                nextToken: operation.nextToken,
                maxResults: try AthenaPage.limit(operation.maxResults, max: Self.pageMax)),
            request)
        return .init(
            tableMetadataList: (page.tableList ?? []).map(\.metadata), nextToken: page.nextToken)
    }

    @Sendable func getTableMetadata(
        _ operation: Athena.GetTableMetadata, _ request: Request
    ) async throws -> Athena.GetTableMetadata.Response {
        try check(operation.catalogName)
        let found = try await ask(
            Glue.GetTable(databaseName: operation.databaseName, name: operation.tableName), request)
        return .init(tableMetadata: found.table?.metadata)
    }

    private func check(_ catalog: String) throws(AWSError) {
        guard QueryCatalog.isOurs(catalog) else {
            throw .athenaInvalidRequest("DataCatalog \(catalog) was not found.")
        }
    }

    /// - Throws: `MetadataException` with the catalogue's own error in its message: clients look for
    ///   `EntityNotFoundException` there.
    private func ask<Operation: AWSOperation>(
        _ operation: Operation, _ request: Request
    ) async throws(AWSError) -> Operation.Response {
        do {
            return try await cloud.acting(as: request.caller, for: request.call.origin)
                .send(operation)
        } catch {
            guard error.code == "EntityNotFoundException" || error.code == "InvalidInputException"
            else { throw error }
            throw AWSError("MetadataException", "\(error.code): \(error.message)")
        }
    }
}

extension Glue.Database {
    fileprivate var metadata: Athena.Database {
        .init(name: name, description: description, parameters: parameters)
    }
}

extension Glue.Table {
    fileprivate var metadata: Athena.TableMetadata {
        var said = parameters ?? [:]
        said["location"] = storageDescriptor?.location
        said["inputformat"] = storageDescriptor?.inputFormat
        said["outputformat"] = storageDescriptor?.outputFormat
        said["serde.serialization.lib"] = storageDescriptor?.serdeInfo?.serializationLibrary
        for (name, value) in storageDescriptor?.serdeInfo?.parameters ?? [:] {
            said["serde.param.\(name)"] = value
        }
        return .init(
            name: name, createTime: createTime, lastAccessTime: lastAccessTime,
            tableType: tableType ?? "EXTERNAL_TABLE",
            columns: (storageDescriptor?.columns ?? []).map(\.metadata),
            partitionKeys: (partitionKeys ?? []).map(\.metadata), parameters: said)
    }
}

extension Glue.Column {
    fileprivate var metadata: Athena.Column { .init(name: name, type: type, comment: comment) }
}

/// What a query may call the catalogue.
enum QueryCatalog {
    static let name = "AwsDataCatalog"

    static func isOurs(_ text: String) -> Bool { text.lowercased() == name.lowercased() }
}
