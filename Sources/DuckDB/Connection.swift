internal import CDuckDB

/// One connection: its own transaction and temporary tables.
///
/// Calls block, so make them off the cooperative pool when they may take long. A call from a second
/// thread waits for the first one; only ``interrupt()`` does not.
public final class Connection: @unchecked Sendable {  // because DuckDB locks it in each call
    let handle: duckdb_connection
    private let database: Database

    init(to database: Database) throws(DuckDBError) {
        var opened: duckdb_connection?
        guard duckdb_connect(database.handle, &opened) == DuckDBSuccess, let opened else {
            throw DuckDBError(kind: .connection, message: "The instance took no connection.")
        }
        handle = opened
        self.database = database
    }

    deinit {
        var handle: duckdb_connection? = handle
        duckdb_disconnect(&handle)
    }

    /// Runs statements, separated by `;`, and drops their rows.
    public func execute(_ script: String) throws(DuckDBError) {
        try script.refuseZeroBytes()
        var result = duckdb_result()
        defer { duckdb_destroy_result(&result) }
        guard duckdb_query(handle, script, &result) == DuckDBSuccess else {
            throw DuckDBError(of: &result).locatedByBytes(in: script)
        }
    }

    /// Prepares one statement.
    public func prepare(_ sql: String) throws(DuckDBError) -> Statement {
        try Statement(sql, on: self)
    }

    /// Runs one statement to its end; the whole result is in memory before this returns.
    public func query(
        _ sql: String,
        _ parameters: [Parameter] = []
    ) throws(DuckDBError) -> QueryResult {
        try prepare(sql).execute(parameters)
    }

    /// The rows of a small, trusted result.
    public func rows(
        _ sql: String,
        _ parameters: [Parameter] = []
    ) throws(DuckDBError) -> [[Value]] {
        try query(sql, parameters).rows()
    }

    /// Adds the rows that `body` appends to a table, faster than `INSERT`.
    ///
    /// When `body` throws, or a row does not fit the table, the table stays as it was, unless some
    /// 200,000 rows had been appended by then: for all or nothing, use a transaction.
    public func append(to table: String, _ body: (Appender) throws -> Void) throws {
        let appender = try Appender(to: table, on: self)
        try body(appender)
        try appender.close()
    }

    /// A further connection to the same instance, for another thread: it sees the same tables, but for temporary
    /// ones.
    public func another() throws(DuckDBError) -> Connection { try Connection(to: database) }

    /// Asks the running query to stop. It stops at its next checkpoint, which can be far off: where
    /// the end must be prompt, run the query in a process of its own.
    public func interrupt() {
        duckdb_interrupt(handle)
    }
}
