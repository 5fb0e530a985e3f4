import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import Ledger

/// Jobs, by which assets come into a revision. Nothing is done before StartJob.
extension Broker {
    /// Source: AWS Data Exchange User Guide, "Service quotas".
    static let objectsPerImportMax = 100
    /// Prefixes, and keys, that one data-access asset may name.
    static let namesPerAccessMax = 100
    /// Seconds after which a job that ended is forgotten: 90 days, as in AWS.
    static let jobLifetime: TimeInterval = 90 * 86_400

    @Sendable func createJob(
        _ operation: DataExchange.CreateJob, _ request: Request
    ) async throws -> DataExchange.CreateJob.Response {
        try requireProvider(request)
        let (task, dataSet, revision) = try task(of: operation)
        let job = JobRow(
            id: .make(), owner: request.account, dataSet: dataSet, revision: revision, task: task,
            state: .waiting, faults: [], createdAt: request.time, updatedAt: request.time)
        try await state.change(recording: request.event) { db, state in
            let dataSet = try state.exchange.owned(job.dataSet, by: request.account)
            guard dataSet.assetKind == task.assetKind else {
                throw AWSError.validation(
                    "\(operation.type) makes \(task.assetKind.rawValue) assets, and the data set's "
                        + "are \(dataSet.assetKind.rawValue).")
            }
            let revision = try state.exchange.ownedRevision(
                job.revision, of: job.dataSet, by: request.account)
            guard !revision.isFinalized else {
                throw AWSError.exchangeConflict(
                    .revision, revision.id, "The revision is finalized, so nothing can be added.")
            }
            try JobRow.filter(Column("updatedAt") < request.time - Self.jobLifetime)
                .filter(Column("state") != JobRow.State.inProgress.rawValue).deleteAll(db)
            try job.insert(db)
        }
        return .init(
            arn: arns.job(job.id, in: job.owner), createdAt: job.createdAt, details: job.details,
            id: job.id.rawValue, state: .waiting, type: operation.type, updatedAt: job.updatedAt)
    }

    @Sendable func startJob(
        _ operation: DataExchange.StartJob, _ request: Request
    ) async throws -> DataExchange.StartJob.Response {
        let id = try id(operation.jobId, "JobId")
        try await state.change(recording: request.event) { db, _ in
            var job = try ownedJob(id, request, db)
            guard job.state == .waiting else {
                throw AWSError.exchangeConflict(
                    .job, id, "The job is \(job.state.rawValue), and only a WAITING one starts.")
            }
            let running = try JobRow.filter(Column("state") == JobRow.State.inProgress.rawValue)
                .fetchCount(db)
            guard running < JobRunner.inProgressMax else {
                throw AWSError.exchangeLimit(job.task.concurrencyLimit, JobRunner.inProgressMax)
            }
            job.state = .inProgress
            job.updatedAt = request.time
            try job.update(db)
        }
        jobs.enqueue(id)
        return .init()
    }

    @Sendable func getJob(
        _ operation: DataExchange.GetJob, _ request: Request
    ) async throws -> DataExchange.GetJob.Response {
        let id = try id(operation.jobId, "JobId")
        let job = try await state.ledger.read { db in try ownedJob(id, request, db) }
        return .init(
            arn: arns.job(job.id, in: job.owner), createdAt: job.createdAt, details: job.details,
            errors: job.faults.isEmpty ? nil : job.faults.map(\.shape), id: job.id.rawValue,
            state: .init(rawValue: job.state.rawValue), type: job.task.type,
            updatedAt: job.updatedAt)
    }

    private func ownedJob(
        _ id: ExchangeID, _ request: Request, _ db: Database
    ) throws -> JobRow {
        guard let job = try JobRow.fetchOne(db, key: id.rawValue), job.owner == request.account
        else { throw AWSError.exchangeNotFound(.job, id.rawValue) }
        return job
    }

    // MARK: Reading the request

