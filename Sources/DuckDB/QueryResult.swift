internal import CDuckDB

/// The rows of one statement, in chunks of up to 2,048.
public final class QueryResult {
    public struct Column: Hashable, Sendable {
        public var name: String
        public var type: LogicalType
    }

    public let columns: [Column]
    /// Rows that an INSERT, UPDATE or DELETE touched; 0 for anything else.
    public let rowsChanged: Int

    private var handle: duckdb_result
    private let connection: Connection

    init(adopting result: duckdb_result, of connection: Connection) {
        var result = result
        columns = (0..<duckdb_column_count(&result)).map { index in
            var type = duckdb_column_logical_type(&result, index)
            defer { duckdb_destroy_logical_type(&type) }
            let name = duckdb_column_name(&result, index).map { String(cString: $0) }
            return Column(name: name ?? "", type: type.map(LogicalType.init(reading:)) ?? .null)
        }
        rowsChanged = Int(duckdb_rows_changed(&result))
        handle = result
        self.connection = connection
    }

    deinit {
        duckdb_destroy_result(&handle)
    }

    /// The next rows, or nil after the last.
    ///
    /// - Throws: What the engine met while it made these rows, when the result is streamed.
    public func nextChunk() throws(DuckDBError) -> DataChunk? {
        guard let chunk = duckdb_fetch_chunk(handle) else {
            if let report = duckdb_result_error(&handle), report.pointee != 0 {
                throw DuckDBError(of: &handle)
            }
            return nil
        }
        return DataChunk(adopting: chunk, columns: columns)
    }

    /// All rows that are left, as values. For small, trusted results.
    public func rows() throws(DuckDBError) -> [[Value]] {
        var rows: [[Value]] = []
        while let chunk = try nextChunk() {
            let vectors = chunk.vectors
            for row in 0..<chunk.count {
                rows.append(vectors.map { $0.value(at: row) })
            }
        }
        return rows
    }
}

/// Up to 2,048 rows, stored by column.
public final class DataChunk {
    public let count: Int
    private let handle: duckdb_data_chunk
    private let columns: [QueryResult.Column]

    init(adopting handle: duckdb_data_chunk, columns: [QueryResult.Column]) {
        self.handle = handle
        self.columns = columns
        count = Int(duckdb_data_chunk_get_size(handle))
    }

    deinit {
        var handle: duckdb_data_chunk? = handle
        duckdb_destroy_data_chunk(&handle)
    }

    /// One vector for each column of the result. They keep the chunk alive.
    public var vectors: [Vector] {
        columns.enumerated().map { index, column in
            Vector(
                duckdb_data_chunk_get_vector(handle, idx_t(index)),
                type: column.type,
                count: count,
                of: self
            )
        }
    }
}
