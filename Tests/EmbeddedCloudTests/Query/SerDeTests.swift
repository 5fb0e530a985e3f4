import AWSAPI
import DuckDB
import Foundation
import GlueAPI
import Testing

@testable import EmbeddedCloud

/// One file of text, and a table over it.
private struct TextTable {
    let file: URL
    let table: Glue.Table

    init(
        _ text: String, _ serde: String, _ properties: [String: String] = [:],
        columns: KeyValuePairs<String, String> = ["a": "string", "b": "string", "c": "int"],
        parameters: [String: String] = [:]
    ) throws {
        file = FileManager.default.temporaryDirectory.appending(path: "text-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        table = Glue.Table(
            name: "t",
            storageDescriptor: .init(
                columns: columns.map { .init(name: $0.key, type: $0.value) },
                serdeInfo: .init(serializationLibrary: serde, parameters: properties)),
            parameters: parameters)
    }

    /// What the engine gives for the table, each row as texts.
    func rows(_ access: TableAccess = .whole(["a", "b", "c"])) throws -> [[String?]] {
        defer { try? FileManager.default.removeItem(at: file) }
        let scan = try GovernedScan(of: table, access: access, predicates: [])
        let sql = try scan.sql(over: [
            TableFiles.File(
                path: file.path(), identity: try #require(FileIdentity(ofFileAt: file.path())),
                key: "t", guarantee: .detection)
        ])
        let columns = access.columns.map { "CAST(\($0.name) AS VARCHAR)" }
        return try Database(.memory).connect()
            .rows("SELECT \(columns.joined(separator: ", ")) FROM \(sql)")
            .map { $0.map(\.text) }
    }
}

private let lazy = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
private let openCSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
private let openX = "org.openx.data.jsonserde.JsonSerDe"

@Suite struct `A line of text` {
    struct Row: Sendable, CustomTestStringConvertible {
        var line: String
        var serde: String
        var properties: [String: String] = [:]
        /// Nil: it is an error.
        var read: [String?]?

        var testDescription: String { "\(serde.split(separator: ".").last ?? ""): \(line)" }
    }

    @Test(arguments: [
        Row(line: "x,y,1", serde: lazy, properties: ["field.delim": ","], read: ["x", "y", "1"]),
        Row(line: "x\u{1}\"y\u{1}1", serde: lazy, read: ["x", "\"y", "1"]),
        Row(line: "x", serde: lazy, read: ["x", nil, nil]),
        Row(
            line: "x,y,one,z", serde: lazy, properties: ["field.delim": "44"],
            read: ["x", "y", nil]),
        Row(line: ",\\N,", serde: lazy, properties: ["field.delim": ","], read: ["", nil, nil]),
        Row(
            line: "a\\,b,\\N,\\1", serde: lazy,
            properties: ["field.delim": ",", "escape.delim": "\\"], read: ["a,b", nil, "1"]),
        Row(
            line: "a\\", serde: lazy, properties: ["field.delim": ",", "escape.delim": "\\"],
            read: ["a", nil, nil]),
        Row(line: "x,y,1", serde: openCSV, read: ["x", "y", "1"]),
        Row(line: "\"a,\"\"b\"\"\",\"\",\"1\"", serde: openCSV, read: ["a,\"b\"", "", "1"]),
        Row(line: "\"\"\"\",\"\\\"\",1", serde: openCSV, read: ["\"", "\"", "1"]),
        Row(line: "a\\\\b, \"c\",1", serde: openCSV, read: ["a\\b", "c", "1"]),
        Row(line: "x", serde: openCSV, read: ["x", nil, nil]),
        Row(line: "x,y,", serde: openCSV), Row(line: "x,y,1.x", serde: openCSV),
        Row(line: "\"x,y,1", serde: openCSV), Row(line: "x,\"y\"\",1", serde: openCSV),
        Row(line: #"{"a":"x","B":[1, "y"],"c":"1"}"#, serde: openX, read: ["x", "[1,\"y\"]", "1"]),
        Row(line: #"{"A":"x","a":"y","b":null}"#, serde: openX, read: ["y", nil, nil]),
        Row(line: "{}", serde: openX, read: [nil, nil, nil]),
        Row(
            line: #"{"A":1,"a/b":2}"#, serde: openX,
            properties: ["case.insensitive": "false", "mapping.b": "a/b"], read: [nil, "2", nil]),
        Row(line: #"{"c":"one"}"#, serde: openX), Row(line: #"{"a":"#, serde: openX),
        Row(line: "7", serde: openX), Row(line: #"["a"]"#, serde: openX),
        Row(
            line: #"["a"]"#, serde: openX, properties: ["ignore.malformed.json": "TRUE"],
            read: [nil, nil, nil]),
    ])
    func `is what its SerDe says`(_ row: Row) throws {
        let table = try TextTable(row.line + "\n", row.serde, row.properties)
        if let read = row.read {
            #expect(try table.rows() == [read])
        } else {
            let fault = #expect(throws: DuckDBError.self) { try table.rows() }
            #expect(fault?.message.hasPrefix("HIVE_BAD_DATA \(table.file.path())\n") == true)
        }
    }

    /// As most programs write it: in quotes, and those in it doubled.
    @Test(arguments: UInt64(1)...20)
    func `in quotes is what was written`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let written: [[String?]] = (0..<50).map { _ in
            let texts = (0..<2).map { _ in
                String(
                    (0..<Int.random(in: 0...6, using: &random)).map { _ in
                        #"",;'ab üé"#.randomElement(using: &random) ?? "a"
                    })
            }
            return texts + ["\(Int.random(in: -9...9, using: &random))"]
        }
        let lines = written.map { row in
            row.map { "\"\(($0 ?? "").replacing("\"", with: "\"\""))\"" }.joined(separator: ",")
        }
        let table = try TextTable(lines.joined(separator: "\r\n"), openCSV)
        #expect(try table.rows() == written)
    }

    @Test func `of which a column is not granted is not read for it`() throws {
        let access = TableAccess(
            columns: [.init(name: "a"), .init(name: "c")],
            rows: .compare(column: "b", .equal, .init(type: .string, text: "own")))
        let table = try TextTable("x,own,1\ny,other,POISON\n", openCSV)
        #expect(try table.rows(access) == [["x", "1"]])
    }
}

@Suite struct `A table that is not read` {
    @Test(arguments: [
        ("org.apache.hadoop.hive.ql.io.orc.OrcSerde", [:], "string", "HIVE_UNSUPPORTED_FORMAT"),
        (lazy, ["field.delim": "||"], "string", "INVALID_TABLE_PROPERTY"),
        (lazy, ["line.delim": ";"], "string", "INVALID_TABLE_PROPERTY"),
        (openX, ["dots.in.keys": "true"], "string", "INVALID_TABLE_PROPERTY"),
        (openCSV, [:], "array<int>", "NOT_SUPPORTED"), (openX, [:], "binary", "NOT_SUPPORTED"),
    ])
    func `says why`(serde: String, properties: [String: String], type: String, code: String) throws
    {
        let table = try TextTable("", serde, properties, columns: ["a": type])
        let fault = #expect(throws: QueryFault.self) { try table.rows(.whole(["a"])) }
        #expect(fault?.code == code)
    }
}
