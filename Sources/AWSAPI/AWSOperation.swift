/// A structure that crosses the wire, in the service's own member names.
///
/// The conformances are generated (`dev/shapes`): each knows its members' wire names and places, and
/// reads and writes them through one concrete reader and writer, whatever the protocol.
public protocol AWSShape: WireValue {
    init(from reader: ShapeReader) throws(WireFault)
    func writeMembers(to writer: inout ShapeWriter)
}

/// One operation of one service: the request, and the type of its answer.
///
/// The same definition serves the door (decode, encode), the embedded cloud (a handler), the AWS client
/// (sign, send) and the marketplace (`cloud.send(Glue.GetTable(...))`).
public protocol AWSOperation: AWSShape {
    associatedtype Response: AWSShape
    static var service: AWSService { get }
    /// The operation's name as AWS writes it: `GetTable`.
    static var name: String { get }
    /// Method, path and success status. The JSON and query protocols use one route for all.
    static var route: Route { get }
    /// False where the request itself carries the proof of who sends it: a token, a code.
    static var isSigned: Bool { get }
    /// True where the request's body is an object's bytes, which stream past the shape.
    static var streamsBody: Bool { get }
    /// True where the request's or the answer's body is a member's text as it stands, and no document:
    /// S3's bucket policies.
    static var requestIsText: Bool { get }
    static var responseIsText: Bool { get }
    /// The root of the answer in S3's XML: `ListBucketResult`. Nil where the answer is headers alone.
    static var rootElement: String? { get }
}

extension AWSOperation {
    public static var route: Route { .rpc }
    public static var isSigned: Bool { true }
    public static var streamsBody: Bool { false }
    public static var requestIsText: Bool { false }
    public static var responseIsText: Bool { false }
    public static var rootElement: String? { nil }
    /// The IAM action: `glue:GetTable`.
    public static var action: String { "\(service.actionPrefix):\(name)" }
}

/// The answer of an operation that says nothing.
public struct EmptyResponse: AWSShape, Equatable {
    public init() {}
    public init(from reader: ShapeReader) throws(WireFault) {}
    public func writeMembers(to writer: inout ShapeWriter) {}
}

/// Whoever answers operations for one account: the embedded cloud, or AWS itself.
public protocol Cloud: Sendable {
    /// The account and region in which the operations act.
    var account: AccountID { get }
    var region: String { get }
    func send<Operation: AWSOperation>(
        _ operation: Operation
    ) async throws(AWSError) -> Operation.Response
}

/// A string with known values, to which the service may add: an unknown one is kept, not refused.
public protocol AWSEnum: RawRepresentable, Hashable, Sendable, WireValue, CustomStringConvertible
where RawValue == String {
    init(rawValue: String)
    static var known: [Self] { get }
}

extension AWSEnum {
    public var isKnown: Bool { Self.known.contains(self) }
    public var description: String { rawValue }

    public init(from node: WireNode) throws(WireFault) {
        self.init(rawValue: try String(from: node))
    }

    public func write(to writer: inout ShapeWriter) { writer.text(rawValue) }
}
