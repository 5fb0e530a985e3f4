import AWSAPI
import GlueAPI
import QueryWorker

/// The form in which a statement writes: what `WITH (...)` says, or what a table that is there has.
struct WrittenTable: Sendable {
    /// Nil: where the statement's results go.
    private(set) var location: String?
    private(set) var partitionedBy: [String] = []
    private let format: FileOutput.Format
    private let compression: String
    private let delimiter: String

    private static let compressions: Set<String> = [
        "snappy", "gzip", "zstd", "lz4_raw", "uncompressed",
    ]

    /// Source: Amazon Athena User Guide, "CTAS table properties" and "UNLOAD".
    init(_ properties: [String: AthenaStatement.Property]) throws(QueryFault) {
        var rest = properties
        func text(_ name: String) -> String? {
            if case .text(let value) = rest.removeValue(forKey: name) { value } else { nil }
        }
        func list(_ name: String) -> [String]? {
            if case .list(let values) = rest.removeValue(forKey: name) { values } else { nil }
        }
        format = try Self.format(text("format") ?? "PARQUET")
        location = text("external_location")
        partitionedBy = (list("partitioned_by") ?? []).map { $0.lowercased() }
        let asked =
            [text("write_compression"), text("compression"), text("parquet_compression")]
            .compactMap { $0 }.first?.lowercased()
        delimiter = text("field_delimiter") ?? ","
        if let type = text("table_type"), type.lowercased() != "hive" {
            throw .notSupported("The table type \(type)", at: nil)
        }
        _ = text("is_external")
        compression = try Self.compression(asked, of: format)
        if let other = rest.keys.sorted().first {
            throw QueryFault(
                "INVALID_TABLE_PROPERTY", "The table property '\(other)' is not supported")
        }
    }

    /// For more rows of a table.
    init(of table: Glue.Table) throws(QueryFault) {
        let serde = table.storageDescriptor?.serdeInfo?.serializationLibrary
        guard serde == nil || serde == TableFormat.parquet.serde else {
            throw .notSupported("INSERT into a table that is not Parquet", at: nil)
        }
        format = .parquet
        delimiter = ","
        compression = try Self.compression(
            table.parameters?["parquet.compression"]?.lowercased(), of: .parquet)
    }

    private static func format(_ text: String) throws(QueryFault) -> FileOutput.Format {
        switch text.lowercased() {
        case "parquet": return .parquet
        case "json": return .json
        case "textfile": return .csv
        default: throw .notSupported("The format \(text)", at: nil)
        }
    }

    private static func compression(
        _ asked: String?, of format: FileOutput.Format
    ) throws(QueryFault) -> String {
        switch (format, asked) {
        case (.parquet, let asked):
            let name =
                switch asked {
                case nil: "snappy"
                case "none"?: "uncompressed"
                case "lz4"?: "lz4_raw"
                case let other?: other
                }
            guard compressions.contains(name) else {
                throw .notSupported("The compression \(name)", at: nil)
            }
            return name
        case (_, nil), (_, "none"): return "none"
        case (_, "gzip"), (_, "zstd"): return asked ?? "none"
        case (_, let other?): throw .notSupported("The compression \(other)", at: nil)
        }
    }

    func output() throws -> FileOutput {
        var output = FileOutput(
            directory: try QueryRunner.stagingFile("files"), format: format,
            compression: compression)
        output.delimiter = delimiter
        return output
    }

    func storage(at location: S3URL) -> Glue.StorageDescriptor {
        .init(
            location: location.description, inputFormat: TableFormat.parquet.input,
            outputFormat: TableFormat.parquet.output,
            serdeInfo: .init(serializationLibrary: TableFormat.parquet.serde))
    }

    /// The table in the catalogue.
    ///
    /// - Throws: ``QueryFault`` for a format that queries do not read again.
    func input(
        _ name: String, _ columns: [ResultColumn], at location: S3URL
    ) throws -> Glue.TableInput {
        guard format == .parquet else {
            throw QueryFault.notSupported("CREATE TABLE AS in a format other than Parquet", at: nil)
        }
        let all = columns.map {
            Glue.Column(name: $0.name.lowercased(), type: $0.catalogueType ?? "string")
        }
        var storage = storage(at: location)
        storage.columns = all.filter { !partitionedBy.contains($0.name) }
        return .init(
            name: name, storageDescriptor: storage,
            partitionKeys: partitionedBy.compactMap { key in all.first { $0.name == key } },
            tableType: "EXTERNAL_TABLE",
            parameters: [
                "EXTERNAL": "TRUE", "classification": "parquet",
                "parquet.compression": compression.uppercased(),
            ])
    }
}
