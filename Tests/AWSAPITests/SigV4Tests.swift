import AWSAPI
import Foundation
import GlueAPI
import S3API
import Testing

@Suite struct `A signature in the Authorization header` {
    /// 79 were captured: 2 carry their signature in the query and 2 sign each chunk of their bodies.
    @Test func `is that of 75 captured requests`() {
        #expect(SignatureVector.headerSigned.count == 75)
    }

    @Test(arguments: SignatureVector.headerSigned)
    func `is accepted as the client made it`(_ vector: SignatureVector) throws {
        try vector.check()
        try vector.check(after: 15)
        try vector.check(after: -15)
    }

    // MARK: One byte

    @Test(arguments: SignatureVector.headerSigned)
    func `is refused for another path`(_ vector: SignatureVector) {
        var vector = vector
        vector.request.path += "x"
        #expect(throws: SignatureFault.mismatch) { try vector.check() }
    }

    @Test(arguments: SignatureVector.headerSigned)
    func `is refused for another query`(_ vector: SignatureVector) {
        var vector = vector
        vector.request.query += vector.request.query.isEmpty ? "x" : "&x"
        #expect(throws: SignatureFault.mismatch) { try vector.check() }
    }

    @Test(arguments: SignatureVector.headerSigned)
    func `is refused for another method`(_ vector: SignatureVector) {
        var vector = vector
        vector.request.method += "S"
        #expect(throws: SignatureFault.mismatch) { try vector.check() }
    }

    @Test(arguments: SignatureVector.headerSigned)
    func `is refused for another value of any signed header`(_ vector: SignatureVector) throws {
        let names = vector.signedHeaders.filter { $0 != "x-amz-date" }
        try #require(names.contains("host"))
        for name in names {
            let changed = vector.with(name) { $0 + "x" }
            #expect(throws: SignatureFault.mismatch, "\(name)") { try changed.check() }
        }
    }

    @Test(arguments: SignatureVector.headerSigned)
    func `is refused for another second`(_ vector: SignatureVector) {
        let changed = vector.with("x-amz-date") { date in
            let second = date.dropLast().last == "0" ? "1" : "0"
            return date.dropLast(2) + second + "Z"
        }
        #expect(throws: SignatureFault.mismatch) { try changed.check() }
    }

    @Test(arguments: SignatureVector.headerSigned)
    func `is refused for another body`(_ vector: SignatureVector) {
        var changed = vector.with("x-amz-content-sha256") { hash in
            hash.dropLast() + (hash.last == "0" ? "1" : "0")
        }
        changed.request.body.append(0)
        #expect(throws: SignatureFault.mismatch) { try changed.check() }
        // The declared hash is the signer's own, and the body another one.
        guard vector.declaredHash.map({ $0.count == 64 }) ?? false else { return }
        changed = vector
        changed.request.body.append(0)
        #expect(throws: SignatureFault.payloadMismatch) { try changed.check() }
    }

    @Test(arguments: SignatureVector.headerSigned)
    func `is refused under another secret`(_ vector: SignatureVector) {
        var vector = vector
        vector.secret += "x"
        #expect(throws: SignatureFault.mismatch) { try vector.check() }
    }

    @Test(arguments: SignatureVector.headerSigned)
    func `is refused with another digit`(_ vector: SignatureVector) {
        let changed = vector.with("authorization") { value in
            value.dropLast() + (value.last == "0" ? "1" : "0")
        }
        #expect(throws: SignatureFault.mismatch) { try changed.check() }
    }

    @Test(arguments: SignatureVector.headerSigned)
    func `must cover every header of AWS's own`(_ vector: SignatureVector) {
        var vector = vector
        vector.request.headers.append(WireHeader("x-amz-tagging", "a=b"))
        #expect(throws: SignatureFault.headerNotSigned("x-amz-tagging")) { try vector.check() }
    }

    // MARK: Scope and clock

    @Test(arguments: SignatureVector.headerSigned)
    func `is refused by another service`(_ vector: SignatureVector) throws {
        var vector = vector
        vector.service = AWSService(
            name: "Other", signingName: "other", wire: .restJSON, invalidInputCode: "")
        let fault = #expect(throws: SignatureFault.self) { try vector.check() }
        guard case .wrongScope = fault else {
            Issue.record("\(String(describing: fault)) is not the scope's")
            return
        }
    }

