import DuckDB
import EmbeddedCloud
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// An example lake: invented funds of an asset manager, as Parquet in medallion layers.
///
/// The same numbers give the same bytes. A day's files depend on the days before it and on nothing
/// after: a lake of more days is the lake of fewer days, and more.
struct SampleLake: Sendable {
    static let fundsMax = 10_000
    /// Ten years.
    static let daysMax = 2_600

    var funds = 20
    var seed = 42

    /// What was written of one table.
    struct Written: Encodable {
        var table: String
        var prefix: String
        var product: String
        var files = 0
        var rows = 0
        var bytes = 0
    }

    /// Business days count from this Monday: 0 is itself, 5 the Monday after.
    static func date(ofDay day: Int) -> String {
        // Days since 1970-01-01 of Monday, 2024-01-08.
        let date = Date(timeIntervalSince1970: Double(19_730 + day / 5 * 7 + day % 5) * 86_400)
        return date.formatted(.iso8601.year().month().day())
    }

    /// Writes the files of these business days, each of them whole or not at all.
    ///
    /// The one file of a table that is not daily is replaced: it is as of the last day.
    func write(days: Range<Int>, to lake: URL) throws -> [Written] {
        // One thread: rows are written in the order in which they are made.
        let connection = try Database(settings: ["threads": "1"]).connect()
        try connection.execute(fundDays(through: days.upperBound))
        return try SampleTable.all.map { table in
            var written = Written(
                table: table.name, prefix: table.prefix, product: table.product)
            for day in table.isDaily ? days : days.suffix(1) {
                let folder =
                    table.isDaily
                    ? "\(table.prefix)as_of=\(Self.date(ofDay: day))/" : table.prefix
                let file = lake.appending(path: folder + table.name + ".parquet")
                written.rows += try write(table, day: day, to: file, connection)
                written.files += 1
                written.bytes += try file.resourceBytes
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
                SELECT \(columns.joined(separator: ", ")) FROM fund_day
                WHERE number = \(day) AND \(table.rows) ORDER BY fund
            ) TO \(unfinished.sqlLiteral) (FORMAT parquet)
            """)
        guard rename(unfinished, file.localPath) == 0 else {
            throw CommandFailure("\(file.localPath) cannot be written.")
        }
        return result.rowsChanged
    }

    /// Each fund on each day. All of it in whole numbers, which come out alike everywhere: a value is
    /// counted in ten-thousandths and moves by up to one percent of its beginning a day.
    private func fundDays(through days: Int) -> String {
        """
        CREATE MACRO dice(what, fund, number) AS hash(\(seed), what, fund, number);
        CREATE TABLE fund_day AS
        WITH
            fund AS (
                SELECT fund, 'F' || lpad(fund::VARCHAR, \(max(3, String(funds).count)), '0') AS fund_id,
                    (400000 + hash(\(seed), 'first', fund) % 2000001)::BIGINT AS first,
                    (3500 + hash(\(seed), 'esg', fund) % 6001)::BIGINT AS esg
                FROM range(1, \(funds + 1)) AS funds(fund)
            ),
            step AS (
                SELECT *, first * ((dice('step', fund, number) % 20001)::BIGINT - 9900) // 1000000 AS step
                FROM fund, range(0, \(days)) AS days(number)
            ),
            walk AS (
                SELECT *, greatest(first // 100, (first + sum(step) OVER (
                    PARTITION BY fund ORDER BY number ROWS UNBOUNDED PRECEDING))::BIGINT) AS value
                FROM step
            )
        SELECT fund, fund_id, number, DATE '2024-01-08' + (number // 5 * 7 + number % 5)::INTEGER AS day,
            (value::DECIMAL(18,0) * 0.0001)::DECIMAL(18,4) AS nav,
            (step * 1000000 // first)::DECIMAL(18,0) * 0.000001 AS return_1d,
            ((value - first) * 1000000 // first)::DECIMAL(18,0) * 0.000001 AS return_total,
            esg::DECIMAL(18,0) * 0.01 AS esg_score
        FROM walk
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
