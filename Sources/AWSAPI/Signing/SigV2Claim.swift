import Crypto
public import FoundationEssentials

/// A claim of Signature Version 2 in the query of a request for S3.
///
/// It covers the method, the path, the sub-resources and S3's own headers: neither the host nor the body.
///
/// Source: Amazon S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)".
public struct SigV2Claim: Sendable {
    public let accessKeyID: String
    public let expiresAt: Date
    public let sessionToken: String?
    /// Base64.
    private let signature: String
    private let query: [QueryItem]

    init(presigned query: [QueryItem], of request: WireRequest) throws(SignatureFault) {
        func item(_ name: String) -> String? { query.first { $0.name == name }?.value }
        guard let key = item("AWSAccessKeyId"), !key.isEmpty,
            let signature = item("Signature"), !signature.isEmpty,
            let seconds = item("Expires").flatMap({ Int($0) }),
            let expiresAt = Date(wireSeconds: Double(seconds))
        else {
            throw .malformedQuery(
                "Query-string authentication requires AWSAccessKeyId, Signature and Expires, in "
                    + "seconds since 1970.")
        }
        // The text that is signed has no escapes: a value must not look like two, nor like another line.
        let isPlain = query.allSatisfy { item in
            !Self.signedItems.contains(item.name)
                || !item.value.utf8.contains { $0 == UInt8(ascii: "&") || $0 < 32 }
        }
        let own = query.filter { $0.name.hasPrefix("x-amz-") }
        guard isPlain, own.allSatisfy({ $0.name == "x-amz-security-token" }), own.count <= 1 else {
            throw .malformedQuery(
                "Signature Version 2 does not cover such a query: sign with version 4.")
        }
        accessKeyID = key
        self.signature = signature
        self.expiresAt = expiresAt
        self.query = query
        sessionToken =
            item("x-amz-security-token") ?? request.headers["x-amz-security-token"]
    }

    /// Checks the end and the signature; key and session are the caller's to check first.
    public func check(
        _ request: WireRequest, secretAccessKey: String, now: Date
    ) throws(SignatureFault) {
        guard now < expiresAt else { throw .requestExpired(at: expiresAt, now: now) }
        let key = SymmetricKey(data: Array(secretAccessKey.utf8))
        guard let code = Data(base64Encoded: signature),
            HMAC<Insecure.SHA1>.isValidAuthenticationCode(
                code, authenticating: Array(stringToSign(of: request).utf8), using: key)
        else { throw .mismatch }
    }

    func stringToSign(of request: WireRequest) -> String {
        // S3's own headers may stand in the query: presigning puts the session token there.
        let own = request.headers.map { ($0.name, $0.value) } + query.map { ($0.name, $0.value) }
        let headers = Dictionary(grouping: own.filter { $0.0.hasPrefix("x-amz-") }, by: \.0)
            .map { name, values in "\(name):\(values.map(\.1).joined(separator: ","))\n" }
            .sorted()
        let subresources = query.filter { Self.signedItems.contains($0.name) }
            .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            .map { $0.value.isEmpty ? $0.name : "\($0.name)=\($0.value)" }
        return """
            \(request.method)
            \(request.headers["content-md5"] ?? "")
            \(request.headers["content-type"] ?? "")
            \(Int(expiresAt.timeIntervalSince1970))
            \(headers.joined())\(Self.resource(request.path))\
            \(subresources.isEmpty ? "" : "?" + subresources.joined(separator: "&"))
            """
    }

    /// A bucket stands with a slash behind it, whether or not the request has one.
    private static func resource(_ path: String) -> String {
        path.dropFirst().utf8.contains(UInt8(ascii: "/")) ? path : path + "/"
    }

    /// The query items that name a part of a resource, or change its answer.
    private static let signedItems: Set<String> = [
        "accelerate", "acl", "analytics", "cors", "delete", "encryption", "inventory", "lifecycle",
        "location", "logging", "metrics", "notification", "object-lock", "partNumber", "policy",
        "policyStatus", "publicAccessBlock", "replication", "requestPayment",
        "response-cache-control", "response-content-disposition", "response-content-encoding",
        "response-content-language", "response-content-type", "response-expires", "restore",
        "select", "select-type", "storageClass", "tagging", "torrent", "uploadId", "uploads",
        "versionId", "versioning", "versions", "website",
    ]
}
