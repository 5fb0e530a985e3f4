import AWSAPI
import AWSClient
import ArgumentParser
import EmbeddedCloud
import Foundation
import STSAPI

/// Where the exchange of a data directory answers: `server.json`.
struct RunningServer: Codable {
    var endpoint: String
    var region: String
    var account: String
    /// The certificates to trust besides the system's, in PEM. Nil where the system's will do.
    var authorities: String?

    func write(to directory: DataDirectory) throws {
        try DataDirectory.writePrivate(Array(try JSONEncoder().encode(self)), to: directory.server)
    }

    init(endpoint: String, region: String, account: String, authorities: String?) {
        self.endpoint = endpoint
        self.region = region
        self.account = account
        self.authorities = authorities
    }

    init(reading directory: DataDirectory) throws {
        guard let data = try? Data(contentsOf: directory.server),
            let server = try? JSONDecoder().decode(RunningServer.self, from: data)
        else {
            throw CommandFailure(
                "No exchange has been started in \(directory.url.localPath) yet; start it with: "
                    + "bourse serve --data \(directory.url.localPath)")
        }
        self = server
    }
}

/// How a command of the provider reaches the running exchange: as its administrator where the data directory
/// is at hand, and from elsewhere as whoever an AWS profile says.
struct AdministratorOptions: ParsableArguments {
    @OptionGroup var data: DataOption
    @Option(help: "The exchange's address, from another machine: a URL. Then --data is not needed.")
    var endpoint: String?
    @Option(help: "With --endpoint: the AWS profile to act as (default: as AWS's tools choose).")
    var profile: String?
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    func validate() throws {
        guard profile == nil || endpoint != nil else {
            throw ValidationError("--profile goes with --endpoint.")
        }
    }

    var client: AWSClient {
        get async throws {
            guard let endpoint else { return try .administrator(of: data.directory) }
            guard let url = URL(string: endpoint), url.host() != nil else {
                throw CommandFailure(
                    "--endpoint must be a URL, such as https://exchange.example:9400.")
            }
            return try await .holder(of: profile, at: url)
        }
    }
}

extension AWSClient {
    /// The administrator of the exchange that runs on a data directory of this machine.
    static func administrator(of directory: DataDirectory) throws -> AWSClient {
        let server = try RunningServer(reading: directory)
        guard let endpoint = URL(string: server.endpoint),
            let account = AccountID(rawValue: server.account)
        else {
            throw CommandFailure("\(directory.server.localPath) is damaged; restart the exchange.")
        }
        let profile = try SharedConfigFile(reading: directory.adminCredentials)
            .section(EmbeddedCloud.administratorName)
        guard let id = profile["aws_access_key_id"],
            let secret = profile["aws_secret_access_key"]
        else {
            throw CommandFailure(
                "\(directory.adminCredentials.localPath) has no key of the administrator's.")
        }
        return AWSClient(
            exchange: endpoint, account: account, region: server.region,
            credentials: Credentials(accessKeyID: id, secretAccessKey: secret),
            http: try server.authorities.map { try AWSClient.http(trusting: $0) })
    }

    /// Whoever holds the keys of a profile, or those that AWS's tools would find.
    static func holder(of profile: String?, at exchange: URL) async throws -> AWSClient {
        let environment = ProcessInfo.processInfo.environment
        let shared = try SharedProfile(profile, environment: environment)
        let region =
            environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? shared["region"]
            ?? "us-east-1"
        let bundle = environment["AWS_CA_BUNDLE"] ?? shared["ca_bundle"]
        let http = try bundle.map {
            try AWSClient.http(trusting: String(contentsOfFile: $0, encoding: .utf8))
        }
        let chain = try CredentialChain(profile: profile, environment: environment)
        func client(_ account: AccountID) -> AWSClient {
            AWSClient(
                endpoint: .exchange(exchange), account: account, region: region,
                credentials: chain, retries: .none, http: http)
        }
        guard let nobody = AccountID(rawValue: "000000000000"),
            let account = try await client(nobody).send(STS.GetCallerIdentity()).account
                .flatMap(AccountID.init(rawValue:))
        else { throw CommandFailure("\(exchange) does not say whose the keys are.") }
        return client(account)
    }
}
