internal import CDuckDB
internal import FoundationEssentials

/// What the engine refused, and why.
public struct DuckDBError: Error, Hashable, Sendable, CustomStringConvertible {
    public var kind: Kind
    /// The engine's sentence, without the excerpt of the statement. It may quote values and name
    /// files: do not show it to a stranger as it is.
    public var message: String
    /// Bytes of UTF-8 from the statement's start, where the engine knows the place.
    public var position: Int?

    public init(kind: Kind, message: String, position: Int? = nil) {
        self.kind = kind
        self.message = message
        self.position = position
    }

    public var description: String { message }

    /// There is no engine on this machine, or another one than this program was made for.
    ///
    /// - Parameter fault: What the system's loader says.
    static func missingEngine(_ fault: String) -> DuckDBError {
        DuckDBError(
            kind: .io,
            message: "The SQL engine cannot be loaded: \(fault). Get it with `make setup`, or put "
                + "libduckdb.so of v1.5.5 where the system looks for libraries (LD_LIBRARY_PATH)."
        )
    }

    /// The engine's kinds of exception. A raw value is DuckDB's name for it, and the order is that
    /// of its numbers.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        case invalid = "Invalid"
        case outOfRange = "Out of Range"
        case conversion = "Conversion"
        case unknownType = "Unknown Type"
        case decimal = "Decimal"
        case mismatchType = "Mismatch Type"
        case divideByZero = "Divide by Zero"
        case objectSize = "Object Size"
        case invalidType = "Invalid type"
        case serialization = "Serialization"
        case transaction = "TransactionContext"
        case notImplemented = "Not implemented"
        case expression = "Expression"
        case catalog = "Catalog"
        case parser = "Parser"
        case planner = "Planner"
        case scheduler = "Scheduler"
        case executor = "Executor"
        case constraint = "Constraint"
        case index = "Index"
        case statistics = "Stat"
        case connection = "Connection"
        case syntax = "Syntax"
        case settings = "Settings"
        case binder = "Binder"
        case network = "Network"
        case optimizer = "Optimizer"
        case nullPointer = "NullPointer"
        case io = "IO"
        case interrupt = "INTERRUPT"
        case fatal = "FATAL"
        case internalError = "INTERNAL"
        case invalidInput = "Invalid Input"
        case outOfMemory = "Out of Memory"
        case permission = "Permission"
        case parameterNotResolved = "Parameter Not Resolved"
        case parameterNotAllowed = "Parameter Not Allowed"
        case dependency = "Dependency"
        case http = "HTTP"
        case missingExtension = "Missing Extension"
        case autoload = "Extension Autoloading"
        case sequence = "Sequence"
        case invalidConfiguration = "Invalid Configuration"

        fileprivate var prefix: String { "\(rawValue) Error: " }

        init(number: duckdb_error_type) {
            let known = Self.allCases.indices.contains(Int(number))
            self = known ? Self.allCases[Int(number)] : .invalid
        }
    }
}

extension DuckDBError {
    /// What the engine says of a result that failed.
    init(of result: inout duckdb_result) {
        let report = duckdb_result_error(&result).map { String(cString: $0) } ?? ""
        self.init(report: report, kind: Kind(number: duckdb_result_error_type(&result)))
    }

    /// Reads the engine's report: a JSON object (the setting `errors_as_json`), which the parser
    /// puts its own prefix before; or, from an instance that did not open, a sentence after
    /// `IO Error: `. The report's name for the kind counts only where the engine gave no number.
    init(report: String, kind: Kind? = nil) {
        if let start = report.firstIndex(of: "{"),
            let fields = try? JSONDecoder().decode(Report.self, from: Data(report[start...].utf8))
        {
            self.init(
                kind: kind ?? Kind(rawValue: fields.kind) ?? .invalid,
                message: fields.message,
                position: fields.position.flatMap { Int($0) }
            )
        } else if let named = Kind.allCases.first(where: { report.hasPrefix($0.prefix) }) {
            let message = String(report.dropFirst(named.prefix.count))
            self.init(kind: kind ?? named, message: message)
        } else {
            self.init(kind: kind ?? .invalid, message: report)
        }
    }

    /// The same error with its position in bytes. The parser alone counts characters (Unicode
    /// scalars); all else in the engine counts bytes.
    public func locatedByBytes(in sql: String) -> DuckDBError {
        guard kind == .parser, let characters = position else { return self }
        var located = self
        located.position = sql.unicodeScalars.prefix(characters).reduce(0) {
            $0 + UTF8.width($1)
        }
        return located
    }

    private struct Report: Decodable {
        var kind: String
        var message: String
        /// Digits in a string.
        var position: String?

        enum CodingKeys: String, CodingKey {
            case kind = "exception_type"
            case message = "exception_message"
            case position
        }
    }
}
