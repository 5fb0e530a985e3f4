import ArgumentParser
import EmbeddedCloud
import Foundation
import Marketplace

#if canImport(Glibc)
    import Glibc
#endif

struct SampleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Make an example lake: an asset manager's invented funds, as Parquet.",
        discussion: """
            The same numbers make the same bytes. Files that are there already are replaced, each of them \
            at once.
            """)

    @Option(help: "The folder that becomes the lake.")
    var out: String
    @Option(help: "How many funds, 1 to \(SampleLake.fundsMax).")
    var funds = 500
    @Option(help: "How many business days, 1 to \(SampleLake.daysMax). As it is, ten years.")
    var days = 2_610
    @Option(help: "The first of them, a Monday. (default: 2016-01-04)")
    var from: Monday?
    @Option(help: "Another seed, other values.")
    var seed = 42
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    func validate() throws {
        guard (1...SampleLake.fundsMax).contains(funds) else {
            throw ValidationError("--funds must be 1 to \(SampleLake.fundsMax).")
        }
        guard (1...SampleLake.daysMax).contains(days) else {
            throw ValidationError("--days must be 1 to \(SampleLake.daysMax).")
        }
    }

    func run() async throws {
        let lake = URL(filePath: out, directoryHint: .isDirectory).absoluteURL
        var sample = SampleLake(funds: funds, seed: seed)
        if let from { sample.firstDay = from.begin }
        let tables = try sample.write(days: 0..<days, to: lake, report: showProgress)
        if json {
            return try printJSON(
                Made(lake: lake.localPath, seed: seed, tables: tables))
        }
        let rows = tables.map { table in
            [
                table.table, "\(table.rows) rows", "\(table.files) files",
                "\((table.bytes + 1_023) / 1_024) KiB", table.prefix,
            ]
        }
        print(
            """
            made \(lake.localPath): \(funds) funds, \(days) business days from \
            \(sample.date(ofDay: 0)) to \(sample.date(ofDay: days - 1)), seed \(seed)
            \(aligned(rows, numbers: [1, 2, 3]))
            next: bourse lake link nomura-data-lake \(lake.localPath)
            """)
    }

    /// How far it is, for whoever watches: not in a pipe.
    private func showProgress(files: Int, of all: Int) {
        guard isatty(STDERR_FILENO) == 1, files == all || files % Self.filesPerReport == 0 else {
            return
        }
        // The last of them clears the line.
        let line = files == all ? "\r\u{1B}[K" : "\r\(files) of \(all) files"
        FileHandle.standardError.write(Data(line.utf8))
    }

    private static let filesPerReport = 100

    private struct Made: Encodable {
        var lake: String
        var seed: Int
        var tables: [SampleLake.Written]
    }
}

/// A day that a week begins with, as `2016-01-04`.
struct Monday: ExpressibleByArgument {
    /// Its first moment.
    let begin: Date

    init?(argument: String) {
        guard let day = CalendarDay(rawValue: argument),
            // 1970 began on a Thursday.
            (Int(day.begin.timeIntervalSince1970) / 86_400 + 3) % 7 == 0
        else { return nil }
        begin = day.begin
    }
}

/// Rows in columns, two blanks before each; `numbers` are the columns that stand at the right.
func aligned(_ rows: [[String]], numbers: Set<Int> = []) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
        rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
        let cells = row.enumerated().map { column, text in
            let blanks = String(repeating: " ", count: widths[column] - text.count)
            return numbers.contains(column) ? "  " + blanks + text : "  " + text + blanks
        }
        var line = cells.joined()
        while line.last == " " { line.removeLast() }
        return line
    }.joined(separator: "\n")
}
