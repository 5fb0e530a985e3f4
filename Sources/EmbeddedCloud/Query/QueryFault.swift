/// Why a query fails, in Athena's words: shown to whoever asked, so it names nothing hidden.
struct QueryFault: Error, Equatable, CustomStringConvertible {
    enum Category: Int, Sendable {
        case system = 1
        case user = 2
    }

    var category = Category.user
    /// `SYNTAX_ERROR`, `TABLE_NOT_FOUND`, `COLUMN_NOT_FOUND`.
    var code: String
    var message: String
    /// Bytes of UTF-8 from the start of the statement.
    var position: Int?

    init(_ code: String, _ message: String, at position: Int? = nil, category: Category = .user) {
        self.category = category
        self.code = code
        self.message = message
        self.position = position
    }

    var description: String { "\(code): \(message)" }

    /// The fault with its place in `sql` in the form `line 1:8: `.
    func located(in sql: String) -> QueryFault {
        guard let position else { return self }
        let before = sql.utf8.prefix(position)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
        return QueryFault(code, "line \(line):\(column): \(message)", category: category)
    }
}

extension QueryFault {
    static func notSupported(_ what: String, at position: Int?) -> QueryFault {
        QueryFault("NOT_SUPPORTED", "\(what) is not supported", at: position)
    }

    /// Of a table that is not there, and of one that the caller may not see: the answer is the same.
    static func tableNotFound(_ name: String, at position: Int?) -> QueryFault {
        QueryFault(
            "TABLE_NOT_FOUND",
            "Table '\(name)' does not exist or requester is not authorized to access requested "
                + "resources", at: position)
    }

    static func columnNotFound(_ name: String, at position: Int?) -> QueryFault {
        QueryFault(
            "COLUMN_NOT_FOUND",
            "Column '\(name)' cannot be resolved or requester is not authorized to access requested "
                + "resources", at: position)
    }

    /// What a file has that its table's definition does not allow.
    static let badDataCode = "HIVE_BAD_DATA"

    static let interrupted = QueryFault(
        "GENERIC_INTERNAL_ERROR", "The exchange ended while the query ran; run it again",
        category: .system)

    static func noBucketOfOnesOwn(_ location: String) -> QueryFault {
        QueryFault("INVALID_OUTPUT_LOCATION", "\(location) is in no bucket of this account's")
    }

    static let grantsChanged = QueryFault(
        "PERMISSIONS_CHANGED", "The permissions changed while the query ran; run it again",
        category: .system)

    static func functionNotFound(_ name: String, at position: Int?) -> QueryFault {
        QueryFault("FUNCTION_NOT_FOUND", "Function '\(name)' not registered", at: position)
    }
}
