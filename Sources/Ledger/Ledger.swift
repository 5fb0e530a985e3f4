public import GRDB

/// State that survives `kill -9`: one SQLite file, written through by one writer at a time.
///
/// WAL mode with `synchronous=FULL`: a commit that returned is on the disk. Readers never wait.
public final class Ledger: Sendable {
    private let pool: DatabasePool

    /// Opens the file, makes it if need be, and brings its schema up to date.
    ///
    /// - Parameter migrations: In order, forward only; one that has run is never changed.
    public init(at path: String, migrations: [Migration]) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        pool = try DatabasePool(path: path, configuration: configuration)
        // Not before: the pool sets NORMAL itself when it turns to WAL.
        try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        var migrator = DatabaseMigrator()
        for migration in migrations {
            migrator.registerMigration(migration.name) { db in try db.execute(sql: migration.sql) }
        }
        try migrator.migrate(pool)
    }

    /// Opens an existing file beside whoever writes it, to read alone.
    public init(reading path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        pool = try DatabasePool(path: path, configuration: configuration)
    }

    /// One transaction: all of `change` or nothing, on the disk when the call returns.
    ///
    /// Functions that touch rows take the open `Database`; they never open a second connection inside.
    public func write<Value: Sendable>(
        _ change: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await pool.write(change)
    }

    /// A consistent view of what was committed before the call.
    public func read<Value: Sendable>(
        _ query: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await pool.read(query)
    }

    /// ``write(_:)`` for start-up, before anything runs concurrently.
    public func writeBlocking<Value>(_ change: (Database) throws -> Value) throws -> Value {
        try pool.write(change)
    }

    /// ``read(_:)`` for whoever may block: a command that does one thing and ends, a thread for work on files.
    public func readBlocking<Value>(_ query: (Database) throws -> Value) throws -> Value {
        try pool.read(query)
    }

    /// Calls `notify` after each commit that put rows into `table`, as long as the ledger is open.
    ///
    /// - Parameter notify: Runs where the writer runs: it must be quick, and touch no database.
    public func onInsert(
        into table: String, _ notify: @escaping @Sendable () -> Void
    ) {
        pool.add(
            transactionObserver: TableObserver(of: table, insertsOnly: true, notify: notify),
            extent: .databaseLifetime)
    }

    /// Calls `notify` after each commit that changed rows of `table` in any way, before the change is
    /// acknowledged.
    ///
    /// - Parameter notify: As that of ``onInsert(into:_:)``.
    public func onChange(of table: String, _ notify: @escaping @Sendable () -> Void) {
        pool.add(
            transactionObserver: TableObserver(of: table, insertsOnly: false, notify: notify),
            extent: .databaseLifetime)
    }

    /// Copies a ledger as it is at one moment, also while somebody writes to it.
    ///
    /// - Parameter target: Where no file stands.
    /// - Returns: Bytes of the copy, which is on the disk.
    public static func copy(_ path: String, to target: String) throws -> Int {
        let source = try Ledger(reading: path)
        let copy = try DatabaseQueue(path: target)
        try source.pool.backup(to: copy)
        let bytes = try copy.read { db in
            try Int.fetchOne(
                db, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
                ?? 0
        }
        try copy.close()
        try source.close()
        return bytes
    }

    /// Checkpoints the log and lets go of the file.
    public func close() throws { try pool.close() }
}

/// One step of a schema, in SQL.
public struct Migration: Sendable {
    /// Unique for ever, and ordered: `1-identity`.
    public let name: String
    public let sql: String

    public init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }
}

/// Remembers, until the transaction ends, whether it changed a table. The writer alone calls it.
private final class TableObserver: TransactionObserver {
    private let table: String
    private let insertsOnly: Bool
    private let notify: @Sendable () -> Void
    private var hasChanged = false

    init(of table: String, insertsOnly: Bool, notify: @escaping @Sendable () -> Void) {
        self.table = table
        self.insertsOnly = insertsOnly
        self.notify = notify
    }

    func observes(eventsOfKind kind: DatabaseEventKind) -> Bool {
        switch kind {
        case .insert(let name): name == table
        case .delete(let name), .update(let name, _): name == table && !insertsOnly
        }
    }

    func databaseDidChange(with event: DatabaseEvent) { hasChanged = true }

    func databaseDidCommit(_ db: Database) {
        if hasChanged { notify() }
        hasChanged = false
    }

    func databaseDidRollback(_ db: Database) { hasChanged = false }
}