    private func task(
        of operation: DataExchange.CreateJob
    ) throws(AWSError) -> (JobTask, dataSet: ExchangeID, revision: ExchangeID) {
        switch operation.type {
        case .importAssetsFromS3:
            guard let details = operation.details.importAssetsFromS3 else {
                throw .validation("Details must have ImportAssetsFromS3, and nothing else.")
            }
            return (
                .importAssetsFromS3(try objects(details.assetSources)),
                try id(details.dataSetId, "DataSetId"), try id(details.revisionId, "RevisionId")
            )
        case .createS3DataAccessFromS3Bucket:
            guard let details = operation.details.createS3DataAccessFromS3Bucket else {
                throw .validation(
                    "Details must have CreateS3DataAccessFromS3Bucket, and nothing else.")
            }
            return (
                .createS3DataAccess(try access(details.assetSource)),
                try id(details.dataSetId, "DataSetId"), try id(details.revisionId, "RevisionId")
            )
        default:
            throw .validation(
                "Type \(operation.type) is not served; IMPORT_ASSETS_FROM_S3 and "
                    + "CREATE_S3_DATA_ACCESS_FROM_S3_BUCKET are.")
        }
    }

    private func objects(
        _ sources: [DataExchange.AssetSourceEntry]
    ) throws(AWSError) -> [JobTask.ObjectName] {
        guard (1...Self.objectsPerImportMax).contains(sources.count) else {
            throw .validation("AssetSources must have 1 to \(Self.objectsPerImportMax) entries.")
        }
        for source in sources { try checkKey(source.key, "Key") }
        guard Set(sources.map(\.key)).count == sources.count else {
            throw .validation("AssetSources must not name a key twice: assets are named by it.")
        }
        return sources.map { .init(bucket: $0.bucket, key: $0.key) }
    }

    private func access(
        _ source: DataExchange.S3DataAccessAssetSourceEntry
    ) throws(AWSError) -> S3Access {
        guard source.kmsKeysToGrant == nil else {
            throw .validation("KmsKeysToGrant is not served: there are no KMS keys here.")
        }
        let (prefixes, keys) = (source.keyPrefixes ?? [], source.keys ?? [])
        guard prefixes.count <= Self.namesPerAccessMax, keys.count <= Self.namesPerAccessMax else {
            throw .validation(
                "KeyPrefixes and Keys may have \(Self.namesPerAccessMax) entries each.")
        }
        for prefix in prefixes { try checkKey(prefix, "A key prefix") }
        for key in keys { try checkKey(key, "A key") }
        return S3Access(
            bucket: source.bucket, keyPrefixes: Set(prefixes).sorted(), keys: Set(keys).sorted())
    }

    private func checkKey(_ key: String, _ member: String) throws(AWSError) {
        guard (1...1_024).contains(key.utf8.count) else {
            throw .validation("\(member) must have 1 to 1024 bytes.")
        }
    }
}

extension JobTask {
    var assetKind: AssetKind {
        switch self {
        case .importAssetsFromS3: .s3Snapshot
        case .createS3DataAccess: .s3DataAccess
        }
    }

    var type: DataExchange.TypeValue {
        switch self {
        case .importAssetsFromS3: .importAssetsFromS3
        case .createS3DataAccess: .createS3DataAccessFromS3Bucket
        }
    }

    /// As the model's `LimitName` has it.
    var concurrencyLimit: String {
        switch self {
        case .importAssetsFromS3:
            "Concurrent in progress jobs to import assets from Amazon S3"
        case .createS3DataAccess:
            "Concurrent in progress jobs to create Amazon S3 data access assets from S3 buckets"
        }
    }
}

extension JobRow {
    fileprivate var details: DataExchange.ResponseDetails {
        switch task {
        case .importAssetsFromS3(let names):
            .init(
                importAssetsFromS3: .init(
                    assetSources: names.map { .init(bucket: $0.bucket, key: $0.key) },
                    dataSetId: dataSet.rawValue, revisionId: revision.rawValue))
        case .createS3DataAccess(let access):
            .init(
                createS3DataAccessFromS3Bucket: .init(
                    assetSource: .init(
                        bucket: access.bucket,
                        keyPrefixes: access.keyPrefixes.isEmpty ? nil : access.keyPrefixes,
                        keys: access.keys.isEmpty ? nil : access.keys),
                    dataSetId: dataSet.rawValue, revisionId: revision.rawValue))
        }
    }
}
