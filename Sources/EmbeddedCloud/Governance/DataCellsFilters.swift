import AWSAPI
import FoundationEssentials
import GRDB
import GlueAPI
import HashTreeCollections
import LakeFormationAPI

/// Data cells filters: made, shown and deleted by whoever governs the table.
struct DataCellsFilters: Sendable {
    let state: StateStore
    let engine: ExpressionEngine

    var handlers: [Handler] {
        [
            Handler(createDataCellsFilter), Handler(getDataCellsFilter),
            Handler(deleteDataCellsFilter), Handler(updateDataCellsFilter),
            Handler(listDataCellsFilter),
        ]
    }

    @Sendable func createDataCellsFilter(
        _ operation: LakeFormation.CreateDataCellsFilter, _ request: Request
    ) async throws -> EmptyResponse {
        let table = try Self.table(
            operation.tableData.tableCatalogId, operation.tableData.databaseName,
            operation.tableData.tableName, for: request)
        let found = try state.current.governedTable(table, by: request.caller)
        let filter = try await compile(operation.tableData, of: table, found)
        try await state.change(recording: request.event) { db, state in
            // The expression was read against this table; one made anew meanwhile may differ.
            guard try state.governedTable(table, by: request.caller) == found else {
                throw AWSError("ConcurrentModificationException", "The table has changed.")
            }
            let name = filter.definition.name
            guard state.governance.filters[table]?[name] == nil else {
                throw AWSError.filterExists(name)
            }
            try DataCellsFilterRow(filter, of: table).insert(db)
            state.governance.filters[table, default: [:]][name] = filter
        }
        return .init()
    }

    /// In force for whoever was granted it, with the next statement.
    @Sendable func updateDataCellsFilter(
        _ operation: LakeFormation.UpdateDataCellsFilter, _ request: Request
    ) async throws -> EmptyResponse {
        let given = operation.tableData
        let table = try Self.table(
            given.tableCatalogId, given.databaseName, given.tableName, for: request)
        let found = try state.current.governedTable(table, by: request.caller)
        let filter = try await compile(given, of: table, found)
        try await state.change(recording: request.event) { db, state in
            guard try state.governedTable(table, by: request.caller) == found else {
                throw AWSError("ConcurrentModificationException", "The table has changed.")
            }
            guard let old = state.governance.filters[table]?[given.name] else {
                throw AWSError.filterNotFound(given.name)
            }
            guard given.versionId == nil || given.versionId == old.definition.versionId else {
                throw AWSError(
                    "ConcurrentModificationException",
                    "The filter is not of that version any more.")
            }
            try DataCellsFilterRow.all(of: table).filter(Column("name") == given.name)
                .deleteAll(db)
            try DataCellsFilterRow(filter, of: table).insert(db)
            state.governance.filters[table]?[given.name] = filter
            state.governance.changed()
        }
        return .init()
    }

    /// By name, of one table or of all that the caller governs.
    @Sendable func listDataCellsFilter(
        _ operation: LakeFormation.ListDataCellsFilter, _ request: Request
    ) async throws -> LakeFormation.ListDataCellsFilter.Response {
        let state = state.current
        var tables: [TableID] = []
        if let named = operation.table {
            guard let name = named.name else {
                throw AWSError.lakeInvalidInput("Table is named by DatabaseName and Name.")
            }
            let table = try Self.table(
                named.catalogId, named.databaseName, name, for: request)
            _ = try state.governedTable(table, by: request.caller)
            tables = [table]
        } else {
            tables = state.governance.filters.keys.filter {
                $0.catalog == request.account
                    && (try? state.governedTable($0, by: request.caller)) != nil
            }
        }
        let listed = tables.flatMap { table in
            (state.governance.filters[table] ?? [:]).values.map(\.definition)
        }.map { ("\($0.databaseName)/\($0.tableName)/\($0.name)", $0) }.sorted { $0.0 < $1.0 }
        let page = try Page(
            of: listed, by: \.0, after: operation.nextToken, max: operation.maxResults)
        return .init(dataCellsFilters: page.items.map(\.1), nextToken: page.nextToken)
    }

