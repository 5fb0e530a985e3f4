/// The one text that client and server both make of a request, so that both can sign it.
///
/// Source: AWS General Reference, "Create a signed AWS API request", step 1.
struct CanonicalRequest: Sendable {
    let text: String

    /// - Parameters:
    ///   - signedHeaders: Lower-case names, sorted.
    ///   - pathIsEncodedOnce: True for S3, whose keys clients encode once; every other service signs the
    ///     wire's path encoded a second time (`%3A` becomes `%253A`).
    init(
        _ request: WireRequest, signedHeaders: [String], payloadHash: String,
        pathIsEncodedOnce: Bool
    ) {
        let path = Self.path(request.path, isEncodedOnce: pathIsEncodedOnce)
        let query = Self.query(request.query)
        var text = "\(request.method)\n\(path)\n\(query)\n"
        let headers = Dictionary(grouping: request.headers, by: \.name)
        for name in signedHeaders {
            let values = (headers[name] ?? []).map { Self.folded($0.value) }
            text += "\(name):\(values.joined(separator: ","))\n"
        }
        text += "\n\(signedHeaders.joined(separator: ";"))\n\(payloadHash)"
        self.text = text
    }

    private static func path(_ path: String, isEncodedOnce: Bool) -> String {
        if path.isEmpty { return "/" }
        guard isEncodedOnce else { return PercentEncoding.encode(path, keepingSlashes: true) }
        // Segment by segment: `%2F` belongs to a name and must not become a slash between two.
        return path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { encodedOnce($0) }
            .joined(separator: "/")
    }

    private static func query(_ query: String) -> String {
        if query.isEmpty { return "" }
        return query.utf8.split(separator: UInt8(ascii: "&"))
            .map { part in
                let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
                return (
                    name: encodedOnce(part[..<equals], plusIsSpace: true),
                    value: encodedOnce(part[equals...].dropFirst(), plusIsSpace: true)
                )
            }
            .filter { $0.name != "X-Amz-Signature" }
            .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            .map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    /// Decoding first makes one form of `%7E` and `~`. What does not decode is encoded as it stands.
    private static func encodedOnce(
        _ raw: Substring.UTF8View, plusIsSpace: Bool = false
    ) -> String {
        guard let bytes = PercentEncoding.decodedBytes(raw, plusIsSpace: plusIsSpace) else {
            return PercentEncoding.encode(raw)
        }
        return PercentEncoding.encode(bytes)
    }

    /// Without spaces around, and with one where several followed each other.
    private static func folded(_ value: String) -> String {
        let words = value.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return words.map { String(Substring($0)) }.joined(separator: " ")
    }
}
