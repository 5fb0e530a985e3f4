// What travels on the socket. The exchange sends its configuration first, and is told that the
// worker is ready; then each request gets one reply, in order.

/// A request's head. The body is SQL for ``parse``, a tree as JSON for ``run(_:)``.
enum Request: Codable {
    case parse
    case run(QueryOutput)
}

/// A reply's head. The body is a tree as JSON after ``parsed``, and rows as JSON after ``ran(_:)``
/// where they were asked for.
enum Reply: Codable {
    case ready(landlockABI: Int)
    case unavailable(reason: String)
    case parsed
    case ran(ResultSummary)
    case refused(Refusal)
    case exceeded(QueryWorkerFault.Limit)
}

/// One message: a small head as JSON, and a body of bytes that nobody needs to escape.
struct Frame {
    var head: [UInt8]
    var body: [UInt8]
}