    /// A scope's day is the timestamp's, whole: `2026` is a prefix of it and no day.
    @Test(arguments: ["20261122", "2026", "202611230"])
    func `is refused for another day`(_ day: String) throws {
        let vector = try #require(SignatureVector.headerSigned.first).with("authorization") {
            $0.replacing("/20261123/", with: "/\(day)/")
        }
        let fault = #expect(throws: SignatureFault.self) { try vector.check() }
        guard case .wrongScope = fault else {
            Issue.record("\(String(describing: fault)) is not the scope's")
            return
        }
    }

    @Test(arguments: SignatureVector.headerSigned, [-15.02, 15.02])
    func `is refused when clocks differ too much`(
        _ vector: SignatureVector, minutes: Double
    ) throws {
        let signedAt = try vector.claim.signedAt
        let skewed = SignatureFault.skewed(signedAt: signedAt, now: signedAt + minutes * 60)
        #expect(throws: skewed) { try vector.check(after: minutes) }
    }
}

@Suite struct `An Authorization header` {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var authorization: String?
        var date: String? = "20240218T143201Z"
        var expected: SignatureFault?

        var testDescription: String { name }

        init(
            _ name: String, _ authorization: String?, date: String? = "20240218T143201Z",
            _ expected: SignatureFault?
        ) {
            self.name = name
            self.authorization = authorization
            self.date = date
            self.expected = expected
        }
    }

    static let credential = "Credential=AKIA/20240218/us-east-1/glue/aws4_request"
    static let good =
        "AWS4-HMAC-SHA256 \(credential), SignedHeaders=host;x-amz-date, Signature=00"
    static let malformedCredential = SignatureFault.malformed(
        "Credential must be KEY/yyyymmdd/region/service/aws4_request in the Authorization header.")
    static let malformedDate = SignatureFault.malformed(
        "The X-Amz-Date header must be yyyymmddThhmmssZ.")
    static let hostNotNamed = SignatureFault.malformed(
        "SignedHeaders in the Authorization header must name host.")
    static let noSignature = SignatureFault.malformed(
        "The Authorization header has no Signature.")
    static let otherAlgorithm = SignatureFault.malformed(
        "Only AWS4-HMAC-SHA256 is understood in the Authorization header.")

    @Test(arguments: [
        Row("as clients write it", good, nil),
        Row("without spaces", good.replacing(", ", with: ","), nil),
        Row("with more spaces", good.replacing(", ", with: " ,  "), nil),
        Row("none", nil, .notSigned),
        Row("empty", "", otherAlgorithm),
        Row("a bearer's", "Bearer abc", otherAlgorithm),
        Row(
            "asymmetric", good.replacing("AWS4-HMAC-SHA256", with: "AWS4-ECDSA-P256-SHA256"),
            otherAlgorithm),
        Row("the algorithm alone", "AWS4-HMAC-SHA256 ", malformedCredential),
        Row("no key", good.replacing("AKIA/", with: "/"), malformedCredential),
        Row("no region", good.replacing("us-east-1/", with: ""), malformedCredential),
        Row("one part more", good.replacing("us-east-1/", with: "us/east/"), malformedCredential),
        Row("another end", good.replacing("aws4_request", with: "aws5"), malformedCredential),
        Row("no Signature", good.replacing(", Signature=00", with: ""), noSignature),
        Row("an empty Signature", good.replacing("=00", with: "="), noSignature),
        Row("no SignedHeaders", good.replacing("SignedHeaders", with: "Headers"), hostNotNamed),
        Row("host not signed", good.replacing("host;", with: ""), hostNotNamed),
        Row("no date", good, date: nil, malformedDate),
        Row("an extended date", good, date: "2024-02-18T14:32:01Z", malformedDate),
        Row("a date without zone", good, date: "20240218T143201", malformedDate),
        Row("the 30th of February", good, date: "20240230T143201Z", malformedDate),
        Row("the 24th hour", good, date: "20240218T243201Z", malformedDate),
        Row("signs in the date", good, date: "+024-2-8T143201Z", malformedDate),
    ])
    func `is read, or refused with what is wrong`(_ row: Row) {
        var request = WireRequest(method: "POST", path: "/")
        if let value = row.authorization {
            request.headers.append(WireHeader("authorization", value))
        }
        if let value = row.date { request.headers.append(WireHeader("x-amz-date", value)) }
        var fault: SignatureFault?
        do {
            guard case .v4(let claim) = try SignatureClaim(reading: request) else {
                Issue.record("an Authorization header is of version 4")
                return
            }
            #expect(claim.accessKeyID == "AKIA")
            #expect(claim.scope.description == "20240218/us-east-1/glue/aws4_request")
            #expect(claim.signedAt == Date(timeIntervalSince1970: 1_708_266_721))
        } catch {
            fault = error
        }
        #expect(fault == row.expected)
    }

    @Test(arguments: ["", "0", "zz", String(repeating: "0", count: 63)])
    func `with a signature that is no SHA-256 does not match`(_ signature: String) throws {
        var vector = try #require(SignatureVector.headerSigned.first)
        vector = vector.with("authorization") { value in
            value.dropLast(64) + "f" + signature
        }
        #expect(throws: SignatureFault.mismatch) { try vector.check() }
    }

    @Test(arguments: UInt64(1)...200)
    func `of random bytes is refused, never more`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let value = "AWS4-HMAC-SHA256 " + random.text(upTo: 80)
        let request = WireRequest(
            method: "GET", path: "/",
            headers: [
                WireHeader("authorization", value), WireHeader("x-amz-date", random.text(upTo: 16)),
            ])
        #expect(throws: SignatureFault.self) { try SignatureClaim(reading: request) }
    }
}

