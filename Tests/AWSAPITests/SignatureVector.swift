import AWSAPI
import Foundation
import Testing

/// A request as a real client signed it, and the secret it was signed with.
struct SignatureVector: Sendable, CustomTestStringConvertible {
    var name: String
    var service: AWSService
    var secret: String
    var request: WireRequest

    var testDescription: String { name }

    /// Those signed in the `Authorization` header, for the body as a whole.
    static let headerSigned = select { !$0.isPresigned && !$0.isSignedByChunk }
    /// Those signed in the query.
    static let presigned = select(\.isPresigned)
    /// Those whose bodies come in frames, signed or not.
    static let framed = select { $0.declaredHash?.hasPrefix("STREAMING-") ?? false }
    static let everyOne = select { _ in true }

    private static func select(_ isWanted: (SignatureVector) -> Bool) -> [SignatureVector] {
        do {
            return try all().filter(isWanted)
        } catch {
            Issue.record(error)
            return []
        }
    }

    static func all() throws -> [SignatureVector] {
        let url = try #require(
            Bundle.module.url(
                forResource: "sigv4-vectors", withExtension: "jsonl", subdirectory: "Fixtures"))
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { line in
            try SignatureVector(JSONValue(parsing: line))
        }
    }

    private init(_ line: JSONValue) throws {
        name = try #require(line["name"]?.string)
        secret = try #require(line["secret"]?.string)
        let scope = try #require(line["service"]?.string)
        service = AWSService(
            name: scope, signingName: scope,
            wire: scope == "s3" ? .restXML(namespace: "") : .restJSON, invalidInputCode: "")
        let target = try #require(line["target"]?.string).split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let headers = try #require(line["headers"]?.array).map { header in
            WireHeader(
                try #require(header.array?[0].string).lowercased(),
                try #require(header.array?[1].string))
        }
        let body = try #require(line["body_b64"]?.string.flatMap { Data(base64Encoded: $0) })
        request = WireRequest(
            method: try #require(line["method"]?.string), path: String(target[0]),
            query: target.count > 1 ? String(target[1]) : "", headers: headers, body: Array(body))
    }

    var isPresigned: Bool { request.query.contains("X-Amz-Signature=") }

    var isSignedByChunk: Bool {
        declaredHash?.hasPrefix("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") ?? false
    }

    var declaredHash: String? { request.headers["x-amz-content-sha256"] }

    var claim: SigV4Claim { get throws { try v4Claim(of: request) } }

    /// Checks the signature at the time that the client put into it, and the body as it came.
    func check(after minutes: Double = 0) throws {
        let claim = try claim
        let hash = try claim.payloadHash(for: service, bodyHash: SigV4.hash(request.body))
        let key = SigningKey(secretAccessKey: secret, scope: claim.scope)
        try claim.check(
            request, for: service, payloadHash: hash, key: key, now: claim.signedAt + minutes * 60)
        switch try claim.payload(signedAs: hash, key: key) {
        case .unsigned: break
        case .hash(let hash):
            if hash != SigV4.hash(request.body) { throw SignatureFault.payloadMismatch }
        case .chunks(let signatures, let hasTrailer):
            let length = try #require(
                request.headers["x-amz-decoded-content-length"].flatMap { Int($0) })
            var decoder = AWSChunkedDecoder(
                signatures: signatures, decodedLength: length, hasTrailer: hasTrailer)
            _ = try decoder.decode(request.body)
            _ = try decoder.finish()
        }
    }

    var signedHeaders: [String] {
        let authorization = request.headers["authorization"] ?? ""
        guard let names = authorization.split(separator: "SignedHeaders=").last else { return [] }
        return names.prefix { $0 != "," }.split(separator: ";").map(String.init)
    }

    /// The same request with another value under one of its headers.
    func with(_ name: String, _ change: (String) -> String) -> SignatureVector {
        var changed = self
        for place in changed.request.headers.indices
        where changed.request.headers[place].name == name {
            changed.request.headers[place].value = change(changed.request.headers[place].value)
        }
        return changed
    }
}
