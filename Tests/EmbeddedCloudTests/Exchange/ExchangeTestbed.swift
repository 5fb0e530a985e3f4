import AWSAPI
import DataExchangeAPI
import DuckDB
import Foundation
import GRDB
import Ledger
import Logging
import Synchronization
import Testing

@testable import EmbeddedCloud

/// A broker on a ledger and a lake of its own, in a directory that is removed with the test.
final class ExchangeTestbed: Sendable {
    static let provider = account("111111111111")
    static let subscriber = account("222222222222")
    static let stranger = account("333333333333")
    static let bucket = "nomura-data-lake"
    static let start = Date(timeIntervalSince1970: 1_800_000_000)

    let folder: URL
    let ledger: Ledger
    let state: StateStore
    let broker: Broker
    let lake: FolderLake
    private let now = Mutex(ExchangeTestbed.start)
    private let endings: AsyncStream<Void>
    private let running = Mutex<Task<Void, any Error>?>(nil)

    /// - Parameter folder: That of a testbed before, to go on where it stopped.
    init(in folder: URL? = nil, runsJobs: Bool = true) async throws {
        let isNew = folder == nil
        let folder =
            folder
            ?? FileManager.default.temporaryDirectory.appending(
                path: "exchange-\(UUID().uuidString)")
        self.folder = folder
        let directory = DataDirectory(folder.appending(path: "data").path(percentEncoded: false))
        let bucketFolder = folder.appending(path: Self.bucket)
        if isNew {
            try FileManager.default.createDirectory(
                at: directory.url, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                at: bucketFolder, withIntermediateDirectories: true)
        }
        ledger = try Ledger(
            at: directory.ledger.path(percentEncoded: false), migrations: CloudState.migrations)
        if isNew {
            try await ledger.write { db in
                for id in [Self.provider, Self.subscriber, Self.stranger] {
                    try AccountRow(id: id, name: "\(id)", createdAt: Self.start).insert(db)
                }
            }
        }
        state = try StateStore(ledger: ledger, trailEnd: { 0 })
        lake = FolderLake(folders: [
            Self.bucket: (Self.provider, bucketFolder),
            "a-stranger-s": (Self.stranger, bucketFolder),
        ])
        let (endings, ended) = AsyncStream.makeStream(of: Void.self)
        self.endings = endings
        broker = try Broker(
            state: state, provider: Self.provider, region: "us-east-1", lake: lake,
            directory: directory,
            log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            clock: { [start = Self.start] in start },
            sealingKey: try #require(SealingKey(bytes: Array(repeating: 7, count: 32))),
            cloud: OwnCloud(), record: { _ in ended.yield() })
        try await broker.recover()
        if runsJobs { running.withLock { $0 = Task { [broker] in try await broker.run() } } }
    }

    /// Ends it as a crash would, but for what is running at this moment.
    func stop() async throws {
        let task = running.withLock { $0 }
        task?.cancel()
        _ = await task?.result
        try ledger.close()
    }

    func remove() async throws {
        try await stop()
        try FileManager.default.removeItem(at: folder)
    }

    // MARK: Requests

