import AWSAPI
public import FoundationEssentials

/// Reads a document of another server's.
///
/// Over HTTPS, from a server that an authority of this system vouches for; it follows nobody anywhere else,
/// and throws rather than wait or read without end.
public typealias DocumentReader =
    @Sendable (_ url: URL, _ bytesMax: Int) async throws -> [UInt8]

/// The keys that issuers publish.
///
/// A set is kept for a while, and read again when a token names a key that is not in it: issuers change
/// their keys.
///
/// Source: OpenID Connect Discovery 1.0, section 4; RFC 7517, section 5.
actor IssuerKeys {
    /// Seconds for which a set is believed.
    static let freshFor: TimeInterval = 3_600
    /// Seconds before a set is read again for a key that it does not have: strangers can name any.
    static let pauseAfterReading: TimeInterval = 60
    /// Seconds before an issuer is asked again for a token that did not answer.
    static let pauseAfterFailing: TimeInterval = 5
    static let documentBytesMax = 256 << 10
    static let keysMax = 100
    /// At the limit all of them are dropped, and read again as they are asked for.
    static let issuersMax = 1_000

    /// What is known of an issuer. It may fail to answer and still be believed for what it said before.
    private struct Known {
        var said: (keys: [Named], at: Date)?
        var failed: (error: AWSError, at: Date)?
    }

    private let read: DocumentReader
    private var known: [String: Known] = [:]
    /// One reading at a time of each issuer's, whoever waits for it.
    private var underWay: [String: Task<Result<[Named], AWSError>, Never>] = [:]

    init(reading read: @escaping DocumentReader) { self.read = read }

    /// The key that signed the token, as the token's header says.
    ///
    /// - Throws: `IDPCommunicationError` where the issuer cannot be asked, `InvalidIdentityToken` where
    ///   it has no such key.
    func key(of issuer: String, for token: WebIdentityToken, at now: Date) async throws(AWSError)
        -> WebIdentityKey
    {
        if let said = known[issuer]?.said, now.timeIntervalSince(said.at) < Self.freshFor {
            if let key = said.keys.key(for: token) { return key }
            guard now.timeIntervalSince(said.at) >= Self.pauseAfterReading else {
                throw .unknownKey
            }
        }
        if let failed = known[issuer]?.failed,
            now.timeIntervalSince(failed.at) < Self.pauseAfterFailing
        {
            throw failed.error
        }
        guard let key = try await keys(of: issuer, at: now).key(for: token) else {
            throw .unknownKey
        }
        return key
    }

    /// Reads an issuer's keys now, so that whoever registers it learns of a mistake.
    func keys(of issuer: String, at now: Date) async throws(AWSError) -> [Named] {
        let reading =
            underWay[issuer]
            ?? Task { [read] in
                do throws(AWSError) {
                    return .success(try await Self.keys(of: issuer, reading: read))
                } catch {
                    return .failure(error)
                }
            }
        underWay[issuer] = reading
        let result = await reading.value
        underWay[issuer] = nil
        if known.count >= Self.issuersMax { known = [:] }
        switch result {
        case .success(let keys): known[issuer] = Known(said: (keys, now))
        case .failure(let error): known[issuer, default: Known()].failed = (error, now)
        }
        return try result.get()
    }

    private static func keys(
        of issuer: String, reading read: DocumentReader
    ) async throws(AWSError) -> [Named] {
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        let discovery: Discovery = try await document(
            at: base + "/.well-known/openid-configuration", reading: read)
        guard discovery.issuer == issuer else {
            throw .identityProvider("\(issuer) says that it is another issuer.")
        }
        let set: KeyDocument = try await document(at: discovery.jwks_uri, reading: read)
        let keys = set.keys.prefix(keysMax).compactMap(\.key)
        guard !keys.isEmpty else {
            throw .identityProvider("\(issuer) publishes no key for ES256 or RS256.")
        }
        return keys
    }

    private static func document<Document: Decodable>(
        at text: String, reading read: DocumentReader
    ) async throws(AWSError) -> Document {
        guard text.hasPrefix("https://"), let url = URL(string: text) else {
            throw .identityProvider("The address of the issuer's keys must begin with https://.")
        }
        do {
            return try JSONDecoder().decode(
                Document.self, from: Data(try await read(url, documentBytesMax)))
        } catch is DecodingError {
            throw .identityProvider("What \(text) answers is not understood.")
        } catch {
            throw .identityProvider("\(text) does not answer as it should.")
        }
    }

    /// A key, and what tokens call it.
    struct Named: Decodable, Sendable {
        let id: String?
        let key: WebIdentityKey

        init(from decoder: any Decoder) throws {
            id = try decoder.container(keyedBy: Member.self).decodeIfPresent(
                String.self, forKey: .kid)
            key = try WebIdentityKey(from: decoder)
        }

        private enum Member: String, CodingKey { case kid }
    }

    private struct Discovery: Decodable {
        var issuer: String
        var jwks_uri: String
    }

    private struct KeyDocument: Decodable {
        var keys: [Entry]

        /// Nil where the key is of a kind that is not served here.
        struct Entry: Decodable {
            let key: Named?

            init(from decoder: any Decoder) throws { key = try? Named(from: decoder) }
        }
    }
}

extension [IssuerKeys.Named] {
    /// A token that names no key is its issuer's only one's.
    fileprivate func key(for token: WebIdentityToken) -> WebIdentityKey? {
        guard let id = token.keyID else { return count == 1 ? first?.key : nil }
        return first { $0.id == id }?.key
    }
}

extension AWSError {
    /// As for an issuer that is not registered: a stranger does not learn which ones are.
    static let unknownKey = invalidIdentityToken(
        "The token's issuer is not registered in the role's account, or did not sign the token.")

    static func identityProvider(_ message: String) -> AWSError {
        AWSError("IDPCommunicationError", message)
    }
}
