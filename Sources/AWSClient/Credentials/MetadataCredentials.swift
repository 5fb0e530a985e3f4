import AWSAPI
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The role of a container, as ECS and EKS tell it.
///
/// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
public struct ContainerCredentials: CredentialSource {
    private static let ecs = "http://169.254.170.2"
    /// Of ECS and of EKS's agent. Beside them the keys' token goes to this machine alone, or by HTTPS.
    private static let trusted: Set<String> = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]

    private let environment: [String: String]
    private let metadata: MetadataService

    public init(
        _ environment: [String: String], timeout: Duration = CredentialChain.metadataTimeout
    ) {
        self.environment = environment
        metadata = MetadataService(timeout: timeout)
    }

    public func credentials() async throws -> TemporaryCredentials? {
        guard let url = try url() else { return nil }
        var headers: [(String, String)] = []
        if let token = try token() { headers.append(("authorization", token)) }
        guard let body = try await metadata.get(url, headers),
            let document = try? JSONValue(parsing: body),
            let credentials = TemporaryCredentials(document: document, token: "Token")
        else { throw CredentialFault("\(url) does not tell the container's credentials.") }
        return credentials
    }

    private func url() throws -> URL? {
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], !path.isEmpty {
            return URL(string: Self.ecs + path)
        }
        guard let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"], !full.isEmpty else {
            return nil
        }
        guard let url = URL(string: full), let host = url.host() else {
            throw CredentialFault("AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL: \(full)")
        }
        let bare = host.trimmingCharacters(in: ["[", "]"])
        let isHere = bare == "localhost" || bare == "::1" || bare.hasPrefix("127.")
        guard url.scheme == "https" || isHere || Self.trusted.contains(bare) else {
            throw CredentialFault(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI leads to \(host), which is neither this machine nor asked "
                    + "by https.")
        }
        return url
    }

    private func token() throws -> String? {
        guard let path = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] else {
            return environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw CredentialFault("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read: \(path)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// The role of an EC2 instance, by the second version of its metadata service.
///
/// Source: Amazon EC2 User Guide, "Use IMDSv2", "Retrieve security credentials from instance metadata".
public struct InstanceCredentials: CredentialSource {
    private static let usual = "http://169.254.169.254"
    private static let tokenSeconds = "21600"

    private let environment: [String: String]
    private let metadata: MetadataService

    public init(
        _ environment: [String: String], timeout: Duration = CredentialChain.metadataTimeout
    ) {
        self.environment = environment
        metadata = MetadataService(timeout: timeout)
    }

    public func credentials() async throws -> TemporaryCredentials? {
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true",
            let base = URL(
                string: environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? Self.usual)
        else { return nil }
        // Elsewhere than on an instance nobody answers.
        guard
            let token = try? await metadata.get(
                base.appending(path: "latest/api/token"),
                [("x-aws-ec2-metadata-token-ttl-seconds", Self.tokenSeconds)], method: .PUT)
        else { return nil }
        let headers = [("x-aws-ec2-metadata-token", String(decoding: token, as: UTF8.self))]
        let roles = base.appending(path: "latest/meta-data/iam/security-credentials/")
        guard let name = try await metadata.get(roles, headers) else { return nil }
        let role = String(decoding: name.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let body = try await metadata.get(roles.appending(path: role), headers),
            let document = try? JSONValue(parsing: body),
            let credentials = TemporaryCredentials(document: document, token: "Token")
        else { throw CredentialFault("The instance does not tell the credentials of its role.") }
        return credentials
    }
}

/// A service beside this machine, which answers at once or is not there.
private struct MetadataService {
    static let answerBytesMax = 64 << 10

    let timeout: Duration

    /// - Returns: Nil for anything but 200.
    func get(
        _ url: URL, _ headers: [(String, String)], method: HTTPMethod = .GET
    ) async throws -> [UInt8]? {
        var request = HTTPClientRequest(url: url.absoluteString)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        do {
            let response = try await AWSClient.http.execute(request, timeout: TimeAmount(timeout))
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            return response.status == .ok ? Array(body.readableBytesView) : nil
        } catch {
            throw CredentialFault("\(url) does not answer: \(error)")
        }
    }
}
