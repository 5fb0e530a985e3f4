/// A connection to an instance of its own in memory, opened by the first use: an engine that nobody has
/// asked yet takes no memory.
public struct DeferredConnection: Sendable {
    private let settings: [String: String]
    private var connection: Connection?

    /// - Parameter settings: As for ``Database``. They are checked when it opens.
    public init(settings: [String: String] = [:]) { self.settings = settings }

    /// - Throws: ``DuckDBError``, as ``Database`` does.
    public mutating func opened() throws -> Connection {
        if let connection { return connection }
        let opened = try Database(.memory, settings: settings).connect()
        connection = opened
        return opened
    }
}
