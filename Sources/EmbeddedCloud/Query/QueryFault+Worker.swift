import DuckDB
import Logging
import QueryWorker

extension QueryFault {
    /// A worker's fault, as whoever asked may read it; all of it goes to the log.
    ///
    /// - Parameter object: The key of the object at a path, if whoever asked may know of it.
    init(_ fault: QueryWorkerFault, log: Logger, object: (String) -> String? = { _ in nil }) {
        switch fault {
        case .refused(let refusal) where refusal.message.contains("[file]"):
            // What the engine says of a file, or of what stands in a table's place, can name columns and
            // filters that the caller does not see.
            log.error("query worker", metadata: ["fault": "\(fault)"])
            switch refusal.kind {
            case .binder, .catalog, .parser, .syntax:
                self.init(
                    "SEMANTIC_ERROR", "An expression of the statement cannot be resolved",
                    at: refusal.position)
            default:
                let key = refusal.file.flatMap(object).map { " (in \($0))" } ?? ""
                self.init(Self.badDataCode, Self.badData(refusal) + key, category: .system)
            }
        case .refused(let refusal): self.init(refusal)
        case .exceeded(.runTime), .exceeded(.parseTime):
            self.init("EXCEEDED_TIME_LIMIT", "The query ran longer than a query may")
        case .exceeded(.resultRows), .exceeded(.resultBytes):
            self.init("EXCEEDED_OUTPUT_SIZE_LIMIT", "The result is larger than a result may be")
        case .exceeded(let limit):
            self.init("QUERY_TOO_LARGE", "The statement exceeds the limit \(limit.rawValue)")
        case .unavailable:
            log.error("query worker", metadata: ["fault": "\(fault)"])
            self.init(
                "GENERIC_INTERNAL_ERROR", "No process could be started to run the query",
                category: .system)
        case .ended, .garbled, .stopped:
            log.error("query worker", metadata: ["fault": "\(fault)"])
            self.init(
                "EXCEEDED_MEMORY_LIMIT",
                "The process that ran the query ended, most likely for want of memory",
                category: .system)
        }
    }

    /// What our own expressions say of a value (``TableScan/badData(_:as:)``), and of nothing hidden; else no
    /// more than that something is wrong.
    private static func badData(_ refusal: QueryWorker.Refusal) -> String {
        let ours = "[file]: \(badDataCode) [file]\n"
        return refusal.message.hasPrefix(ours)
            ? String(refusal.message.dropFirst(ours.count))
            : "A file of the table cannot be read as the table's definition says"
    }

    private init(_ refusal: QueryWorker.Refusal) {
        let position = refusal.position
        if let name = refusal.message.firstMatch(of: #/Referenced column "([^"]*)" not found/#)?.1 {
            self = .columnNotFound(String(name), at: position)
            return
        }
        if refusal.message.hasPrefix("Only SELECT statements") {
            self = .notSupported("Anything but SELECT (shared data is read only)", at: nil)
            return
        }
        let code =
            switch refusal.kind {
            case .parser, .syntax: "SYNTAX_ERROR"
            case .binder, .catalog: "SEMANTIC_ERROR"
            case .conversion: "INVALID_CAST_ARGUMENT"
            case .outOfMemory: "EXCEEDED_MEMORY_LIMIT"
            case .notImplemented: "NOT_SUPPORTED"
            default: "GENERIC_USER_ERROR"
            }
        self.init(code, refusal.message, at: position)
    }
}
