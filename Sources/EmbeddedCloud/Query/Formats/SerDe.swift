import AWSAPI
import GlueAPI

/// How a table's files are read, as its entry in the catalogue says.
///
/// Source: Amazon Athena User Guide, "Choose a SerDe for your data".
enum SerDe: Sendable {
    /// What says nothing is Parquet.
    case parquet
    case lazySimple(LazySimpleSerDe)
    case openCSV(OpenCSVSerDe)
    case json(JSONSerDe)

    private static let json = [
        "org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe",
        "org.apache.hadoop.hive.serde2.JsonSerDe",
    ]

    /// - Throws: ``QueryFault`` for a format, a property or a column's type that is not read.
    init(
        of storage: Glue.StorageDescriptor?, parameters: [String: String]
    ) throws(QueryFault) {
        self = try Self.named(in: storage?.serdeInfo, parameters)
        for column in storage?.columns ?? [] {
            let type = try HiveType(column.type ?? "string")
            guard reads(type) else {
                throw .notSupported(
                    "The type \(column.type ?? "") of column '\(column.name)' in a table of text",
                    at: nil)
            }
        }
    }

    private static func named(
        in info: Glue.SerDeInfo?, _ parameters: [String: String]
    ) throws(QueryFault) -> SerDe {
        if let type = parameters["table_type"], type.uppercased() == "ICEBERG" {
            throw .unreadable("A table of \(type)")
        }
        let properties = Properties(
            parameters.merging(info?.parameters ?? [:]) { _, nearer in nearer })
        let library = info?.serializationLibrary ?? ""
        // What names no class may still say what it is.
        switch library.isEmpty ? parameters["classification"]?.lowercased() ?? "" : library {
        case "", "parquet", TableFormat.parquet.serde: return .parquet
        case "csv", TableFormat.text.serde: return .lazySimple(try .init(properties))
        case OpenCSVSerDe.name: return .openCSV(try .init(properties))
        case let name where name == "json" || json.contains(name):
            return .json(try .init(properties))
        case let name: throw .unreadable("A table of \(name)")
        }
    }

    /// How files of text are scanned that are compressed alike. Nil: they are Parquet.
    var textScan:
        (
            (_ files: [TableFiles.File], _ compression: String, _ columns: [GovernedScan.Column]) ->
                TableScan
        )?
    {
        switch self {
        case .parquet: nil
        case .lazySimple(let serde): serde.scan(of:compression:_:)
        case .openCSV(let serde): serde.scan(of:compression:_:)
        case .json(let serde): serde.scan(of:compression:_:)
        }
    }

    /// A type that has parts, or holds bytes, is not told from a field's text.
    private func reads(_ type: HiveType) -> Bool {
        switch self {
        case .parquet: true
        case .lazySimple, .openCSV: !type.isNested && type.sql != "BLOB"
        case .json: !type.sql.contains("BLOB")
        }
    }

    /// Properties of a SerDe and of its table, by name.
    struct Properties {
        let values: [String: String]

        init(_ values: [String: String]) { self.values = values }

        /// A separator is one character, or the number of its byte.
        ///
        /// Source: Apache Hive, `LazyUtils.getByte`.
        func character(_ names: String..., or standard: Character) throws(QueryFault) -> Character {
            guard let name = names.first(where: { values[$0]?.isEmpty == false }),
                let value = values[name]
            else { return standard }
            if let byte = UInt8(value), byte < 0x80 { return Character(Unicode.Scalar(byte)) }
            guard value.count == 1, let character = value.first, character.isASCII else {
                throw QueryFault(
                    "INVALID_TABLE_PROPERTY", "\(name) of a table is one character of ASCII")
            }
            return character
        }

        func flag(_ name: String) -> Bool { values[name]?.lowercased() == "true" }

        /// Lines at the beginning of each file that are no rows.
        var headerLines: Int { max(Int(values["skip.header.line.count"] ?? "") ?? 0, 0) }

        /// - Throws: For a property that says something else than what is read.
        func refuse(_ name: String, unless isHarmless: (String) -> Bool) throws(QueryFault) {
            guard let value = values[name], !isHarmless(value) else { return }
            throw QueryFault(
                "INVALID_TABLE_PROPERTY",
                "The table property '\(name)' = '\(value)' is not supported")
        }
    }
}

/// The Hadoop classes that catalogues name for a format.
struct TableFormat: Sendable {
    var serde: String
    var input: String
    var output: String

    static let parquet = TableFormat(
        serde: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        input: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        output: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat")

    /// Lines, and the SerDe that reads them where none is named.
    static let text = TableFormat(
        serde: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        input: "org.apache.hadoop.mapred.TextInputFormat",
        output: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")

    /// By the word after STORED AS.
    static let named = ["parquet": parquet, "textfile": text]
}

extension QueryFault {
    static func unreadable(_ format: String) -> QueryFault {
        QueryFault(
            "HIVE_UNSUPPORTED_FORMAT",
            "\(format) cannot be read here: tables are Parquet, CSV (LazySimpleSerDe, "
                + "OpenCSVSerde) or JSON (org.openx.data.jsonserde.JsonSerDe, "
                + "org.apache.hive.hcatalog.data.JsonSerDe)")
    }
}
