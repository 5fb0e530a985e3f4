import DuckDB
import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `Pruning` {
    /// One directory of files for all predicates of a seed.
    @Test(arguments: UInt64(1)...6)
    func `never leaves out a file that holds a wanted row`(seed: UInt64) async throws {
        var random = SplitMix(state: seed)
        let testbed = try await ExchangeTestbed()
        let engine = try Database().connect()
        let words = ["", "A", "F9", "F10", "é", "z\\x", "Ω", String(repeating: "w", count: 200)]
        for number in 0..<12 {
            let rows = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                let word = words.randomElement(using: &random) ?? ""
                let n = Int.random(in: -12...12, using: &random)
                return Int.random(in: 0..<6, using: &random) == 0
                    ? "(NULL, NULL, NULL, NULL)"
                    : "(\(word.sqlLiteral), \(n), date '2024-02-10' + \(n), "
                        + "timestamp '2024-02-10' + interval (\(n)) hour)"
            }
            let values = rows.isEmpty ? "(NULL, NULL, NULL, NULL)" : rows.joined(separator: ", ")
            try testbed.put(
                parquet: """
                    SELECT * FROM (VALUES \(values)) AS v(t, n, d, s) \(rows.isEmpty ? "LIMIT 0" : "")
                    """, at: "gold/p=\(number - 6)/\(number).parquet",
                options: ", ROW_GROUP_SIZE 2")
        }
        try await testbed.publish(try await testbed.dataSet())
        let all = try #require(
            try await testbed.broker.pinned(bucket: ExchangeTestbed.bucket, prefix: "gold/")
        ).files
        #expect(all.count == 12)
        var pruned = 0
        for _ in 0..<60 {
            let (predicate, sql) = Self.predicate(words, using: &random)
            let wanted = try #require(
                try await testbed.broker.pinned(
                    bucket: ExchangeTestbed.bucket, prefix: "gold/", where: [predicate]))
            let left = Set(all.map(\.key)).subtracting(wanted.files.map(\.key))
            pruned += left.count
            for file in all where left.contains(file.key) {
                let p = file.partitions[0].value ?? ""
                let rows = try engine.rows(
                    "SELECT count(*) FROM (SELECT *, \(p) AS p "
                        + "FROM read_parquet(\(file.path.sqlLiteral), "
                        + "hive_partitioning = false)) WHERE \(sql)")
                #expect(rows[0][0].int64 == 0, "\(sql) in \(file.key)")
            }
        }
        #expect(pruned > 100)
        try await testbed.remove()
    }

    private static func predicate(
        _ words: [String], using random: inout SplitMix
    ) -> (PrunePredicate, String) {
        let columns: [(String, PrunePredicate.Place, PruneKind)] = [
            ("t", .file, .text), ("n", .file, .integer), ("d", .file, .date),
            ("S", .file, .timestamp), ("p", .path, .integer),
        ]
        let (column, place, kind) = columns.randomElement(using: &random) ?? columns[0]
        let constants = (0..<2).map { _ in
            let n = Int.random(in: -12...12, using: &random)
            return switch kind {
            case .text: words.randomElement(using: &random) ?? ""
            case .integer: "\(n)"
            case .date: "2024-02-\(n + 13 < 10 ? "0" : "")\(n + 13)"
            case .timestamp: "2024-02-10 \(n + 12 < 10 ? "0" : "")\(min(n + 12, 23)):00:00"
            }
        }
        let typed = constants.map { "CAST(\($0.sqlLiteral) AS \(kind.sqlType))" }
        func made(_ test: PrunePredicate.Test) -> PrunePredicate {
            PrunePredicate(column: column, place: place, kind: kind, test: test)
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return (made(.among(constants)), "\(column) IN (\(typed[0]), \(typed[1]))")
        case 1: return (made(.range(low: constants[0], high: nil)), "\(column) > \(typed[0])")
        case 2: return (made(.range(low: nil, high: constants[0])), "\(column) <= \(typed[0])")
        default:
            return (
                made(.range(low: constants[0], high: constants[1])),
                "\(column) BETWEEN \(typed[0]) AND \(typed[1])"
            )
        }
    }

    @Test func `counts what it does not know as wanted`() async throws {
        let testbed = try await ExchangeTestbed()
        try testbed.put(parquet: "SELECT '10' AS a, 'nan'::DOUBLE AS x", at: "gold/a.parquet")
        try testbed.put("10", at: "gold/b.csv")
        try await testbed.publish(try await testbed.dataSet())
        for predicate in [
            PrunePredicate(column: "nowhere", place: .file, kind: .text, test: .among(["x"])),
            PrunePredicate(column: "a", place: .path, kind: .text, test: .among(["x"])),
            // The file's column is text, so a number says nothing of its order.
            PrunePredicate(column: "a", place: .file, kind: .integer, test: .among(["9"])),
            PrunePredicate(
                column: "a", place: .file, kind: .text, test: .range(low: nil, high: nil)),
            PrunePredicate(
                column: "x", place: .file, kind: .integer, test: .range(low: "9", high: nil)),
        ] {
            let left = try await testbed.broker.pinned(
                bucket: ExchangeTestbed.bucket, prefix: "gold/", where: [predicate])
            #expect(left?.files.count == 2, "\(predicate)")
        }
        let none = try await testbed.broker.pinned(
            bucket: ExchangeTestbed.bucket, prefix: "gold/",
            where: [.init(column: "A", place: .file, kind: .text, test: .among(["x"]))])
        #expect(none?.files.map(\.key) == ["gold/b.csv"])
        try await testbed.remove()
    }
}
