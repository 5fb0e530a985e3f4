import AWSAPI
import DuckDB
import Foundation
import GlueAPI
import Testing

@testable import EmbeddedCloud

@Suite struct `A Parquet file's schema` {
    private static let hive = [
        "a": "int", "b": "decimal(9,2)", "c": "array<bigint>", "d": "map<string,double>",
        "e": "struct<x:array<struct<y:date>>,z:map<int,array<string>>>", "f": "timestamp",
        "g": "binary", "h": "boolean",
    ]

    private func files(_ count: Int) throws -> [TableFiles.File] {
        let identity = try #require(FileIdentity(ofFileAt: "/etc/passwd"))
        return (0..<count).map { number in
            var identity = identity
            identity.size = number + 1
            return TableFiles.File(
                path: "/lake/\(number)", identity: identity, key: "\(number)", guarantee: .version)
        }
    }

    @Test func `has the types that the catalogue would declare`() throws {
        let file = FileManager.default.temporaryDirectory.appending(
            path: "schema-\(UUID().uuidString).parquet")
        defer { try? FileManager.default.removeItem(at: file) }
        let connection = try Database(.memory).connect()
        let columns = try Self.hive.map { name, type in
            "CAST(NULL AS \(try HiveType(type).sql)) AS \(name)"
        }
        try connection.execute(
            "COPY (SELECT \(columns.joined(separator: ", "))) TO '\(file.path())' (FORMAT parquet)")
        let elements = try connection.rows(
            """
            SELECT name, duckdb_type, coalesce(converted_type, logical_type), num_children::VARCHAR
            FROM parquet_schema('\(file.path())') WHERE column_id > 0 ORDER BY column_id
            """
        ).map { $0.map(\.text) }
        #expect(
            try ParquetSchema(elements).types == Self.hive.mapValues { try HiveType($0).sql })
    }

    @Test func `that breaks off is read as far as it goes`() {
        let elements: [[String?]] = [
            ["a", "INTEGER", nil, nil], ["b", nil, nil, "2"], ["x", "INTEGER", nil, nil],
        ]
        #expect(ParquetSchema(elements).types == ["a": "INTEGER"])
        #expect(ParquetSchema([["a"]]).types.isEmpty)
    }

    @Test func `is asked for once, and once for all files of a fingerprint`() async throws {
        let schemas = ParquetSchemas()
        let account = try #require(AccountID(rawValue: "111111111111"))
        let other = try #require(AccountID(rawValue: "222222222222"))
        var files = try files(3)
        files[1].fingerprint = "same"
        files[2].fingerprint = "same"
        var questions: [String] = []
        func types(_ account: AccountID) async throws -> [[String: String]?] {
            try await schemas.describing(files, to: account) { question in
                questions.append(question)
                return files.filter { question.contains("'\($0.path)'") }.map {
                    [$0.path, #"[["A", "INTEGER", null, null]]"#]
                }
            }.map(\.schema?.types)
        }
        let all: [[String: String]?] = Array(repeating: ["a": "INTEGER"], count: 3)
        #expect(try await types(account) == all)
        #expect(try await types(account) == all)
        #expect(questions.count == 1 && questions[0].contains("'/lake/0', '/lake/1'])"))
        // What one account's worker says counts for no other account.
        #expect(try await types(other) == all)
        #expect(questions.count == 2)
        files[0].identity.modified += 1
        #expect(try await types(account) == all)
        #expect(questions.count == 3 && questions[2].contains("['/lake/0'])"))
    }

    @Test func `that is not told is nobody's to guess`() async throws {
        let account = try #require(AccountID(rawValue: "111111111111"))
        let files = try files(2)
        await #expect(throws: QueryFault.self) {
            _ = try await ParquetSchemas().describing(files, to: account) { _ in
                [[files[0].path, #"[["A", "INTEGER", null, null]]"#]]
            }
        }
    }

    /// So that the usual table is read as if there were no others.
    @Test func `that is as declared is one plain scan`() throws {
        let table = Glue.Table(
            name: "t",
            storageDescriptor: .init(columns: [
                .init(name: "a", type: "int"), .init(name: "b", type: "array<int>"),
            ]))
        let scan = try GovernedScan(of: table, access: .whole(["a", "b"]), predicates: [])
        var files = try files(2)
        let plain = try scan.sql(over: files)
        files[0].schema = ParquetSchema(["a": "INTEGER", "b": "INTEGER[]"])
        files[1].schema = ParquetSchema(["b": "INTEGER[]", "a": "INTEGER", "c": "DATE"])
        #expect(try scan.sql(over: files) == plain)
        #expect(
            plain == """
                (SELECT CAST("a" AS INTEGER) AS "a", CAST("b" AS INTEGER[]) AS "b" \
                FROM read_parquet(['/lake/0', '/lake/1'], hive_partitioning = false))
                """)
        files[1].schema = ParquetSchema(["b": "INTEGER[]"])
        #expect(try scan.sql(over: files).contains("UNION ALL"))
    }
}
