public import AWSAPI
public import FoundationEssentials

/// Where keys come from.
public protocol CredentialSource: Sendable {
    /// Nil: it has none, and another source may be asked.
    ///
    /// - Throws: ``CredentialFault`` where it should have some.
    func credentials() async throws -> TemporaryCredentials?
}

/// Keys, and until when they are good.
public struct TemporaryCredentials: Sendable {
    public var keys: Credentials
    /// Nil: as long as nobody takes them back.
    public var expiration: Date?

    public init(_ keys: Credentials, expiration: Date? = nil) {
        self.keys = keys
        self.expiration = expiration
    }
}

/// Why there are no keys, in words that say how to mend it. No secret is in them.
public struct CredentialFault: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Always the same keys.
public struct FixedCredentials: CredentialSource {
    private let keys: Credentials

    public init(_ keys: Credentials) { self.keys = keys }

    public func credentials() async throws -> TemporaryCredentials? {
        TemporaryCredentials(keys)
    }
}

/// The first of several sources that has keys, remembered until shortly before they end.
public actor CredentialChain: CredentialSource {
    /// Seconds before their end from which new keys are asked for: a request that is on its way is to arrive
    /// with good ones.
    public static let renewal: TimeInterval = 300
    /// How long a service beside this machine is waited for: elsewhere than there, nobody answers.
    public static let metadataTimeout = Duration.seconds(1)

    private let sources: [any CredentialSource]
    private let clock: @Sendable () -> Date
    private var known: TemporaryCredentials?
    private var asking: Task<TemporaryCredentials?, any Error>?

    public init(
        _ sources: [any CredentialSource], clock: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.sources = sources
        self.clock = clock
    }

    public func credentials() async throws -> TemporaryCredentials? {
        if let known, isGood(known, for: Self.renewal) { return known }
        // Whoever comes meanwhile waits for the same answer.
        let task =
            asking
            ?? Task { [sources] in
                for source in sources {
                    if let found = try await source.credentials() { return found }
                }
                return nil
            }
        asking = task
        defer { asking = nil }
        do {
            known = try await task.value
            return known
        } catch {
            // Good until their end, though a source is down.
            if let known, isGood(known, for: 0) { return known }
            throw error
        }
    }

    private func isGood(_ credentials: TemporaryCredentials, for time: TimeInterval) -> Bool {
        credentials.expiration.map { $0.timeIntervalSince(clock()) > time } ?? true
    }
}

extension TemporaryCredentials {
    /// What `credential_process` prints and the metadata services answer.
    ///
    /// - Parameter token: The member that has the session's token.
    init?(document: JSONValue, token: String) {
        guard let id = document["AccessKeyId"]?.string, !id.isEmpty,
            let secret = document["SecretAccessKey"]?.string, !secret.isEmpty
        else { return nil }
        let ending = document["Expiration"]?.string
        let expiration = ending.flatMap { Timestamp.parse($0) }
        // An end that cannot be read may be over.
        guard ending == nil || expiration != nil else { return nil }
        self.init(
            Credentials(
                accessKeyID: id, secretAccessKey: secret, sessionToken: document[token]?.string),
            expiration: expiration)
    }
}

extension CredentialChain {
    /// As AWS's tools look for keys: the environment, the profile, the container's role, the instance's.
    ///
    /// - Parameter profile: Named for this in particular: then nothing else is asked. Nil: the one that
    ///   `AWS_PROFILE` names, or the default one.
    public init(
        profile: String? = nil, environment: [String: String],
        metadataTimeout: Duration = CredentialChain.metadataTimeout
    ) throws {
        let shared = ProfileCredentials(try SharedProfile(profile, environment: environment))
        self.init(
            profile == nil
                ? [
                    EnvironmentCredentials(environment), shared,
                    ContainerCredentials(environment, timeout: metadataTimeout),
                    InstanceCredentials(environment, timeout: metadataTimeout),
                ] : [shared])
    }
}
