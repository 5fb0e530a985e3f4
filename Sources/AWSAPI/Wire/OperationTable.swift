/// The operations that a service answers, found by what a request says it wants.
public struct OperationTable: Sendable {
    /// An operation and what the path said.
    public struct Match: Sendable {
        public let operation: any AWSOperation.Type
        public let labels: [String: String]
    }

    public let service: AWSService
    private let byName: [String: any AWSOperation.Type]
    /// REST operations by method, the most specific route first.
    private let byMethod: [String: [any AWSOperation.Type]]

    public init(_ service: AWSService, _ operations: [any AWSOperation.Type]) {
        self.service = service
        byName = Dictionary(
            operations.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        byMethod = Dictionary(grouping: operations) { $0.route.method }.mapValues { group in
            group.sorted { $0.route.specificity > $1.route.specificity }
        }
    }

    /// - Throws: ``AWSError/unknownOperation(_:of:)`` that names what was asked for.
    public func match(_ request: WireRequest) throws(AWSError) -> Match {
        switch service.wire {
        case .json:
            let target = request.headers["x-amz-target"] ?? ""
            return try named(target.split(separator: ".").last.map(String.init) ?? target)
        case .query:
            let items =
                QueryItem.parse(String(decoding: request.body, as: UTF8.self))
                + QueryItem.parse(request.query)
            return try named(items.first { $0.name == "Action" }?.value ?? "")
        case .restJSON, .restXML:
            let query = QueryItem.parse(request.query)
            for operation in byMethod[request.method] ?? [] {
                guard let labels = operation.route.labels(in: request, query: query) else {
                    continue
                }
                return Match(operation: operation, labels: labels)
            }
            // Names alone: a value may be a signature.
            let names = query.map(\.name).joined(separator: "&")
            let asked = "\(request.method) \(request.path)" + (names.isEmpty ? "" : "?\(names)")
            throw .unknownOperation(asked, of: service)
        }
    }

    private func named(_ name: String) throws(AWSError) -> Match {
        guard let operation = byName[name] else {
            throw .unknownOperation(name.isEmpty ? "(none named)" : name, of: service)
        }
        return Match(operation: operation, labels: [:])
    }
}
