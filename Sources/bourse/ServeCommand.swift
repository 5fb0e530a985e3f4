import AWSAPI
public import ArgumentParser
import Doors
import EmbeddedCloud
import Foundation
public import Logging
import Marketplace
import ServiceLifecycle
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the exchange.")

    @OptionGroup var data: DataOption
    @Option(help: "Address and port of the AWS APIs; port 0 takes any that is free.")
    var http = "127.0.0.1:9400"
    @OptionGroup var port: PortOptions
    @Flag(help: "Allow an address that others reach, though HTTP shows them everything.")
    var insecureHttp = false
    @Flag(
        help: "Run SQL though this system has no Landlock: then the engine alone guards the files.")
    var unsandboxedQueries = false
    @Flag(
        help: """
            Refuse presigned URLs of Signature Version 2, which stock tools still make in us-east-1: they \
            cover neither the host nor the query as a whole.
            """)
    var onlySignatureVersion4 = false
    @Option(
        help: """
            Seconds in which a client may make no progress, in sending or receiving, before it is cut off.
            """)
    var stallTimeout = 120
    @Option(help: "How much to log: trace, debug, info, warning or error.")
    var logLevel = Logger.Level.warning

    /// What requests under way are given to end, once the exchange is told to stop. Those that wait for
    /// their client any longer are cut off.
    private static let farewell = Duration.seconds(10)

    func run() async throws {
        let address = try ListenAddress(http)
        guard address.isLoopback || port.isSecure || insecureHttp else {
            throw CommandFailure(
                "\(http) is reached from other machines, and HTTP would show them every query and "
                    + "result. Say --tls, or listen on 127.0.0.1, or say --insecure-http.")
        }
        guard (1...3_600).contains(stallTimeout) else {
            throw CommandFailure("--stall-timeout must be 1 to 3600 seconds.")
        }
        var log = Logger(label: "bourse", factory: { StreamLogHandler.standardError(label: $0) })
        log.logLevel = logLevel
        let directory = try data.directory
        let cloud = try await EmbeddedCloud(
            opening: directory, queryWorker: try queryWorker,
            servesSignatureVersion2: !onlySignatureVersion4,
            reading: try IssuerDocuments.reader, log: log, clock: { Date() })
        let marketplace = try Marketplace(serving: cloud, in: directory, log: log)

        let security = try port.security(of: cloud, in: directory, at: address)
        let (places, served) = AsyncStream.makeStream(of: ServedPlace.self)
        let application = try HTTPServer.service(
            cloud: cloud, host: address.host, port: address.port, security: security,
            patience: .seconds(stallTimeout), log: log
        ) { port in
            func endpoint(_ host: String) -> String {
                "\(security.scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
            }
            let publicHost = self.port.publicHost(of: address)
            // The exchange's own authority certifies this machine's addresses, others their names.
            let isCertified = if case .certificate = security { false } else { true }
            let server = RunningServer(
                endpoint: endpoint(isCertified ? address.localHost : publicHost),
                region: cloud.region, account: cloud.account.rawValue,
                authorities: security.trustedPEM)
            announce(server, cloud: cloud, directory: directory)
            served.yield(
                ServedPlace(
                    endpoint: endpoint(publicHost),
                    authorityFingerprint: security.authorityPEM.flatMap(
                        CertificateAuthority.fingerprint(ofPEM:)),
                    credentialsHash: OwnPages.credentialsHash))
        }
        var lifecycle = ServiceGroupConfiguration(
            services: [
                .init(service: CloudService(cloud: cloud)),
                .init(service: ContractWork(marketplace: marketplace, places: places)),
                .init(service: application), .init(service: LongPolls(cloud: cloud)),
            ], gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        lifecycle.maximumGracefulShutdownDuration = Self.farewell
        let group = ServiceGroup(configuration: lifecycle)
        do {
            try await group.run()
        } catch {
            try marketplace.close()
            try await cloud.close()
            throw explain(error, address: address)
        }
        try marketplace.close()
        try await cloud.close()
    }

    /// This program runs the SQL too, as a child of itself.
    private var queryWorker: QueryWorkerProgram {
        get throws {
            guard let executable = Bundle.main.executablePath else {
                throw CommandFailure("The path of this program is not known; start it by its path.")
            }
            guard QueryWorkerProgram.isSandboxAvailable || unsandboxedQueries else {
                throw CommandFailure(
                    "This system has no Landlock (Linux 5.13 or later), so subscribers' SQL would not be "
                        + "walled in. Use a newer system, or say --unsandboxed-queries.")
            }
            return QueryWorkerProgram(executable: executable, unsandboxed: unsandboxedQueries)
        }
    }

    /// Says that the exchange answers, and where, to people and to the commands on this machine.
    private func announce(
        _ server: RunningServer, cloud: EmbeddedCloud, directory: DataDirectory
    ) {
        do {
            try server.write(to: directory)
        } catch {
            FileHandle.standardError.write(Data("bourse: \(error)\n".utf8))
        }
        print(
            """
            \(cloud.name) (\(cloud.account), \(cloud.region)) answers at \(server.endpoint)
            next: bourse account add 222222222222 --name "A Subscriber" --data \
            \(directory.url.localPath)
            """)
        // Into a pipe as well: whoever waits for this line must get it now.
        fflush(nil)
    }

    private func explain(_ error: any Error, address: ListenAddress) -> any Error {
        guard "\(error)".contains("errno: 98") || "\(error)".contains("Address already in use")
        else {
            return error
        }
        return CommandFailure(
            "Port \(address.port) is in use on \(address.host). Give another one: --http "
                + "\(address.host):PORT, or port 0 for any.")
    }
}

/// The exchange's own running: heads, outbox, deliveries.
private struct CloudService: Service {
    let cloud: EmbeddedCloud

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do { try await cloud.run() } catch is CancellationError {}
        }
    }
}

/// Requests that wait for something. Services are shut down from the last to the first, so the port,
/// which waits for its requests, finds none of them waiting.
private struct LongPolls: Service {
    let cloud: EmbeddedCloud

    func run() async throws {
        try await gracefulShutdown()
        cloud.stopWaiting()
    }
}

/// The contracts' steps, from the moment on that requests are answered: e-mails say where.
private struct ContractWork: Service {
    let marketplace: Marketplace
    let places: AsyncStream<ServedPlace>

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            for await place in places {
                do {
                    try await marketplace.run(servedAt: place)
                } catch is CancellationError {}
            }
        }
    }
}

/// `HOST:PORT`, or `[HOST]:PORT`.
struct ListenAddress {
    let host: String
    let port: Int

    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port), colon > text.startIndex
        else { throw CommandFailure("\(text) is not HOST:PORT, such as 127.0.0.1:9400.") }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        self.host = String(isBracketed ? host.dropFirst().dropLast() : host)
        self.port = port
    }

    /// How this machine reaches the port: one that listens everywhere listens on the loopback too.
    var localHost: String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }

    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
