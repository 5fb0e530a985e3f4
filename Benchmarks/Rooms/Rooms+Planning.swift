import DuckDB
import EmbeddedCloud
import Foundation

extension Rooms {
    private static let bucket = "bench-lake"
    private static let prefix = "gold/nav/daily/"
    private static let filesPerDay = 2_500

    /// Which files of a revision a query needs: of a day that has one, of a day that has many, of half of
    /// all days.
    static func planning(in folder: URL) async throws {
        for count in [1_000_000, 4_000_000] {
            let file = folder.appending(path: "manifest-\(count).parquet")
            try makeManifest(of: count, at: file)
            try await plan(count, file, rowsMax: Planner.rowsMax)
            // As it would be if it were kept in memory.
            if count > Planner.rowsMax { try await plan(count, file, rowsMax: count) }
            try FileManager.default.removeItem(at: file)
        }
    }

    private static func plan(_ count: Int, _ file: URL, rowsMax: Int) async throws {
        guard let revision = ExchangeID(rawValue: String(repeating: "0", count: 32)) else { return }
        // As the exchange opens it.
        let engine = DeferredConnection(settings: ["memory_limit": "2GB", "temp_directory": ""])
        let planner = Planner(engine: engine, rowsMax: rowsMax)
        let place = count > rowsMax ? "in its file" : "in memory"
        let half = count / filesPerDay / 2
        let questions: [(String, PruneKind, PrunePredicate.Test, Int)] = [
            ("1 file by text", .text, .among([day(0)]), 1),
            ("1 file by date", .date, .among([day(0)]), 1),
            ("\(filesPerDay) files by text", .text, .among([day(1)]), filesPerDay),
            ("half", .text, .range(low: nil, high: day(half)), 1 + half * filesPerDay),
        ]
        for (name, kind, test, expected) in questions {
            try await report(
                "planning among \(count) files \(place), \(name)", unit: "ms", scale: 1e3,
                runs: expected > filesPerDay ? 3 : 11, each: 1
            ) {
                let files = try await planner.files(
                    in: file, of: revision, bucket: bucket, prefix: prefix,
                    where: [.init(column: "as_of", place: .path, kind: kind, test: test)])
                precondition(files.count == expected, "\(files.count) files")
            }
        }
    }

    private static func day(_ number: Int) -> String {
        Date(timeIntervalSince1970: 946_684_800 + Double(number) * 86_400)
            .formatted(.iso8601.year().month().day())
    }

    /// The first day has one file, each day after it as many as a day has.
    private static func makeManifest(of count: Int, at file: URL) throws {
        try Database().connect().execute(
            """
            COPY (
                SELECT '\(bucket)' AS bucket, format('\(prefix)as_of={}/{}.parquet', day, number) AS key,
                    NULL::VARCHAR AS version, '"0123456789abcdef-1"' AS etag, '/lake/' || key AS path,
                    'HARD_LINK' AS guarantee, 1::BIGINT AS device, number AS inode, 5000::BIGINT AS size,
                    0::BIGINT AS modified, 0::BIGINT AS changed, 500::BIGINT AS "rowCount",
                    'one' AS schema, day AS "partition.as_of", 'F001' AS "low.text.fund_id",
                    'F500' AS "high.text.fund_id", day AS "low.date.nav_date",
                    day AS "high.date.nav_date"
                FROM (
                    SELECT number, strftime(
                        DATE '2000-01-01' + ((number + \(filesPerDay - 1)) // \(filesPerDay))::INT,
                        '%Y-%m-%d') AS day
                    FROM range(\(count)) AS numbers(number))
                ORDER BY bucket, key
            ) TO '\(file.path())' (FORMAT parquet, COMPRESSION zstd)
            """)
    }
}