@Suite struct `A request that we sign` {
    static let date = Date(timeIntervalSince1970: 1_708_266_721)

    /// Source: AWS General Reference, "Create a signed AWS API request", examples.
    @Test func `has the signature of AWS's example`() {
        var request = WireRequest(
            method: "GET", path: "/", query: "Action=ListUsers&Version=2010-05-08",
            headers: [
                WireHeader("host", "iam.amazonaws.com"),
                WireHeader("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ])
        let iam = AWSService(
            name: "IAM", signingName: "iam", wire: .query(version: "2010-05-08", namespace: ""),
            invalidInputCode: "")
        SigV4.sign(
            &request,
            with: Credentials(
                accessKeyID: "AKIDEXAMPLE",
                secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            service: iam, region: "us-east-1", at: Date(timeIntervalSince1970: 1_440_938_160))
        let expected =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            + "SignedHeaders=content-type;host;x-amz-date, "
            + "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        #expect(request.headers["authorization"] == expected)
        #expect(request.headers["x-amz-date"] == "20150830T123600Z")
    }

    /// Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header", GET Object.
    @Test func `has the signature of S3's example`() {
        var request = WireRequest(
            method: "GET", path: "/test.txt",
            headers: [
                WireHeader("host", "examplebucket.s3.amazonaws.com"),
                WireHeader("range", "bytes=0-9"),
            ])
        SigV4.sign(
            &request,
            with: Credentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE",
                secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            service: .s3, region: "us-east-1", at: Date(timeIntervalSince1970: 1_369_353_600))
        let signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        #expect(request.headers["authorization"]?.hasSuffix("Signature=\(signature)") == true)
    }

    @Test(arguments: UInt64(1)...200)
    func `is accepted again, whatever its names`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var request: WireRequest
        let service: AWSService
        if Bool.random(using: &random) {
            service = .s3
            request =
                S3.GetObject(
                    bucket: "lake", key: "k" + random.text(upTo: 30),
                    ifMatch: " a  \t b ", responseContentType: random.text(upTo: 10)
                ).request
        } else {
            service = .glue
            request = Glue.GetTable(databaseName: random.text(upTo: 10), name: "nav").request
            request.path += PercentEncoding.encode(random.text(upTo: 10))
        }
        request.headers.append(WireHeader("host", "127.0.0.1:5600"))
        SigV4.sign(
            &request,
            with: Credentials(
                accessKeyID: "ASIA", secretAccessKey: "secret", sessionToken: "token=="),
            service: service, region: "eu-west-1", at: Self.date)

        let claim = try v4Claim(of: request)
        #expect(claim.accessKeyID == "ASIA")
        #expect(claim.sessionToken == "token==")
        #expect(claim.signedAt == Self.date)
        #expect(claim.declaredPayloadHash == (service == .s3 ? SigV4.emptyPayloadHash : nil))
        try claim.check(
            request, for: service, payloadHash: SigV4.hash(request.body),
            key: SigningKey(secretAccessKey: "secret", scope: claim.scope), now: Self.date)
    }

    struct Spelling: Sendable, CustomTestStringConvertible {
        var name: String
        var signed: (path: String, query: String)
        var sent: (path: String, query: String)
        var isAccepted: Bool

        var testDescription: String { name }
    }

    @Test(arguments: [
        Spelling(
            name: "a tilde escaped", signed: ("/b/a~b", ""), sent: ("/b/a%7Eb", ""),
            isAccepted: true),
        Spelling(
            name: "hex in lower case", signed: ("/b/a%3Db", ""), sent: ("/b/a%3db", ""),
            isAccepted: true),
        Spelling(
            name: "a slash escaped is another key", signed: ("/b/a/b", ""), sent: ("/b/a%2Fb", ""),
            isAccepted: false),
        Spelling(
            name: "two slashes are another key", signed: ("/b/a/b", ""), sent: ("/b/a//b", ""),
            isAccepted: false),
        Spelling(
            name: "a slash in the query escaped", signed: ("/b", "prefix=a/b"),
            sent: ("/b", "prefix=a%2Fb"), isAccepted: true),
        Spelling(
            name: "a space as a plus", signed: ("/b", "prefix=a%20b"), sent: ("/b", "prefix=a+b"),
            isAccepted: true),
        Spelling(
            name: "a plus is no space", signed: ("/b", "prefix=a%2Bb"), sent: ("/b", "prefix=a+b"),
            isAccepted: false),
        Spelling(
            name: "a mark with its equals sign", signed: ("/b", "policy"), sent: ("/b", "policy="),
            isAccepted: true),
        Spelling(
            name: "items in another order", signed: ("/b", "a=1&b=2"), sent: ("/b", "b=2&a=1"),
            isAccepted: true),
        Spelling(
            name: "not UTF-8", signed: ("/b/%FF", "prefix=%FF"), sent: ("/b/%ff", "prefix=%ff"),
            isAccepted: true),
        Spelling(
            name: "an escape cut short", signed: ("/b", "prefix=%4"), sent: ("/b", "prefix=%254"),
            isAccepted: true),
    ])
    func `may be spelt by S3's rules`(_ spelling: Spelling) throws {
        var request = WireRequest(
            method: "GET", path: spelling.signed.path, query: spelling.signed.query,
            headers: [WireHeader("host", "127.0.0.1")])
        SigV4.sign(
            &request, with: Credentials(accessKeyID: "AKIA", secretAccessKey: "secret"),
            service: .s3, region: "us-east-1", at: Self.date)
        request.path = spelling.sent.path
        request.query = spelling.sent.query

        let claim = try v4Claim(of: request)
        var isAccepted = true
        do {
            try claim.check(
                request, for: .s3, payloadHash: SigV4.emptyPayloadHash,
                key: SigningKey(secretAccessKey: "secret", scope: claim.scope), now: Self.date)
        } catch {
            #expect(error == .mismatch)
            isAccepted = false
        }
        #expect(isAccepted == spelling.isAccepted)
    }

    @Test func `joins a header's lines and folds their spaces`() throws {
        func request(_ values: String...) -> WireRequest {
            WireRequest(
                method: "GET", path: "/",
                headers: [WireHeader("host", "h")] + values.map { WireHeader("x-amz-meta", $0) })
        }
        var signed = request("a  b ", " c")
        SigV4.sign(
            &signed, with: Credentials(accessKeyID: "AKIA", secretAccessKey: "secret"),
            service: .glue, region: "us-east-1", at: Self.date)
        let rest = signed.headers.suffix(2)
        var joined = request("a b,c")
        joined.headers += rest
        let claim = try v4Claim(of: joined)
        try claim.check(
            joined, for: .glue, payloadHash: SigV4.emptyPayloadHash,
            key: SigningKey(secretAccessKey: "secret", scope: claim.scope), now: Self.date)
    }
}

/// Of a request that is signed with version 4.
func v4Claim(of request: WireRequest) throws -> SigV4Claim {
    guard case .v4(let claim) = try SignatureClaim(reading: request) else {
        throw SignatureFault.versionNotServed
    }
    return claim
}
