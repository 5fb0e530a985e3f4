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
    /// Ours: AWS names this limit, and says no number.
    static let lakePermissionsPerRevisionMax = 10

    let state: StateStore
    let lake: any ExchangeLake
    let manifests: Manifests
    let region: String
    let log: Logger
    let clock: @Sendable () -> Date
    let record: @Sendable (AuditEvent) async throws -> Void
    private let queue: AsyncStream<ExchangeID>
    private let entrance: AsyncStream<ExchangeID>.Continuation

    init(
        state: StateStore, lake: any ExchangeLake, manifests: Manifests, region: String,
        log: Logger, clock: @escaping @Sendable () -> Date,
        record: @escaping @Sendable (AuditEvent) async throws -> Void
    ) {
        self.state = state
        self.lake = lake
        self.manifests = manifests
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
        let outcome: Result<Work, JobFault>
        do {
            outcome = .success(try await work(for: job))
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

    // MARK: What a job does

    /// As the asset will be known by.
    private struct NewAsset: Sendable {
        var name: String
        var content: AssetContent

        init(_ content: AssetContent, named name: String? = nil) {
            self.name = name ?? content.name
            self.content = content
        }
    }

    /// What it brings into a revision, or copies out of it. Nothing of it is there before the job's end.
    private enum Work: Sendable {
        case assets([NewAsset])
        case copies([ObjectArrival])
    }

    private func work(for job: JobRow) async throws -> Work {
        switch job.task {
        case .importAssetsFromS3(let names):
            for bucket in Set(names.map(\.bucket)) { try await check(bucket, for: job) }
            return .assets(try await objects(names).map { NewAsset(.snapshot($0)) })
        case .createS3DataAccess(let access):
            try await check(access.bucket, for: job)
            _ = try await objects(access.keys.map { .init(bucket: access.bucket, key: $0) })
            return .assets([NewAsset(.s3Access(access))])
        case .importRedshiftDataShares(let arns):
            for text in arns where ARN(text)?.account != job.owner.rawValue {
                throw JobFault.foreignDataShare(text)
            }
            return .assets(arns.map { NewAsset(.redshiftDataShare($0)) })
        case .importUpload(let upload):
            return .assets([
                NewAsset(.snapshot(try await uploaded(upload, for: job)), named: upload.name)
            ])
        case .importAPI(var api, let upload):
            api.specification = try await uploaded(upload, for: job)
            return .assets([NewAsset(.api(api))])
        case .importTagPolicies(let permissions):
            return .assets(permissions.map { NewAsset(.lakePermission($0)) })
        case .exportAssets, .exportRevisions, .exportToURL:
            return .copies(try await copies(for: job))
        }
    }

    func check(_ bucket: String, for job: JobRow) async throws {
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

    /// What was uploaded for the job, if it is what was announced.
    private func uploaded(_ upload: JobTask.Upload, for job: JobRow) async throws -> StoredObject {
        guard let place = job.place, let sum = Data(base64Encoded: upload.md5),
            let object = try await lake.object(place.key, in: place.bucket)
        else { throw JobFault.notUploaded(upload.name) }
        // The ETag of what came in one piece is its MD5.
        guard object.etag == "\"\(sum.hex)\"" else { throw JobFault.otherUpload(upload.name) }
        return object
    }

    // MARK: Its end

    private func finish(_ job: JobRow, _ outcome: Result<Work, JobFault>) async throws {
        let now = clock()
        let event = event(of: job, at: now)
        do {
            let (ended, replaced) = try await state.change(recording: event) { db, state in
                var job = job
                var replaced: [ObjectVersion] = []
                job.state = .completed
                do {
                    switch try outcome.get() {
                    case .assets(let assets):
                        try Self.put(assets, by: job, in: state, at: now, db)
                    case .copies(let copies):
                        _ = try Self.sources(of: job, in: state, at: now)
                        replaced = try copies.compactMap { try $0.publish(in: db).replaced }
                    }
                } catch let fault as JobFault {
                    job.state = .error
                    job.faults = [fault]
                }
                job.updatedAt = now
                try job.update(db)
                return (job, replaced)
            }
            lake.discard(replaced)
            if ended.state == .error { try await discard(outcome) }
            log.info(
                "job ended", metadata: ["job": "\(ended.id)", "state": "\(ended.state.rawValue)"])
        } catch {
            try await discard(outcome)
            throw error
        }
        try await record(event)
    }

    private func discard(_ outcome: Result<Work, JobFault>) async throws {
        guard case .success(.copies(let copies)) = outcome else { return }
        for copy in copies { try await copy.discard() }
    }

    private static func put(
        _ assets: [NewAsset], by job: JobRow, in state: CloudState, at now: Date,
        _ db: Database
    ) throws {
        guard let id = job.revision, let revision = state.exchange.revisions[job.dataSet]?[id]
        else { throw JobFault.noRevision }
        guard !revision.isFinalized else { throw JobFault.finalized(id) }
        for asset in assets {
            if case .lakePermission(let permission) = asset.content {
                try state.check(permission)
            }
        }
        try checkRoom(for: assets, in: id, db)
        try put(assets, into: id, at: now, db)
    }

    /// What the revision has already is replaced: assets are known by their names.
    private static func put(
        _ assets: [NewAsset], into revision: ExchangeID, at now: Date, _ db: Database
    ) throws {
        for new in assets {
            let known =
                try AssetRow.filter(Column("revision") == revision.rawValue)
                .filter(Column("name") == new.name).fetchOne(db)
            let asset = AssetRow(
                id: known?.id ?? .make(), revision: revision, name: new.name,
                content: new.content, createdAt: known?.createdAt ?? now, updatedAt: now)
            try asset.save(db)
        }
    }

    private static func checkRoom(
        for assets: [NewAsset], in revision: ExchangeID, _ db: Database
    ) throws {
        let names = Set(
            try AssetRow.filter(Column("revision") == revision.rawValue).fetchAll(db).map(\.name))
        let all = names.union(assets.map(\.name))
        for new in assets where !names.isEmpty {
            switch new.content {
            case .snapshot: continue
            case .lakePermission:
                guard all.count <= lakePermissionsPerRevisionMax else {
                    throw JobFault.limit(
                        "AWS Lake Formation data permission assets per revision",
                        lakePermissionsPerRevisionMax, revision)
                }
            case .s3Access:
                throw JobFault.limit(
                    "Amazon S3 data access assets per revision", accessesPerRevisionMax, revision)
            case .redshiftDataShare:
                throw JobFault.limit(
                    "Amazon Redshift datashare assets per revision", accessesPerRevisionMax,
                    revision)
            case .api:
                throw JobFault.limit(
                    "Amazon API Gateway API assets per revision", accessesPerRevisionMax, revision)
            }
        }
        guard all.count <= assetsPerRevisionMax else {
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
    /// As the asset is known by, if it has no other name.
    var name: String {
        switch self {
        case .api(let api): api.name
        case .snapshot(let object): object.key
        case .s3Access(let access): access.bucket
        case .redshiftDataShare(let arn): arn
        case .lakePermission(let permission): permission.assetName
        }
    }
}
