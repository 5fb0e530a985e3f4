internal import DuckDB
internal import Glibc

/// Writes a result as Athena's CSV: a header line, quotes around every header and value, nothing at
/// all for a null, `\n` at each line's end.
///
/// Source: Amazon Athena user guide, "Work with query results and recent queries".
struct CSVResult {
    let file: ResultFile
    let rowsMax: Int

    func write(_ result: DuckDB.QueryResult) throws -> ResultSummary {
        let texts = result.columns.map { AthenaText($0.type) }
        let columns = ResultColumn.all(of: result)
        file.buffer.appendCSVLine(of: columns.map(\.name))
        var rowCount = 0
        while let chunk = try result.nextChunk() {
            rowCount += chunk.count
            guard rowCount <= rowsMax else { throw QueryWorkerFault.exceeded(.resultRows) }
            try write(chunk, as: texts)
        }
        try file.keep()
        return ResultSummary(
            columns: columns,
            rowCount: rowCount,
            byteCount: file.byteCount
        )
    }

    private func write(_ chunk: DataChunk, as texts: [AthenaText]) throws {
        let vectors = chunk.vectors
        for row in 0..<chunk.count {
            for column in vectors.indices {
                if column > 0 { file.buffer.append(UInt8(ascii: ",")) }
                if vectors[column].isNull(row) { continue }
                try file.buffer.appendCSVCell(row, of: vectors[column], as: texts[column])
            }
            file.buffer.append(UInt8(ascii: "\n"))
            try file.flushIfFull()
        }
    }
}

extension [UInt8] {
    private static let quote = UInt8(ascii: "\"")

    fileprivate mutating func appendCSVLine(of headers: [String]) {
        for (index, header) in headers.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(Self.quote)
            let start = count
            append(contentsOf: header.utf8)
            doubleQuotes(from: start)
            append(Self.quote)
        }
        append(UInt8(ascii: "\n"))
    }

    fileprivate mutating func appendCSVCell(
        _ row: Int,
        of vector: borrowing Vector,
        as text: borrowing AthenaText
    ) throws {
        append(Self.quote)
        let start = count
        try text.append(row, of: vector, to: &self)
        if text.mayHoldQuotes { doubleQuotes(from: start) }
        append(Self.quote)
    }

    private mutating func doubleQuotes(from start: Int) {
        let found = withUnsafeBytes {
            $0.count > start
                && memchr($0.baseAddress! + start, Int32(Self.quote), $0.count - start) != nil
        }
        guard found else { return }
        let plain = self[start...]
        self.removeLast(plain.count)
        for byte in plain {
            if byte == Self.quote { append(byte) }
            append(byte)
        }
    }
}