    private func compile(
        _ given: LakeFormation.DataCellsFilter, of id: TableID, _ table: GovernedTable
    ) async throws -> DataCellsFilter {
        guard !table.isLinkOrView else {
            throw AWSError.lakeInvalidInput("Links and views take no data cells filters.")
        }
        guard !given.name.isEmpty, given.name.utf8.count <= CatalogueName.bytesMax else {
            throw AWSError.lakeInvalidInput(
                "Name must have 1 to \(CatalogueName.bytesMax) bytes.")
        }
        guard let columns = ColumnSelection(given.columnNames, given.columnWildcard) else {
            throw AWSError.lakeInvalidInput(
                "Columns are named either by ColumnNames or by ColumnWildcard.")
        }
        try columns.checkExist(in: table.columns)
        let rows = try await predicate(given.rowFilter, table.filterColumns)
        let definition = LakeFormation.DataCellsFilter(
            tableCatalogId: id.catalog.rawValue, databaseName: id.database, tableName: id.name,
            name: given.name, rowFilter: given.rowFilter, columnNames: given.columnNames,
            columnWildcard: given.columnWildcard, versionId: UUID().uuidString.lowercased())
        return DataCellsFilter(definition: definition, columns: columns, rows: rows)
    }

    private func predicate(
        _ filter: LakeFormation.RowFilter?, _ columns: [FilterColumn]
    ) async throws -> RowPredicate? {
        switch (filter?.filterExpression, filter?.allRowsWildcard) {
        case (nil, _?): return nil
        case (let expression?, nil):
            return try await FilterExpressionReader(columns: columns)
                .predicate(of: expression, by: engine)
        case (nil, nil), (_?, _?):
            throw AWSError.lakeInvalidInput(
                "RowFilter must have either a FilterExpression or AllRowsWildcard.")
        }
    }

    @Sendable func getDataCellsFilter(
        _ operation: LakeFormation.GetDataCellsFilter, _ request: Request
    ) async throws -> LakeFormation.GetDataCellsFilter.Response {
        let table = try Self.table(
            operation.tableCatalogId, operation.databaseName, operation.tableName, for: request)
        let state = state.current
        _ = try state.governedTable(table, by: request.caller)
        guard let filter = state.governance.filters[table]?[operation.name] else {
            throw AWSError.filterNotFound(operation.name)
        }
        return .init(dataCellsFilter: filter.definition)
    }

    /// A filter through which someone reads is not deleted: what is granted is revoked first.
    @Sendable func deleteDataCellsFilter(
        _ operation: LakeFormation.DeleteDataCellsFilter, _ request: Request
    ) async throws -> EmptyResponse {
        guard let database = operation.databaseName, let tableName = operation.tableName,
            let name = operation.name
        else {
            throw AWSError.lakeInvalidInput(
                "A filter is named by DatabaseName, TableName and Name.")
        }
        let table = try Self.table(operation.tableCatalogId, database, tableName, for: request)
        try await state.change(recording: request.event) { db, state in
            _ = try state.governedTable(table, by: request.caller)
            guard state.governance.filters[table]?[name] != nil else {
                throw AWSError.filterNotFound(name)
            }
            guard !state.governance.isGranted(filter: name, of: table) else {
                throw AWSError.lakeInvalidInput(
                    "The filter \(name) is granted. Revoke it before deleting it.")
            }
            try DataCellsFilterRow.all(of: table).filter(Column("name") == name).deleteAll(db)
            state.governance.filters[table]?[name] = nil
        }
        return .init()
    }

    private static func table(
        _ catalog: String?, _ database: String, _ name: String, for request: Request
    ) throws(AWSError) -> TableID {
        TableID(
            catalog: try request.catalog(catalog), database: database.lowercased(),
            name: name.lowercased())
    }
}

/// What of a table a filter is made against.
struct GovernedTable: Equatable, Sendable {
    var columns: [String]
    var filterColumns: [FilterColumn]
    var isLinkOrView: Bool
    var createdAt: Date?

    init(_ table: Glue.Table) {
        columns = table.allColumns.map(\.name)
        filterColumns = table.filterColumns
        isLinkOrView = table.isLink || table.isView
        createdAt = table.createTime
    }
}

extension CloudState {
    /// - Throws: Lake Formation's refusal, which says nothing of whether the table exists, unless
    ///   the caller administers the lake or made the table.
    fileprivate func governedTable(
        _ id: TableID, by caller: Caller
    ) throws(AWSError) -> GovernedTable {
        let table = catalogue[id]
        guard
            governance.isAdministrator(caller, of: id.catalog)
                || caller.belongs(to: id.catalog)
                    && table?.createdBy == caller.principal.description
        else { throw .lakeAccessDenied }
        guard let table else { throw .tableNotFound(id.name) }
        return GovernedTable(table)
    }
}

extension GovernanceState {
    fileprivate func isGranted(filter name: String, of table: TableID) -> Bool {
        let resource = GrantResource(subject: .table(table), part: .filter(name))
        return grants.keys.contains { held($0, resource) != nil }
    }
}
