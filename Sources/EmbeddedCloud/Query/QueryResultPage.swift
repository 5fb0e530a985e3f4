import AthenaAPI
import Foundation
import QueryWorker

/// Some rows of a result, read back from its file in the caller's bucket.
///
/// The form is the one that the worker writes: every value quoted, quotes doubled, NULL as nothing.
struct QueryResultPage {
    /// Bytes of one page; the rows that follow are on the next one.
    static let bytesMax = 1 << 20
    /// Bytes of one row. The file is the caller's own, and may hold anything by now.
    static let rowBytesMax = 64 << 20

    /// What is not in the worker's form.
    struct Unreadable: Error {}

    /// Nil stands for NULL.
    var rows: [[String?]]
    /// Bytes from the file's start at which the next page begins. Nil: this is the last.
    var next: Int?

    /// - Parameter start: 0, or the ``next`` of the page before.
    /// - Throws: ``Unreadable`` for a file that was not written by a worker, or a place outside of it.
    init(of path: String, from start: Int, rowsMax: Int) throws {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? file.close() }
        guard try UInt64(start) <= file.seekToEnd() else { throw Unreadable() }
        try file.seek(toOffset: UInt64(start))
        var window = Self.bytesMax
        while true {
            let bytes = [UInt8](try file.read(upToCount: window) ?? Data())
            let isWhole = bytes.count < window
            var reader = CSVReader(bytes)
            let rows = reader.rows(max: rowsMax)
            if rows.isEmpty, !bytes.isEmpty {
                // One row longer than the window.
                guard !isWhole, window < Self.rowBytesMax else { throw Unreadable() }
                window *= 4
                try file.seek(toOffset: UInt64(start))
                continue
            }
            self.rows = rows
            next = reader.place < bytes.count || !isWhole ? start + reader.place : nil
            return
        }
    }
}

extension QueryResultPage {
    /// Of a result that is lines of text: each is a row with one value.
    init(ofLinesIn path: String, from start: Int, rowsMax: Int) throws {
        let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        guard text.utf8.count <= Self.rowBytesMax else { throw Unreadable() }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        guard start <= lines.count else { throw Unreadable() }
        let page = lines.dropFirst(start).prefix(rowsMax)
        rows = page.map { [String($0)] }
        next = start + page.count < lines.count ? start + page.count : nil
    }
}

/// Reads whole rows; one that is cut off at the end is left for later.
private struct CSVReader {
    private let bytes: [UInt8]
    /// After the last whole row.
    private(set) var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func rows(max: Int) -> [[String?]] {
        var rows: [[String?]] = []
        while rows.count < max, let row = row() { rows.append(row) }
        return rows
    }

    private mutating func row() -> [String?]? {
        guard place < bytes.count else { return nil }
        var values: [String?] = []
        var at = place
        while true {
            guard let value = field(&at), at < bytes.count else { return nil }
            values.append(value)
            let end = bytes[at]
            at += 1
            if end == UInt8(ascii: "\n") {
                place = at
                return values
            }
        }
    }

    /// Nil if the field does not end here; `.some(nil)` for NULL.
    private func field(_ at: inout Int) -> String?? {
        guard at < bytes.count else { return nil }
        guard bytes[at] == UInt8(ascii: "\"") else { return .some(nil) }
        at += 1
        var text: [UInt8] = []
        while at < bytes.count {
            if bytes[at] != UInt8(ascii: "\"") {
                text.append(bytes[at])
                at += 1
            } else if at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "\"") {
                text.append(UInt8(ascii: "\""))
                at += 2
            } else {
                at += 1
                return .some(String(decoding: text, as: UTF8.self))
            }
        }
        return nil
    }
}

extension ResultColumn {
    /// As Athena tells it.
    var described: Athena.ColumnInfo {
        .init(
            name: name, type: type, catalogName: "hive", schemaName: "", tableName: "", label: name,
            precision: precision, scale: scale, nullable: .unknown,
            caseSensitive: type == "varchar" || type == "char")
    }
}
