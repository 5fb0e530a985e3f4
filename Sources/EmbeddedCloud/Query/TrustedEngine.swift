import AWSAPI
import Dispatch
import DuckDB

/// The exchange's own engine, in process: it parses text that we wrote, and never runs a subscriber's.
///
/// An actor on a queue of its own, because its calls block.
actor TrustedEngine {
    private let executor = EngineExecutor()
    private let connection: Connection

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    init() throws {
        connection = try Database(
            .memory, settings: ["threads": "1", "enable_external_access": "false"]
        ).connect()
    }

    /// The syntax tree of a table expression: what stands after FROM.
    ///
    /// Its positions are blanked, since they are of our text and not of the user's.
    func tableTree(_ sql: String) throws -> JSONValue {
        let rows = try connection.rows(
            "SELECT json_serialize_sql($1)", [.text("SELECT * FROM \(sql)")])
        guard let text = rows.first?.first?.text,
            let statement = try JSONValue(parsing: text)["statements"]?.array?.first,
            let from = statement["node"]?["from_table"]
        else { throw TrustedEngineFault(sql: sql) }
        return from.withoutPositions()
    }
}

/// A text of our own that the engine does not parse: a bug of ours.
struct TrustedEngineFault: Error {
    let sql: String
}

extension JSONValue {
    /// DuckDB's word for a place that is not known.
    private static let nowhere = JSONValue.number("18446744073709551615")

    fileprivate func withoutPositions() -> JSONValue {
        switch self {
        case .array(let items): return .array(items.map { $0.withoutPositions() })
        case .object(var object):
            object.mapValues { $0.withoutPositions() }
            if object["query_location"] != nil { object["query_location"] = Self.nowhere }
            return .object(object)
        default: return self
        }
    }
}

/// Runs an actor's calls on a queue of their own, where they may block.
private final class EngineExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "bourse.trusted-engine")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
