internal import CDuckDB

/// One prepared statement. It belongs to whoever made it, on one thread at a time.
public final class Statement {
    private let handle: duckdb_prepared_statement
    private let connection: Connection

    init(_ sql: String, on connection: Connection) throws(DuckDBError) {
        try sql.refuseZeroBytes()
        var prepared: duckdb_prepared_statement?
        let state = duckdb_prepare(connection.handle, sql, &prepared)
        guard state == DuckDBSuccess, let prepared else {
            defer { duckdb_destroy_prepare(&prepared) }
            let report = prepared.flatMap { duckdb_prepare_error($0) }.map { String(cString: $0) }
            throw DuckDBError(report: report ?? "").locatedByBytes(in: sql)
        }
        handle = prepared
        self.connection = connection
    }

    deinit {
        var handle: duckdb_prepared_statement? = handle
        duckdb_destroy_prepare(&handle)
    }

    /// Whether this only reads: `SELECT` and what DuckDB rewrites to one.
    public var isSelect: Bool {
        duckdb_prepared_statement_type(handle) == DUCKDB_STATEMENT_TYPE_SELECT
    }

    /// Runs to the end; the whole result is in memory before this returns.
    public func execute(_ parameters: [Parameter] = []) throws(DuckDBError) -> QueryResult {
        try run(parameters, pending: duckdb_pending_prepared)
    }

    /// Starts, and makes rows as they are fetched, so that a large result never stands in memory.
    ///
    /// The next statement on the same connection ends the stream.
    public func stream(_ parameters: [Parameter] = []) throws(DuckDBError) -> QueryResult {
        try run(parameters, pending: duckdb_pending_prepared_streaming)
    }

    private func run(
        _ parameters: [Parameter],
        pending start: (
            duckdb_prepared_statement?, UnsafeMutablePointer<duckdb_pending_result?>?
        ) -> duckdb_state
    ) throws(DuckDBError) -> QueryResult {
        try bind(parameters)
        var pending: duckdb_pending_result?
        defer { duckdb_destroy_pending(&pending) }
        guard start(handle, &pending) == DuckDBSuccess, let pending else {
            let report = pending.flatMap { duckdb_pending_error($0) }.map { String(cString: $0) }
            throw DuckDBError(report: report ?? "")
        }
        var result = duckdb_result()
        guard duckdb_execute_pending(pending, &result) == DuckDBSuccess else {
            defer { duckdb_destroy_result(&result) }
            throw DuckDBError(of: &result)
        }
        return QueryResult(adopting: result, of: connection)
    }

    private func bind(_ parameters: [Parameter]) throws(DuckDBError) {
        guard duckdb_nparams(handle) == parameters.count else {
            throw DuckDBError(
                kind: .invalidInput,
                message: "The statement takes \(duckdb_nparams(handle)) parameters, "
                    + "not \(parameters.count)."
            )
        }
        for (index, parameter) in parameters.enumerated() {
            guard parameter.bind(to: handle, at: idx_t(index + 1)) == DuckDBSuccess else {
                throw DuckDBError(
                    kind: .invalidInput,
                    message: "Parameter \(index + 1) has the wrong type."
                )
            }
        }
    }
}

extension String {
    /// A C string ends at its first zero byte: the engine would run what stands before it.
    func refuseZeroBytes() throws(DuckDBError) {
        if utf8.contains(0) {
            throw DuckDBError(kind: .parser, message: "The statement holds a zero byte.")
        }
    }
}
