import AWSAPI
import AWSClient
import ArgumentParser
import EmbeddedCloud
import Foundation

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

/// How a command of the provider reaches the running exchange: as its administrator.
struct AdministratorOptions: ParsableArguments {
    @OptionGroup var data: DataOption
    @Flag(help: "Print JSON, for scripts.")
    var json = false

    var client: AWSClient {
        get throws { try .administrator(of: data.directory) }
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
            endpoint: endpoint, account: account, region: server.region,
            credentials: Credentials(accessKeyID: id, secretAccessKey: secret),
            http: try server.authorities.map { try AWSClient.http(trusting: $0) })
    }
}
