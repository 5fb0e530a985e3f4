internal import CDuckDB

/// Adds rows to one table. See ``Connection/append(to:_:)``.
public final class Appender {
    private let handle: duckdb_appender
    private let connection: Connection

    init(to table: String, on connection: Connection) throws(DuckDBError) {
        var created: duckdb_appender?
        let state = duckdb_appender_create(connection.handle, nil, table, &created)
        guard let created else {
            throw DuckDBError(kind: .catalog, message: "There is no appending to \(table).")
        }
        handle = created
        self.connection = connection
        if state != DuckDBSuccess { throw error }
    }

    deinit {
        // Clear first: destroying alone would still write what was appended.
        _ = duckdb_appender_clear(handle)
        var handle: duckdb_appender? = handle
        duckdb_appender_destroy(&handle)
    }

    /// Appends one row: a value for each column of the table, in order.
    public func row(_ values: [Parameter]) throws(DuckDBError) {
        for value in values where value.append(to: handle) != DuckDBSuccess {
            throw error
        }
        guard duckdb_appender_end_row(handle) == DuckDBSuccess else { throw error }
    }

    func close() throws(DuckDBError) {
        guard duckdb_appender_close(handle) == DuckDBSuccess else { throw error }
    }

    private var error: DuckDBError {
        DuckDBError(report: duckdb_appender_error(handle).map { String(cString: $0) } ?? "")
    }
}
