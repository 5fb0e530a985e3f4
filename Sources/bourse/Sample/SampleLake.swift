import DuckDB
import EmbeddedCloud
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// An example lake: invented funds of an asset manager, as Parquet in medallion layers.
///
/// Three markets move day by day, Japan's with the world's and bonds a little against it. A fund follows
/// its market by its beta, and goes its own way besides.
///
/// The same numbers give the same bytes. A day's files depend on the days before it and on nothing
/// after: a lake of more days is the lake of fewer days, and more.
struct SampleLake: Sendable {
    static let fundsMax = 10_000
    /// A quarter of a century.
    static let daysMax = 6_600

    var funds: Int
    var seed = 42
    /// The first moment of a Monday: business days count from it, 0 is itself, 5 the Monday after.
    /// 2016-01-04.
    var firstDay = Date(timeIntervalSince1970: 16_804 * 86_400)

    /// What was written of one table.
    struct Written: Encodable {
        var table: String
        var prefix: String
        var product: String
        var files = 0
        var rows = 0
        var bytes = 0
    }

    func date(ofDay day: Int) -> String {
        let date = firstDay + Double(day / 5 * 7 + day % 5) * 86_400
        return date.formatted(.iso8601.year().month().day())
    }

    /// Writes the files of these business days, each of them whole or not at all.
    ///
    /// The one file of a table that is not daily is replaced: it is as of the last day.
    ///
    /// - Parameter report: Is told after each file how many there are, and of how many.
    func write(
        days: Range<Int>, to lake: URL, report: (Int, Int) -> Void = { _, _ in }
    ) throws -> [Written] {
        // One thread: rows are written in the order in which they are made.
        let connection = try Database(settings: ["threads": "1"]).connect()
        try connection.execute(marketDays(through: days.upperBound) + fundDays)
        let all = SampleTable.all.reduce(0) { $0 + ($1.isDaily ? days.count : 1) }
        var files = 0
        return try SampleTable.all.map { table in
            var written = Written(
                table: table.name, prefix: table.prefix, product: table.product)
            for day in table.isDaily ? days : days.suffix(1) {
                let folder =
                    table.isDaily
                    ? "\(table.prefix)as_of=\(date(ofDay: day))/" : table.prefix
                let file = lake.appending(path: folder + table.name + ".parquet")
                written.rows += try write(table, day: day, to: file, connection)
                written.files += 1
                written.bytes += try file.resourceBytes
                files += 1
                report(files, all)
            }
            return written
        }
    }

    private func write(
        _ table: SampleTable, day: Int, to file: URL, _ connection: Connection
    ) throws -> Int {
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        let columns = table.columns.map { column in
            "CAST(\(column.value) AS \(column.type)) AS \(column.name.sqlIdentifier)"
        }
        // A name that no reader of the lake takes for data, until the file is whole.
        let unfinished = file.deletingLastPathComponent()
            .appending(path: ".\(file.lastPathComponent).new").localPath
        let result = try connection.query(
            """
            COPY (
                SELECT \(columns.joined(separator: ", ")) FROM \(table.source)
                WHERE number = \(day) ORDER BY 1
            ) TO \(unfinished.sqlLiteral) (FORMAT parquet)
            """)
        guard rename(unfinished, file.localPath) == 0 else {
            throw CommandFailure("\(file.localPath) cannot be written.")
        }
        return result.rowsChanged
    }

    /// Each market on each day. All of it in whole numbers, which come out alike everywhere: a move is in
    /// millionths and a level in ten-thousandths. Both grow by their moves' share of the beginning, so
    /// that a day depends on sums alone.
    private func marketDays(through days: Int) -> String {
        """
        CREATE MACRO dice(what, who, number) AS hash(\(seed), what, who, number);
        CREATE MACRO swing(roll, width) AS (roll % (2 * width + 1))::BIGINT - width;
        CREATE TABLE market_day AS
        WITH
            day AS (
                SELECT number, swing(dice('world', 0, number), 9000) AS world,
                    DATE '\(date(ofDay: 0))' + (number // 5 * 7 + number % 5)::INTEGER AS day
                FROM range(0, \(days)) AS days(number)
            ),
            move AS (
                SELECT number, day, 'GLOBAL-EQUITY' AS index_id, 15000000 AS first, 9000 AS width,
                    250 + world AS move
                FROM day
                UNION ALL
                SELECT number, day, 'JAPAN-EQUITY', 20000000, 13400,
                    200 + world * 6 // 10 + swing(dice('Japan', 0, number), 8000)
                FROM day
                UNION ALL
                SELECT number, day, 'GLOBAL-BOND', 5000000, 2250,
                    60 - world // 12 + swing(dice('bond', 0, number), 1500)
                FROM day
            )
        SELECT *, greatest(first // 100, (first + sum(first * move // 1000000) OVER (
            PARTITION BY index_id ORDER BY number ROWS UNBOUNDED PRECEDING))::BIGINT) AS level
        FROM move
        ORDER BY number, index_id;

        """
    }

    /// Each fund on each day of `market_day`, in the same units.
    private var fundDays: String {
        """
        CREATE TABLE fund_day AS
        WITH
            fund AS (
                SELECT fund, 'F' || lpad(fund::VARCHAR, \(max(3, String(funds).count)), '0') AS fund_id,
                    ['GLOBAL-EQUITY', 'JAPAN-EQUITY', 'GLOBAL-BOND'][(1 + dice('market', fund, 0) % 3)::BIGINT]
                        AS index_id,
                    (400000 + dice('first', fund, 0) % 2000001)::BIGINT AS first,
                    (600 + dice('beta', fund, 0) % 801)::BIGINT AS beta,
                    (500 + dice('own', fund, 0) % 2501)::BIGINT AS own,
                    (3500 + dice('esg', fund, 0) % 6001)::BIGINT AS esg
                FROM range(1, \(funds + 1)) AS funds(fund)
            ),
            step AS (
                SELECT fund.*, number, day, width,
                    beta * move // 1000 + swing(dice('step', fund, number), own) AS step
                FROM fund JOIN market_day USING (index_id)
            ),
            walk AS (
                SELECT *, greatest(first // 100, (first + sum(first * step // 1000000) OVER (
                    PARTITION BY fund ORDER BY number ROWS UNBOUNDED PRECEDING))::BIGINT) AS value
                FROM step
            ),
            pair AS (
                SELECT *, lag(value, 1, first) OVER (PARTITION BY fund ORDER BY number) AS before
                FROM walk
            )
        SELECT fund, fund_id, number, day, beta, width, own, esg,
            (value::DECIMAL(18,0) * 0.0001)::DECIMAL(18,4) AS nav,
            ((value - before) * 1000000 // before)::DECIMAL(18,0) * 0.000001 AS return_1d,
            ((value - first) * 1000000 // first)::DECIMAL(18,0) * 0.000001 AS return_total
        FROM pair
        ORDER BY number, fund;
        """
    }
}

extension URL {
    fileprivate var resourceBytes: Int {
        get throws {
            let attributes = try FileManager.default.attributesOfItem(atPath: localPath)
            return (attributes[.size] as? NSNumber)?.intValue ?? 0
        }
    }
}
