import AWSAPI

/// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and of a session `AWS_SESSION_TOKEN`.
public struct EnvironmentCredentials: CredentialSource {
    private let environment: [String: String]

    public init(_ environment: [String: String]) { self.environment = environment }

    public func credentials() async throws -> TemporaryCredentials? {
        guard let id = environment["AWS_ACCESS_KEY_ID"], !id.isEmpty else { return nil }
        guard let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty else {
            throw CredentialFault(
                "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both, or neither.")
        }
        return TemporaryCredentials(
            Credentials(
                accessKeyID: id, secretAccessKey: secret,
                sessionToken: environment["AWS_SESSION_TOKEN"]))
    }
}
