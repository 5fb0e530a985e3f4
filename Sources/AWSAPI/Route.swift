/// Where a REST operation lives: method, path template, the query items that mark it, success status.
public struct Route: Hashable, Sendable {
    public enum Segment: Hashable, Sendable {
        case literal(String)
        /// `{DataSetId}`: one segment, percent-decoded.
        case label(String)
        /// `{Key+}`: the rest of the path, slashes included.
        case rest(String)
    }

    public let method: String
    public let segments: [Segment]
    /// `list-type=2` or a bare `policy`; the value is empty where only the name matters.
    public let marks: [QueryItem]
    /// Query items and headers that make the request another operation, which may not be served here:
    /// without them a PUT with `?acl` would overwrite the object with its access list.
    public let strangers: Set<String>
    /// Query items and headers without which it is another operation: a PUT is an upload's part by its
    /// `partNumber`, and a copy by its `x-amz-copy-source`.
    public let needs: Set<String>
    public let status: Int

    /// - Parameters:
    ///   - template: As the service models write it: `/v1/data-sets/{DataSetId}?acl`.
    ///   - needs: Names of query items, and of headers in lower case, as `strangers`.
    public init(
        _ method: String, _ template: String, status: Int = 200, with needs: Set<String> = [],
        without strangers: Set<String> = []
    ) {
        self.method = method
        self.status = status
        self.needs = needs
        self.strangers = strangers
        let parts = template.split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.segments = parts[0].split(separator: "/").map(Segment.init)
        self.marks = parts.count > 1 ? QueryItem.parse(String(parts[1])) : []
    }

    /// What the JSON and query protocols use: everything is posted to the root.
    public static let rpc = Route("POST", "/")

    /// The labels' values if the request is this route's, percent-decoded.
    ///
    /// - Parameters:
    ///   - query: The request's, decoded.
    public func labels(in request: WireRequest, query: [QueryItem]) -> [String: String]? {
        func has(_ name: String) -> Bool {
            query.contains { $0.name == name } || request.headers[name] != nil
        }
        guard marks.allSatisfy({ mark in query.contains { $0.satisfies(mark) } }),
            needs.allSatisfy(has), !strangers.contains(where: has)
        else { return nil }
        return labels(in: request.path[...])
    }

    private func labels(in path: Substring) -> [String: String]? {
        var labels: [String: String] = [:]
        let slash = UInt8(ascii: "/")
        var rest = path.utf8.drop { $0 == slash }
        for segment in segments {
            if case .rest(let name) = segment {
                guard !rest.isEmpty, let value = PercentEncoding.decode(Substring(rest)) else {
                    return nil
                }
                labels[name] = value
                return labels
            }
            let part = Substring(rest.prefix { $0 != slash })
            guard !part.isEmpty else { return nil }
            rest = rest[part.endIndex...]
            switch segment {
            case .literal(let text): guard part == text else { return nil }
            case .label(let name):
                guard let value = PercentEncoding.decode(part) else { return nil }
                labels[name] = value
            case .rest: break
            }
            if rest.first == slash { rest = rest.dropFirst() }
        }
        return rest.isEmpty ? labels : nil
    }

    /// More literal segments, marks and needs make a route the better match.
    public var specificity: Int {
        segments.count { if case .literal = $0 { true } else { false } }
            + 8 * (marks.count + needs.count)
    }

    /// The path and query of a request to this route.
    func target(labels: [String: String], query: [QueryItem]) -> String {
        let path = segments.map { segment in
            switch segment {
            case .literal(let text): "/" + text
            case .label(let name): "/" + PercentEncoding.encode(labels[name] ?? "")
            case .rest(let name):
                "/" + PercentEncoding.encode(labels[name] ?? "", keepingSlashes: true)
            }
        }
        let items = (marks + query).map(\.encoded)
        return (path.isEmpty ? "/" : path.joined())
            + (items.isEmpty ? "" : "?" + items.joined(separator: "&"))
    }
}

extension Route.Segment {
    init(_ text: Substring) {
        guard text.hasPrefix("{"), text.hasSuffix("}") else {
            self = .literal(String(text))
            return
        }
        let name = text.dropFirst().dropLast()
        self = name.hasSuffix("+") ? .rest(String(name.dropLast())) : .label(String(name))
    }
}
