import DuckDB
import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `Rows that are to be erased` {
    /// A folder with Parquet files.
    private struct Workplace {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        private let connection: Connection

        init() throws {
            connection = try Database().connect()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        func file(_ key: String, _ select: String) throws -> RowEraser.File {
            let path = folder.appending(path: key.replacing("/", with: "-")).localPath
            try connection.execute("COPY (\(select)) TO \(path.sqlLiteral) (FORMAT parquet)")
            return .init(path: path, key: key)
        }

        func rows(_ path: String) throws -> [[String?]] {
            try connection.rows(
                "SELECT COLUMNS(*)::VARCHAR FROM read_parquet(\(path.sqlFileLiteral), hive_partitioning = false)"
            ).map { $0.map(\.text) }
        }

        func remove() throws { try FileManager.default.removeItem(at: folder) }
    }

    private static let columns: [FilterColumn] = [
        .init(name: "client", type: .string), .init(name: "amount", type: .bigint),
        .init(name: "paid_on", type: .date),
        .init(name: "as_of", type: .string, isPartitionKey: true),
    ]

    private func table(_ expression: String) async throws -> RowEraser.Table {
        .init(
            name: "t", folder: .init(bucket: "b", key: "t/"),
            predicate: try await FilterExpressionReader(columns: Self.columns).predicate(
                of: expression, by: ExpressionEngine()),
            partitions: ["as_of"])
    }

    /// Counts and copies agree, whatever the columns of the files are.
    @Test(arguments: [
        ("client = 'a'", [2, 1, 0, 1]),
        ("client <> 'a'", [1, 1, 0, 0]),
        ("client IS NULL", [1, 0, 2, 0]),
        ("amount > 1", [2, 1, 2, 0]),
        ("NOT (amount > 1)", [1, 1, 0, 0]),
        ("paid_on = DATE '2024-01-01'", [0, 0, 0, 1]),
        ("as_of = '1'", [4, 0, 0, 0]),
        ("as_of > '1' AND client LIKE 'a%'", [0, 1, 0, 1]),
        ("as_of = '2' OR client = 'a'", [2, 2, 0, 1]),
    ])
    func `are those that a filter would show`(expression: String, counts: [Int]) async throws {
        let place = try Workplace()
        let files = [
            try place.file(
                "t/as_of=1/a",
                "SELECT * FROM (VALUES ('a', 1), ('a', 2), (NULL, 3), ('b', NULL)) t(client, amount)"
            ),
            // Another order, another type, and a column that is called like the partition.
            try place.file(
                "t/as_of=2/b",
                "SELECT * FROM (VALUES ('1', 2::DOUBLE, 'a'), ('1', 1, 'b')) t(as_of, AMOUNT, Client)"
            ),
            try place.file("t/as_of=3/c", "SELECT amount FROM (VALUES (5), (6)) t(amount)"),
            try place.file(
                "t/as_of=4/d", "SELECT 'a' AS client, DATE '2024-01-01' AS paid_on, 'x' AS more"),
        ]
        let table = try await table(expression)
        let eraser = RowEraser()
        #expect(try await eraser.rows(of: files, toErase: table) == counts)
        for (file, count) in zip(files, counts) {
            let copy = place.folder.appending(path: "copy").localPath
            let left = try await eraser.copy(file, without: table, losing: count, to: copy)
            let before = try place.rows(file.path)
            let after = try place.rows(copy)
            #expect(left == after.count && before.count - left == count)
            var rest = before[...]
            let isInOrder = after.allSatisfy { row in
                rest = rest.drop { $0 != row }
                return rest.popFirst() != nil
            }
            #expect(isInOrder)
            #expect(
                try await eraser.rows(of: [.init(path: copy, key: file.key)], toErase: table) == [0]
            )
        }
        try place.remove()
    }

    @Test func `are in Parquet files alone`() async throws {
        let place = try Workplace()
        let good = try place.file("t/as_of=1/a", "SELECT 'a' AS client")
        let (text, half) = (
            place.folder.appending(path: "text"), place.folder.appending(path: "half")
        )
        try Data("client\na\n".utf8).write(to: text)
        try Data("PAR1 and no more".utf8).write(to: half)
        let table = try await table("client = 'a'")
        let eraser = RowEraser()
        let files = [
            good, .init(path: text.localPath, key: "t/text"),
            .init(path: "/nowhere", key: "t/gone"),
        ]
        #expect(try await eraser.rows(of: files, toErase: table) == [1, nil, nil])
        await #expect(throws: ErasureFault.self) {
            try await eraser.rows(
                of: [good, .init(path: half.localPath, key: "t/half")], toErase: table)
        }
        await #expect(throws: ErasureFault.self) {
            try await eraser.copy(
                good, without: table, losing: 0,
                to: place.folder.appending(path: "copy").localPath)
        }
        try place.remove()
    }
}
