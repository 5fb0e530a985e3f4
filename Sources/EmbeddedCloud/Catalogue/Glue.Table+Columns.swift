import AWSAPI
import GlueAPI

extension Glue.Table {
    /// The columns of the files, then the partition keys: the order in which a query sees them.
    var allColumns: [Glue.Column] { (storageDescriptor?.columns ?? []) + (partitionKeys ?? []) }

    /// What row filters can compare. A column of a type that cannot be compared is left out.
    var filterColumns: [FilterColumn] {
        let keys = Set((partitionKeys ?? []).map(\.name))
        return allColumns.compactMap { column in
            ColumnType(catalogued: column.type ?? "").map {
                FilterColumn(
                    name: column.name, type: $0, isPartitionKey: keys.contains(column.name))
            }
        }
    }

    /// Nil where it has no files in S3.
    var lakeLocation: LakeLocation? {
        storageDescriptor?.location.flatMap(LakeLocation.init(uri:))
    }

    /// Where its files are. Nil: nowhere in S3.
    var folder: S3URL? { storageDescriptor?.folder }

    var isLink: Bool { targetTable != nil }
    var isView: Bool { tableType == "VIRTUAL_VIEW" }

    /// The same table with those columns alone.
    func showing(_ isShown: (String) -> Bool) -> Glue.Table {
        var table = self
        table.storageDescriptor?.columns?.removeAll { !isShown($0.name) }
        table.partitionKeys?.removeAll { !isShown($0.name) }
        return table
    }
}

extension Glue.StorageDescriptor {
    /// Nil: nowhere in S3.
    var folder: S3URL? { location.flatMap(S3URL.init)?.folder }
}
