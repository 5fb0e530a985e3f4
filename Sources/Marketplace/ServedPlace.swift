/// Where clients reach the exchange, and how they know it: what the welcome e-mails say.
public struct ServedPlace: Sendable, Equatable {
    /// `https://exchange.example:9400`
    public let endpoint: String
    /// SHA-256 in hex of the certificate of the exchange's own authority. Nil: no need to know it.
    public let authorityFingerprint: String?
    /// SHA-256 in hex of the `credentials.py` that is served at the endpoint.
    public let credentialsHash: String

    public init(endpoint: String, authorityFingerprint: String?, credentialsHash: String) {
        self.endpoint = endpoint
        self.authorityFingerprint = authorityFingerprint
        self.credentialsHash = credentialsHash
    }
}
