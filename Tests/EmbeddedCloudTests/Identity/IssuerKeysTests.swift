import AWSAPI
import Crypto
import FoundationEssentials
import JWTKit
import Synchronization
import Testing

@testable import EmbeddedCloud

@Suite struct IssuerKeysTests {
    private let issuer = PublishedKeys()
    private let begin = Date(timeIntervalSince1970: 1_800_000_000)

    @Test func `asks once for many tokens`() async throws {
        let keys = IssuerKeys(reading: issuer.read)
        let token = try await issuer.token("first")
        for second in 0..<5 {
            let key = try await keys.key(of: issuer.url, for: token, at: begin + Double(second))
            #expect(await key.signed(token.text))
        }
        #expect(issuer.timesAsked == 1)
    }

    @Test func `asks once for those who come together`() async throws {
        let keys = IssuerKeys(reading: issuer.read)
        let token = try await issuer.token("first")
        try await withThrowingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { try await keys.key(of: issuer.url, for: token, at: begin) }
            }
            for try await key in group { #expect(key.algorithm == "ES256") }
        }
        #expect(issuer.timesAsked == 1)
    }

    @Test func `asks again for a key that it does not know, after a pause`() async throws {
        let keys = IssuerKeys(reading: issuer.read)
        _ = try await keys.key(of: issuer.url, for: issuer.token("first"), at: begin)
        issuer.publish("second")
        let token = try await issuer.token("second")
        await #expect(throws: AWSError.self) {
            try await keys.key(
                of: issuer.url, for: token, at: begin + IssuerKeys.pauseAfterReading - 1)
        }
        #expect(issuer.timesAsked == 1)
        _ = try await keys.key(
            of: issuer.url, for: token, at: begin + IssuerKeys.pauseAfterReading)
        #expect(issuer.timesAsked == 2)
    }

    @Test func `believes a key that is withdrawn for an hour at most`() async throws {
        let keys = IssuerKeys(reading: issuer.read)
        let token = try await issuer.token("first")
        _ = try await keys.key(of: issuer.url, for: token, at: begin)
        issuer.withdraw("first")
        issuer.publish("second")
        _ = try await keys.key(of: issuer.url, for: token, at: begin + IssuerKeys.freshFor - 1)
        await #expect(throws: AWSError.self) {
            try await keys.key(of: issuer.url, for: token, at: begin + IssuerKeys.freshFor)
        }
    }

    @Test func `leaves one that does not answer alone for a while`() async throws {
        let keys = IssuerKeys(reading: issuer.read)
        let token = try await issuer.token("first")
        issuer.isAway = true
        for second in 0..<3 {
            await #expect {
                try await keys.key(of: issuer.url, for: token, at: begin + Double(second))
            } throws: {
                ($0 as? AWSError)?.code == "IDPCommunicationError"
            }
        }
        #expect(issuer.timesAsked == 1)
        issuer.isAway = false
        _ = try await keys.key(
            of: issuer.url, for: token, at: begin + IssuerKeys.pauseAfterFailing)
    }

    @Test func `believes what was said while nobody answers`() async throws {
        let keys = IssuerKeys(reading: issuer.read)
        let token = try await issuer.token("first")
        _ = try await keys.key(of: issuer.url, for: token, at: begin)
        issuer.publish("second")
        let other = try await issuer.token("second")
        issuer.isAway = true
        let later = begin + IssuerKeys.pauseAfterReading
        await #expect(throws: AWSError.self) {
            try await keys.key(of: issuer.url, for: other, at: later)
        }
        _ = try await keys.key(of: issuer.url, for: token, at: later)
        #expect(issuer.timesAsked == 2)
    }

    @Test func `overlooks keys of kinds that it does not verify`() async throws {
        issuer.publish(
            raw: #"{"kty":"oct","k":"c2VjcmV0","kid":"first"}"#,
            #"{"kty":"EC","crv":"P-384","x":"AA","y":"AA","kid":"p384"}"#,
            #"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"short"}"#, #""words""#, "7", "{}")
        let keys = IssuerKeys(reading: issuer.read)
        let token = try await issuer.token("first")
        let key = try await keys.key(of: issuer.url, for: token, at: begin)
        #expect(key.algorithm == "ES256")
        #expect(try await keys.keys(of: issuer.url, at: begin).count == 1)
    }
}

/// An issuer that publishes P-256 keys, and signs with them.
private final class PublishedKeys: Sendable {
    let url = "https://login.example.com/tenant"

    private struct State {
        var keys: [(name: String, key: P256.Signing.PrivateKey)] = [
            ("first", P256.Signing.PrivateKey())
        ]
        var raw: [String] = []
        var isAway = false
        var timesAsked = 0
    }

    private let state = Mutex(State())

    var timesAsked: Int { state.withLock { $0.timesAsked } }

    var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }

    func publish(_ name: String) {
        state.withLock { $0.keys.append((name, P256.Signing.PrivateKey())) }
    }

    func publish(raw keys: String...) { state.withLock { $0.raw += keys } }

    func withdraw(_ name: String) {
        state.withLock { state in state.keys.removeAll { $0.name == name } }
    }

    var read: DocumentReader {
        { url, _ in
            let isDiscovery = url.path().hasSuffix("/.well-known/openid-configuration")
            return try self.state.withLock { state in
                if isDiscovery { state.timesAsked += 1 }
                if state.isAway { throw CancellationError() }
                guard !isDiscovery else {
                    return Array(
                        #"{"issuer":"\#(self.url)","jwks_uri":"\#(self.url)/keys"}"#.utf8)
                }
                let keys = state.keys.map { name, key in
                    let point = key.publicKey.rawRepresentation
                    return
                        #"{"kty":"EC","crv":"P-256","kid":"\#(name)","x":"\#(base64URL(point.prefix(32)))","#
                        + #""y":"\#(base64URL(point.suffix(32)))"}"#
                }
                return Array(#"{"keys":[\#((state.raw + keys).joined(separator: ","))]}"#.utf8)
            }
        }
    }

    func token(_ name: String) async throws -> WebIdentityToken {
        let key = state.withLock { state in state.keys.first { $0.name == name }?.key }
        let keys = JWTKeyCollection()
        await keys.add(
            ecdsa: try ES256PrivateKey(pem: try #require(key).pemRepresentation),
            kid: JWKIdentifier(string: name))
        return try WebIdentityToken(
            try await keys.sign(Claims(iss: url), kid: JWKIdentifier(string: name)))
    }

    private struct Claims: JWTPayload {
        var iss: String
        var sub = "s"
        var aud = "a"
        var iat = 1_800_000_000
        var exp = 1_800_000_600

        func verify(using _: some JWTAlgorithm) async throws {}
    }
}

private func base64URL(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
        .replacing("=", with: "")
}
