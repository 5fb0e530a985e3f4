import AWSAPI
import AWSClient
import BourseAPI
import DataExchangeAPI
import Doors
import Foundation
import GlueAPI
import Logging
import S3API
import ServiceLifecycle

@testable import EmbeddedCloud
@testable import Marketplace

extension Ground {
    static func embedded() async throws -> Ground {
        let exchange = try await ExchangeInProcess()
        return Ground(
            provider: exchange.provider, subscriber: exchange.subscriber,
            clouds: exchange, watchers: { _ in exchange.watchers },
            end: { try await exchange.end() })
    }

    static func doors() async throws -> Ground {
        let exchange = try await ExchangeInProcess()
        let endpoint = try await exchange.open()
        return Ground(
            provider: exchange.provider, subscriber: exchange.subscriber,
            clouds: Clients(exchange: exchange, endpoint: endpoint),
            watchers: { _ in exchange.watchers }, end: { try await exchange.end() })
    }

    /// The marketplace's sessions, as clients of the port hold them.
    private struct Clients: Clouds {
        let exchange: ExchangeInProcess
        let endpoint: URL

        func provider(for contract: Contract.ID) -> any Cloud {
            client(exchange.provider.account, contract)
        }

        func subscriber(_ account: AccountID, for contract: Contract.ID) -> (any Cloud)? {
            client(account, contract)
        }

        private func client(_ account: AccountID, _ contract: Contract.ID) -> AWSClient {
            AWSClient(
                endpoint: .exchange(endpoint), account: account, region: "us-east-1",
                credentials: exchange.credentials(in: account, session: "contract-\(contract)"),
                retries: .none)
        }
    }
}

/// An exchange of the test's own, with the provider's products published.
private final class ExchangeInProcess: Clouds {
    let provider: Provider
    let subscriber: AccountID
    private let cloud: EmbeddedCloud
    private let directory: DataDirectory
    private let running: Task<Void, any Error>
    private let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    private let services = AsyncStream.makeStream(of: Task<Void, any Error>.self)

    init() async throws {
        guard let account = AccountID(rawValue: "111111111111"),
            let subscriber = AccountID(rawValue: "222222222222")
        else { throw CancellationError() }
        provider = Provider(account: account, region: "us-east-1", name: "Nomura Asset Management")
        self.subscriber = subscriber
        directory = DataDirectory(
            FileManager.default.temporaryDirectory.appending(path: "ground-\(UUID().uuidString)")
                .path())
        try EmbeddedCloud.create(
            in: directory, account: account, region: "us-east-1", name: provider.name, at: Date())
        cloud = try await EmbeddedCloud(
            opening: directory, queryWorker: QueryWorkerProgram(executable: "/bin/false"),
            reading: { _, _ in throw CancellationError() }, log: log, clock: { Date() })
        running = Task { [cloud] in try await cloud.run() }
        try await furnish()
    }

    private var administrator: EmbeddedAccount {
        EmbeddedAccount(
            cloud,
            as: Caller(
                account: provider.account, kind: .user(name: EmbeddedCloud.administratorName),
                accessKeyID: "A"))
    }

    var watchers: (any Cloud, (any Cloud)?) {
        let reader = Caller(
            account: subscriber,
            kind: .session(role: BuiltInRole.dataSubscriber, name: "watcher", issuedAt: Date()),
            accessKeyID: "B")
        return (administrator, EmbeddedAccount(cloud, as: reader))
    }

    private func furnish() async throws {
        _ = try await administrator.send(S3.CreateBucket(bucket: Ground.bucket))
        try await Ground.describe(through: administrator)
        for (name, prefix) in Ground.products {
            let dataSet =
                try await administrator.send(
                    DataExchange.CreateDataSet(
                        assetType: .s3DataAccess, description: name, name: name)
                ).id ?? ""
            let revision =
                try await administrator.send(
                    DataExchange.CreateRevision(dataSetId: dataSet)
                ).id ?? ""
            let job =
                try await administrator.send(
                    DataExchange.CreateJob(
                        details: .init(
                            createS3DataAccessFromS3Bucket: .init(
                                assetSource: .init(bucket: Ground.bucket, keyPrefixes: [prefix]),
                                dataSetId: dataSet, revisionId: revision)),
                        type: .createS3DataAccessFromS3Bucket)
                ).id ?? ""
            _ = try await administrator.send(DataExchange.StartJob(jobId: job))
            while try await administrator.send(DataExchange.GetJob(jobId: job)).state != .completed
            {
                try await Task.sleep(for: .milliseconds(5))
            }
            _ = try await administrator.send(
                DataExchange.UpdateRevision(
                    dataSetId: dataSet, revisionId: revision, finalized: true))
        }
    }

    func provider(for contract: Contract.ID) -> any Cloud {
        cloud.marketplace(in: provider.account, session: "contract-\(contract)")
    }

    func subscriber(_ account: AccountID, for contract: Contract.ID) -> (any Cloud)? {
        cloud.marketplace(in: account, session: "contract-\(contract)")
    }

    /// Of a session of the marketplace's, which nobody else can open.
    func credentials(in account: AccountID, session name: String) -> FixedCredentials? {
        let now = Date()
        let opener = cloud.state.current.identity.accessKeys.first {
            $0.value.account == provider.account
        }
        let session = Session(
            of: RoleID(account, BuiltInRole.marketplace), id: nil, name: name,
            openedBy: opener?.key ?? "", openedFrom: provider.account, policy: nil, issuedAt: now,
            expiresAt: now + 3_600)
        guard let token = try? session.token(sealedBy: cloud.sealingKey) else { return nil }
        return FixedCredentials(
            Credentials(
                accessKeyID: session.accessKeyID, secretAccessKey: session.secretAccessKey,
                sessionToken: token))
    }

    /// Opens its doors on the loopback.
    func open() async throws -> URL {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = try HTTPServer.service(
            cloud: cloud, host: "127.0.0.1", port: 0, security: .none, patience: .seconds(30),
            log: log
        ) { port.yield($0) }
        services.continuation.yield(Task { try await application.run() })
        var found = ports.makeAsyncIterator()
        guard let number = await found.next(), let url = URL(string: "http://127.0.0.1:\(number)")
        else { throw CancellationError() }
        return url
    }

    func end() async throws {
        services.continuation.finish()
        for await service in services.stream {
            service.cancel()
            _ = await service.result
        }
        running.cancel()
        _ = await running.result
        try await cloud.close()
        try FileManager.default.removeItem(at: directory.url)
    }
}
