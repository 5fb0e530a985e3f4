import AWSAPI
import Foundation
import S3API
import Testing

@Suite struct `A signature in the query` {
    @Test func `is that of 2 captured requests`() {
        #expect(SignatureVector.presigned.count == 2)
    }

    @Test func `stands beside 77 others, and all are accepted as they were sent`() throws {
        #expect(SignatureVector.everyOne.count == 79)
        for vector in SignatureVector.everyOne {
            #expect(throws: Never.self, "\(vector.name)") { try vector.check() }
        }
    }

    @Test(arguments: SignatureVector.presigned)
    func `is good until its end, and not a second longer`(_ vector: SignatureVector) throws {
        try vector.check(after: -15)
        try vector.check(after: 60 - 1.0 / 60)
        let signedAt = try vector.claim.signedAt
        let end = signedAt + 3_600
        #expect(throws: SignatureFault.requestExpired(at: end, now: end)) {
            try vector.check(after: 60)
        }
        let early = signedAt - 16 * 60
        #expect(throws: SignatureFault.skewed(signedAt: signedAt, now: early)) {
            try vector.check(after: -16)
        }
    }

    @Test(arguments: SignatureVector.presigned)
    func `is refused for another method, path, host or secret`(_ vector: SignatureVector) {
        var changed = vector
        changed.request.method = "HEAD"
        #expect(throws: SignatureFault.mismatch) { try changed.check() }
        changed = vector
        changed.request.path += "x"
        #expect(throws: SignatureFault.mismatch) { try changed.check() }
        changed = vector.with("host") { $0 + "x" }
        #expect(throws: SignatureFault.mismatch) { try changed.check() }
        changed = vector
        changed.secret += "x"
        #expect(throws: SignatureFault.mismatch) { try changed.check() }
    }

    /// Every item is covered, those of the signature itself too.
    @Test(arguments: SignatureVector.presigned)
    func `is refused for any other byte of the query`(_ vector: SignatureVector) {
        let query = Array(vector.request.query.utf8)
        for place in query.indices {
            var bytes = query
            bytes[place] = bytes[place] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
            // A hex digit of either case is the same digit.
            var changed = vector
            changed.request.query = String(decoding: bytes, as: UTF8.self)
            #expect(throws: SignatureFault.self, "byte \(place)") { try changed.check() }
        }
        var changed = vector
        changed.request.query += "&versionId=1"
        #expect(throws: SignatureFault.mismatch) { try changed.check() }
    }

    @Test(arguments: SignatureVector.presigned)
    func `covers every header of AWS's own`(_ vector: SignatureVector) {
        var changed = vector
        changed.request.headers.append(WireHeader("x-amz-copy-source", "other/key"))
        #expect(throws: SignatureFault.headerNotSigned("x-amz-copy-source")) {
            try changed.check()
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var query: String
        var header: String?
        var expected: String?

        var testDescription: String { name }
    }

    static let good =
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20240218%2Fus-east-1%2Fs3%2F"
        + "aws4_request&X-Amz-Date=20240218T143201Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=00"

    @Test(arguments: [
        Row(name: "as clients write it", query: good),
        Row(
            name: "another algorithm", query: good.replacing("AWS4-HMAC-SHA256", with: "AWS4-X"),
            expected: "X-Amz-Algorithm"),
        Row(name: "no key", query: good.replacing("AKIA", with: ""), expected: "X-Amz-Credential"),
        Row(
            name: "no date", query: good.replacing("X-Amz-Date", with: "Date"),
            expected: "X-Amz-Date"),
        Row(
            name: "more than seven days", query: good.replacing("604800", with: "604801"),
            expected: "X-Amz-Expires"),
        Row(
            name: "no time at all", query: good.replacing("604800", with: "0"),
            expected: "X-Amz-Expires"),
        Row(
            name: "a time that is none", query: good.replacing("604800", with: "1e3"),
            expected: "X-Amz-Expires"),
        Row(
            name: "host not signed",
            query: good.replacing("SignedHeaders=host", with: "SignedHeaders=date"),
            expected: "host"),
        Row(
            name: "no signature", query: good.replacing("Signature=00", with: "Signature="),
            expected: "X-Amz-Signature"),
        Row(
            name: "and one in the header", query: good, header: "AWS4-HMAC-SHA256 Credential=A",
            expected: "signed once"),
        Row(
            name: "and one of version 2", query: good + "&AWSAccessKeyId=AKIA",
            expected: "signed once"),
    ])
    func `is read, or refused with what is wrong`(_ row: Row) throws {
        var request = WireRequest(method: "GET", path: "/b/k", query: row.query)
        if let header = row.header { request.headers = [WireHeader("authorization", header)] }
        guard let expected = row.expected else {
            let claim = try v4Claim(of: request)
            #expect(claim.accessKeyID == "AKIA")
            #expect(claim.scope.description == "20240218/us-east-1/s3/aws4_request")
            return
        }
        let fault = #expect(throws: SignatureFault.self) { try SignatureClaim(reading: request) }
        guard case .malformedQuery(let why) = fault else {
            Issue.record("\(String(describing: fault)) is not the query's")
            return
        }
        #expect(why.contains(expected))
    }
}

@Suite struct `A signature of version 2 in the query` {
    static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    static let expiresAt = Date(timeIntervalSince1970: 1_175_139_620)

    /// Source: Amazon S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)",
    /// query string request authentication: the bucket stands in the path here.
    static func request(
        signature: String = "NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D", expires: String = "1175139620",
        method: String = "GET", more: String = ""
    ) -> WireRequest {
        WireRequest(
            method: method, path: "/johnsmith/photos/puppy.jpg",
            query:
                "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=\(signature)&Expires=\(expires)\(more)",
            headers: [WireHeader("host", "127.0.0.1")])
    }

    static func check(
        _ request: WireRequest, secret: String = secret, at now: Date = expiresAt - 1
    ) throws {
        guard case .v2(let claim) = try SignatureClaim(reading: request) else {
            throw SignatureFault.notSigned
        }
        #expect(claim.accessKeyID == "AKIAIOSFODNN7EXAMPLE")
        try claim.check(request, secretAccessKey: secret, now: now)
    }

    @Test func `is that of S3's example, until its end`() throws {
        try Self.check(Self.request())
        let expired = SignatureFault.requestExpired(at: Self.expiresAt, now: Self.expiresAt)
        #expect(throws: expired) { try Self.check(Self.request(), at: Self.expiresAt) }
    }

    @Test func `covers method, path, end, sub-resources and S3's headers`() {
        var other = Self.request()
        other.path += "x"
        var tagged = Self.request()
        tagged.headers.append(WireHeader("x-amz-acl", "public-read"))
        for changed in [
            Self.request(method: "HEAD"), Self.request(expires: "1175139621"), other, tagged,
            Self.request(more: "&versionId=1"), Self.request(more: "&response-content-type=a"),
            Self.request(more: "&uploads"), Self.request(more: "&x-amz-security-token=a"),
            Self.request(signature: "OpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D"),
            Self.request(signature: "x"),
        ] {
            #expect(throws: SignatureFault.mismatch) { try Self.check(changed) }
        }
        #expect(throws: SignatureFault.mismatch) { try Self.check(Self.request(), secret: "other") }
    }

    @Test(arguments: ["", "x", "-", "99999999999999999999", "1e9"])
    func `has an end in whole seconds`(_ expires: String) {
        let fault = #expect(throws: SignatureFault.self) {
            try SignatureClaim(reading: Self.request(expires: expires))
        }
        guard case .malformedQuery = fault else {
            Issue.record("\(String(describing: fault)) is not the query's")
            return
        }
    }
}
