import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger
import Logging

/// Runs the jobs that were started, a few at a time.
///
/// A job's assets and its end are one transaction: one that was cut off has done nothing, and is run again
/// when the exchange starts.
struct JobRunner: Sendable {
    /// Jobs that run at the same time.
    static let concurrency = 2
    /// Jobs that may be started and not ended, those that wait for their turn included.
    static let inProgressMax = 100
    /// Source: AWS Data Exchange User Guide, "Service quotas".
    static let assetsPerRevisionMax = 10_000
    static let accessesPerRevisionMax = 1

    let state: StateStore
    let lake: any LakeListing
    let region: String
    let log: Logger
    let clock: @Sendable () -> Date
    let record: @Sendable (AuditEvent) async throws -> Void
    private let queue: AsyncStream<ExchangeID>
    private let entrance: AsyncStream<ExchangeID>.Continuation

    init(
        state: StateStore, lake: any LakeListing, region: String, log: Logger,
        clock: @escaping @Sendable () -> Date,
        record: @escaping @Sendable (AuditEvent) async throws -> Void
    ) {
        self.state = state
        self.lake = lake
        self.region = region
        self.log = log
        self.clock = clock
        self.record = record
        (queue, entrance) = AsyncStream.makeStream(of: ExchangeID.self)
    }

    func enqueue(_ job: ExchangeID) { entrance.yield(job) }

    /// Puts the jobs first that were running when the exchange stopped. Before any other is started.
    func enqueueInterrupted() async throws {
        let interrupted = try await state.ledger.read { db in
            try JobRow.filter(Column("state") == JobRow.State.inProgress.rawValue)
                .order(Column("updatedAt")).fetchAll(db)
        }
        for job in interrupted { enqueue(job.id) }
    }

    /// Runs until cancelled. To be called once.
    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await id in queue {
                if running == Self.concurrency {
                    await group.next()
                    running -= 1
                }
                group.addTask { await run(id) }
                running += 1
            }
        }
        try Task.checkCancellation()
    }

    /// Runs one job to its end. What stands in the way of that is logged, and the job stays IN_PROGRESS
    /// until the exchange starts again; the jobs after it go on.
    private func run(_ id: ExchangeID) async {
        do {
            try await end(id)
        } catch {
            log.error(
                "job did not end",
                metadata: ["job": "\(id)", "cause": "\(String(reflecting: error))"])
        }
    }

    /// One that has ended already is left alone.
    private func end(_ id: ExchangeID) async throws {
        let found = try await state.ledger.read { db in try JobRow.fetchOne(db, key: id.rawValue) }
        guard let job = found, job.state == .inProgress else { return }
        let outcome: Result<[AssetContent], JobFault>
        do {
            outcome = .success(try await contents(for: job))
        } catch let fault as JobFault {
            outcome = .failure(fault)
        } catch is CancellationError {
            // It is run again at the next start.
            return
        } catch {
            log.error(
                "job failed", metadata: ["job": "\(id)", "cause": "\(String(reflecting: error))"])
            outcome = .failure(.internalFailure)
        }
        try await finish(job, outcome)
    }

    // MARK: What a job brings

    private func contents(for job: JobRow) async throws -> [AssetContent] {
        switch job.task {
        case .importAssetsFromS3(let names):
            for bucket in Set(names.map(\.bucket)) { try await check(bucket, for: job) }
            return try await objects(names).map { .snapshot($0) }
        case .createS3DataAccess(let access):
            try await check(access.bucket, for: job)
            _ = try await objects(access.keys.map { .init(bucket: access.bucket, key: $0) })
            return [.s3Access(access)]
        }
    }

    private func check(_ bucket: String, for job: JobRow) async throws {
        guard let owner = try await lake.owner(of: bucket) else { throw JobFault.noBucket(bucket) }
        guard owner == job.owner else { throw JobFault.foreignBucket(bucket) }
    }

    private func objects(_ names: [JobTask.ObjectName]) async throws -> [StoredObject] {
        var found: [StoredObject] = []
        var missing: [JobTask.ObjectName] = []
        for name in names {
            if let object = try await lake.object(name.key, in: name.bucket) {
                found.append(object)
            } else {
                missing.append(name)
            }
        }
        guard missing.isEmpty else { throw JobFault.noObjects(missing) }
        return found
    }

    // MARK: Its end

    private func finish(_ job: JobRow, _ outcome: Result<[AssetContent], JobFault>) async throws {
        let now = clock()
        let event = event(of: job, at: now)
        let ended = try await state.change(recording: event) { db, state in
            var job = job
            job.state = .completed
            do {
                let contents = try outcome.get()
                let revision = state.exchange.revisions[job.dataSet]?[job.revision]
                guard let revision, !revision.isFinalized else {
                    throw JobFault.finalized(job.revision)
                }
                try Self.checkRoom(for: contents, in: job.revision, db)
                try Self.put(contents, into: job.revision, at: now, db)
            } catch let fault as JobFault {
                job.state = .error
                job.faults = [fault]
            }
            job.updatedAt = now
            try job.update(db)
            return job
        }
        log.info("job ended", metadata: ["job": "\(ended.id)", "state": "\(ended.state.rawValue)"])
        try await record(event)
    }

    /// An object that the revision has already is replaced: assets are known by their names.
    private static func put(
        _ contents: [AssetContent], into revision: ExchangeID, at now: Date, _ db: Database
    ) throws {
        for content in contents {
            let known =
                try AssetRow.filter(Column("revision") == revision.rawValue)
                .filter(Column("name") == content.name).fetchOne(db)
            let asset = AssetRow(
                id: known?.id ?? .make(), revision: revision, name: content.name,
                content: content, createdAt: known?.createdAt ?? now, updatedAt: now)
            try asset.save(db)
        }
    }

    private static func checkRoom(
        for contents: [AssetContent], in revision: ExchangeID, _ db: Database
    ) throws {
        let names = Set(
            try AssetRow.filter(Column("revision") == revision.rawValue).fetchAll(db).map(\.name))
        let opens = contents.contains { if case .s3Access = $0 { true } else { false } }
        if opens, !names.isEmpty {
            throw JobFault.limit(
                "Amazon S3 data access assets per revision", accessesPerRevisionMax, revision)
        }
        guard names.union(contents.map(\.name)).count <= assetsPerRevisionMax else {
            throw JobFault.limit("Assets per revision", assetsPerRevisionMax, revision)
        }
    }

    private func event(of job: JobRow, at now: Date) -> AuditEvent {
        var event = AuditEvent(
            eventID: UUID(), eventTime: now, eventSource: AWSService.dataExchange.eventSource,
            eventName: "EndJob", awsRegion: region,
            sourceIPAddress: AWSService.dataExchange.eventSource,
            userIdentity: .init(
                type: "AWSService", accountId: job.owner.rawValue,
                invokedBy: AWSService.dataExchange.eventSource),
            readOnly: false, recipientAccountId: job.owner.rawValue)
        event.eventType = .awsServiceEvent
        event.requestParameters =
            JSONValue.object(["jobId": .string(job.id.rawValue)]).text
        return event
    }
}

extension AssetContent {
    /// As the asset is known by.
    var name: String {
        switch self {
        case .snapshot(let object): object.key
        case .s3Access(let access): access.bucket
        }
    }
}
