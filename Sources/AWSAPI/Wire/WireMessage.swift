/// A header as it stood on the wire, its name in lower case.
public struct WireHeader: Equatable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [WireHeader] {
    /// The first value under that lower-case name.
    public subscript(name: String) -> String? { first { $0.name == name }?.value }
}

/// An HTTP request before it is understood: path, query and header values raw, as they were signed.
public struct WireRequest: Sendable {
    public var method: String
    /// Percent-encoded, without the query.
    public var path: String
    /// Without the question mark; empty if there is none.
    public var query: String
    public var headers: [WireHeader]
    /// Empty where the body streams.
    public var body: [UInt8]

    public init(
        method: String, path: String, query: String = "", headers: [WireHeader] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// Path and query as they stand in the request line.
    public var target: String { query.isEmpty ? path : "\(path)?\(query)" }
}

/// An HTTP answer, whole.
public struct WireReply: Sendable {
    public var status: Int
    public var headers: [WireHeader]
    public var body: [UInt8]

    public init(status: Int, headers: [WireHeader] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