    func send<Operation: AWSOperation>(
        _ operation: Operation, as account: AccountID = ExchangeTestbed.provider
    ) async throws -> Operation.Response {
        let caller = Caller(account: account, kind: .user(name: "tester"), accessKeyID: "AKIA")
        let call = Call(
            caller: caller,
            origin: .init(
                requestID: UUID(), sourceAddress: "127.0.0.1", userAgent: nil, endpoint: ""),
            time: tick())
        let request = Request(
            call: call, event: AuditEvent(of: operation, in: call, region: "us-east-1"))
        let handler = try #require(broker.handlers.first { $0.operation == Operation.self })
        return try #require(
            try await handler.respond(operation, request).shape as? Operation.Response)
    }

    /// The refusal's code, its `ResourceType` if it has one; nil if the operation succeeds.
    func refusal<Operation: AWSOperation>(
        of operation: Operation, as account: AccountID = ExchangeTestbed.provider
    ) async throws -> String? {
        do {
            _ = try await send(operation, as: account)
            return nil
        } catch let error as AWSError {
            let type = error.members.first { $0.name == "ResourceType" }?.value
            return [error.code, type].compactMap(\.self).joined(separator: " ")
        }
    }

    /// Each request comes a second after the one before.
    private func tick() -> Date {
        now.withLock { now in
            now += 1
            return now
        }
    }

    func setClock(_ time: Date) { now.withLock { $0 = time } }

    // MARK: What tests begin with

    func dataSet(_ type: DataExchange.AssetType = .s3DataAccess) async throws -> String {
        let answer = try await send(
            DataExchange.CreateDataSet(assetType: type, description: "Scores", name: "ESG Insights")
        )
        return try #require(answer.id)
    }

    func revision(of dataSet: String) async throws -> String {
        let answer = try await send(DataExchange.CreateRevision(dataSetId: dataSet, comment: "Q1"))
        return try #require(answer.id)
    }

    /// A finalized revision that opens the prefixes.
    @discardableResult
    func publish(
        _ dataSet: String, prefixes: [String] = ["gold/"], keys: [String] = []
    ) async throws -> String {
        let revision = try await revision(of: dataSet)
        let job = try await run(
            .createS3DataAccessFromS3Bucket,
            .init(
                createS3DataAccessFromS3Bucket: .init(
                    assetSource: .init(bucket: Self.bucket, keyPrefixes: prefixes, keys: keys),
                    dataSetId: dataSet, revisionId: revision)))
        #expect(job.state == .completed)
        _ = try await send(
            DataExchange.UpdateRevision(dataSetId: dataSet, revisionId: revision, finalized: true))
        return revision
    }

    /// Creates and starts a job and waits until it has ended.
    func run(
        _ type: DataExchange.TypeValue, _ details: DataExchange.RequestDetails
    ) async throws -> DataExchange.GetJob.Response {
        let created = try await send(DataExchange.CreateJob(details: details, type: type))
        let id = try #require(created.id)
        _ = try await send(DataExchange.StartJob(jobId: id))
        await waitForJob()
        return try await send(DataExchange.GetJob(jobId: id))
    }

    func waitForJob() async { for await _ in endings { return } }

    /// - Returns: The grant's ARN and the receiver's data set.
    func grant(
        _ dataSet: String, to receiver: AccountID = ExchangeTestbed.subscriber, endsAt: Date? = nil,
        accepted: Bool = true
    ) async throws -> (arn: String, dataSet: String) {
        let grant = try await send(
            DataExchange.CreateDataGrant(
                name: "contract-1", grantDistributionScope: .none,
                receiverPrincipal: receiver.rawValue, sourceDataSetId: dataSet, endsAt: endsAt))
        if accepted {
            _ = try await send(DataExchange.AcceptDataGrant(dataGrantArn: grant.arn), as: receiver)
        }
        return (grant.arn, grant.dataSetId)
    }

    // MARK: Files

    func put(_ text: String, at key: String) throws {
        let url = try place(key)
        try Data(text.utf8).write(to: url)
    }

    /// Parquet of what the query gives.
    func put(parquet query: String, at key: String, options: String = "") throws {
        let path = try place(key).path(percentEncoded: false)
        try Database().connect().execute(
            "COPY (\(query)) TO \(path.sqlLiteral) (FORMAT parquet\(options))")
    }

    func place(_ key: String) throws -> URL {
        let url = folder.appending(path: Self.bucket).appending(path: key)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        return url
    }

    /// The detail type and account of what was posted, in order.
    func events() async throws -> [EventOutboxRow] {
        try await ledger.read { db in
            try EventOutboxRow.fetchAll(db, sql: "SELECT * FROM eventOutbox ORDER BY rowid")
        }
    }

    private static func account(_ id: String) -> AccountID {
        guard let account = AccountID(rawValue: id) else { preconditionFailure(id) }
        return account
    }
}

/// The files that readers of one folder see.
struct PinnedFiles: Sendable {
    let dataSet: ExchangeID
    /// Nil: nothing of the data set is published any more.
    let revision: ExchangeID?
    /// In the order of their keys.
    let files: [PinnedFile]
}

extension Broker {
    /// What a reader of the objects of a folder sees, less the files that cannot hold a wanted row. Nil where
    /// no data set covers it.
    func pinned(
        bucket: String, prefix: String, where predicates: [PrunePredicate] = []
    ) async throws -> PinnedFiles? {
        guard
            let coverage = state.current.exchange.coverage(
                ofFolder: prefix, in: bucket, of: provider)
        else { return nil }
        guard let revision = coverage.revision else {
            return PinnedFiles(dataSet: coverage.dataSet, revision: nil, files: [])
        }
        return PinnedFiles(
            dataSet: coverage.dataSet, revision: revision,
            files: try await manifests.files(
                of: revision, bucket: bucket, prefix: prefix, where: predicates))
    }
}

/// Directories as buckets.
struct FolderLake: ExchangeLake {
    let folders: [String: (owner: AccountID, url: URL)]

    func owner(of bucket: String) async throws -> AccountID? { folders[bucket]?.owner }

    func object(_ key: String, in bucket: String) async throws -> StoredObject? {
        guard let folder = folders[bucket]?.url else { return nil }
        let path = folder.appending(path: key).path(percentEncoded: false)
        return FileIdentity(ofFileAt: path).map {
            StoredObject(
                bucket: bucket, key: key, path: path, identity: $0, etag: "\"\($0.inode)-1\"")
        }
    }

    func objects(
        under prefix: String, in bucket: String, after key: String?, max limit: Int
    ) async throws -> [StoredObject] {
        guard let folder = folders[bucket]?.url else { return [] }
        let keys = try FileManager.default.subpathsOfDirectory(
            atPath: folder.path(percentEncoded: false))
        var found: [StoredObject] = []
        for name in keys.sorted(by: { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        where name.hasPrefix(prefix) && (key.map { name > $0 } ?? true) && found.count < limit {
            if let object = try await object(name, in: bucket) { found.append(object) }
        }
        return found
    }

    func copy(
        _ object: StoredObject, to key: String, in bucket: String, at time: Date
    ) async throws -> ObjectArrival { throw JobFault.notWritable(bucket) }

    func discard(_ versions: [ObjectVersion]) {}
}
