import AWSAPI
import GlueAPI

/// How tables are described, line by line, as Hive writes it.
extension CatalogueStatements {
    private static let columnWidth = 20

    static func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(columnWidth - text.count, 0))
    }

    private static func line(_ column: Glue.Column) -> String {
        [column.name, column.type ?? "string", column.comment ?? ""].map(padded)
            .joined(separator: "\t")
    }

    static func description(of table: Glue.Table) -> [String] {
        let lines = table.allColumns.map(line)
        guard let keys = table.partitionKeys, !keys.isEmpty else { return lines }
        let empty = "\t\t"
        return lines
            + [
                empty, "# Partition Information\t\t",
                ["# col_name", "data_type", "comment"].map(padded).joined(separator: "\t"), empty,
            ] + keys.map(line)
    }

    static func creation(ofView table: Glue.Table) throws -> [String] {
        guard let view = PrestoView(table.viewOriginalText ?? "") else {
            throw QueryFault("INVALID_VIEW", "The view \(table.name) cannot be read")
        }
        return ["CREATE VIEW \(table.name) AS"]
            + view.originalSql.split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init)
    }

    static func creation(of table: Glue.Table) -> [String] {
        let storage = table.storageDescriptor
        var lines = ["CREATE EXTERNAL TABLE `\(table.name)`("]
        lines += list(storage?.columns ?? [])
        if let keys = table.partitionKeys, !keys.isEmpty {
            lines.append("PARTITIONED BY ( ")
            lines += list(keys)
        }
        lines += [
            "ROW FORMAT SERDE ",
            "  '\(storage?.serdeInfo?.serializationLibrary ?? TableFormat.parquet.serde)' ",
            "STORED AS INPUTFORMAT ",
            "  '\(storage?.inputFormat ?? TableFormat.parquet.input)' ",
            "OUTPUTFORMAT ", "  '\(storage?.outputFormat ?? TableFormat.parquet.output)'",
            "LOCATION", "  '\(storage?.location ?? "")'",
        ]
        let said = (table.parameters ?? [:]).sorted { $0.key < $1.key }
        if !said.isEmpty {
            lines.append("TBLPROPERTIES (")
            lines += said.enumerated().map { place, property in
                "  '\(property.key)'='\(property.value)'\(place == said.count - 1 ? ")" : ", ")"
            }
        }
        return lines
    }

    private static func list(_ columns: [Glue.Column]) -> [String] {
        columns.enumerated().map { place, column in
            let comment = column.comment.map { " COMMENT '\($0)'" } ?? ""
            return "  `\(column.name)` \(column.type ?? "string")\(comment)"
                + (place == columns.count - 1 ? ")" : ", ")
        }
    }
}
