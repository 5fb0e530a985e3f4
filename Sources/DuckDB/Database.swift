// DuckDB: a small, safe Swift face on DuckDB's C API. Only this room knows the C API.

internal import CDuckDB

/// One DuckDB instance: in memory, or on a file that it locks while open.
///
/// It closes when it and every ``Connection`` to it are gone.
public final class Database: @unchecked Sendable {  // because connections open from any thread
    public enum Location: Hashable, Sendable {
        case memory
        /// An absolute path. The file is made when it does not exist.
        case file(String)
    }

    let handle: duckdb_database

    /// Opens an instance. In memory this takes 12 to 14 ms and 2.6 MB.
    ///
    /// - Parameters:
    ///   - location: Where its tables are kept.
    ///   - settings: DuckDB's own configuration, by name, in DuckDB's spelling (`"threads": "2"`).
    ///     Those of extensions (`TimeZone`) are set by SQL instead, on a connection.
    ///     The setting `errors_as_json` is always on: it is how errors keep their kind and place.
    /// - Throws: ``DuckDBError`` for an unknown setting, a file that cannot be opened, or a machine without
    ///   the engine (``DuckDBError/missingEngine(_:)``).
    public init(
        _ location: Location = .memory,
        settings: [String: String] = [:]
    ) throws(DuckDBError) {
        try Self.load()
        var configuration: duckdb_config?
        guard duckdb_create_config(&configuration) == DuckDBSuccess, let configuration else {
            throw DuckDBError(kind: .outOfMemory, message: "No memory for a configuration.")
        }
        defer {
            var configuration: duckdb_config? = configuration
            duckdb_destroy_config(&configuration)
        }
        for (name, value) in settings.merging(["errors_as_json": "true"], uniquingKeysWith: { $1 })
        where duckdb_set_config(configuration, name, value) != DuckDBSuccess {
            throw DuckDBError(
                kind: .invalidConfiguration,
                message: "The setting \(name) cannot be \(value)."
            )
        }

        let path: String
        switch location {
        case .memory: path = ":memory:"
        case .file(let file): path = file
        }
        var opened: duckdb_database?
        var reason: UnsafeMutablePointer<CChar>?
        let state = duckdb_open_ext(path, &opened, configuration, &reason)
        defer { duckdb_free(reason) }
        guard state == DuckDBSuccess, let opened else {
            throw DuckDBError(report: reason.map { String(cString: $0) } ?? "")
        }
        handle = opened
    }

    /// Loads the engine and opens nothing.
    ///
    /// - Throws: ``DuckDBError/missingEngine(_:)``, also of another version than the one that was tested.
    public static func load() throws(DuckDBError) {
        if let fault = duckdb_load() { throw .missingEngine(String(cString: fault)) }
    }

    deinit {
        var handle: duckdb_database? = handle
        duckdb_close(&handle)
    }

    public func connect() throws(DuckDBError) -> Connection {
        try Connection(to: self)
    }
}
