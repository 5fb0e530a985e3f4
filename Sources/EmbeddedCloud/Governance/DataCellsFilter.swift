import AWSAPI
import FoundationEssentials
import GRDB
import LakeFormationAPI

/// Some columns of some rows of one table, under a name that grants can use.
struct DataCellsFilter: Sendable {
    /// As it was asked for.
    var definition: LakeFormation.DataCellsFilter
    var columns: ColumnSelection
    /// Nil: every row.
    var rows: RowPredicate?
}

extension LakeFormation.DataCellsFilter {
    /// Nil unless it names columns in exactly one way.
    var selection: ColumnSelection? { ColumnSelection(columnNames, columnWildcard) }
}

struct DataCellsFilterRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "dataCellsFilter"

    var catalog: AccountID
    var database: String
    var tableName: String
    var name: String
    /// `LakeFormation.DataCellsFilter` in JSON.
    var definition: String
    /// ``RowPredicate`` in JSON, compiled when the filter was made. Nil: every row.
    var predicate: String?

    var tableID: TableID { TableID(catalog: catalog, database: database, name: tableName) }

    static func all(of table: TableID) -> QueryInterfaceRequest<DataCellsFilterRow> {
        filter(Column("catalog") == table.catalog.rawValue)
            .filter(Column("database") == table.database)
            .filter(Column("tableName") == table.name)
    }

    init(_ filter: DataCellsFilter, of table: TableID) throws {
        catalog = table.catalog
        database = table.database
        tableName = table.name
        name = filter.definition.name
        definition = filter.definition.json
        predicate = try filter.rows.map {
            String(decoding: try JSONEncoder().encode($0), as: UTF8.self)
        }
    }
}

extension DataCellsFilter {
    init(_ row: DataCellsFilterRow) throws {
        definition = try LakeFormation.DataCellsFilter(json: row.definition)
        guard let columns = definition.selection else {
            throw DataDirectoryFault.damaged("the filter \(row.name) names no columns.")
        }
        self.columns = columns
        rows = try row.predicate.map {
            try JSONDecoder().decode(RowPredicate.self, from: Data($0.utf8))
        }
    }
}
