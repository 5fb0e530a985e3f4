import AWSAPI
import DataExchangeAPI
import FoundationEssentials
import GRDB
import Ledger

/// Jobs, by which assets come into a revision, and out of it. Nothing is done before StartJob.
extension Broker {
    /// Seconds after which a job that ended is forgotten: 90 days, as in AWS.
    static let jobLifetime: TimeInterval = 90 * 86_400

    @Sendable func createJob(
        _ operation: DataExchange.CreateJob, _ request: Request
    ) async throws -> DataExchange.CreateJob.Response {
        let wish = try JobWish(operation)
        if !wish.task.isExport { try requireProvider(request) }
        if case .importTagPolicies(let permissions) = wish.task {
            guard permissions.allSatisfy({ $0.policy.catalog == request.account }) else {
                throw AWSError.validation("CatalogId must be the account's own.")
            }
            try check(permissions, request)
        }
        let job = JobRow(
            id: .make(), owner: request.account, dataSet: wish.dataSet, revision: wish.revision,
            task: wish.task, state: .waiting, faults: [], createdAt: request.time,
            updatedAt: request.time)
        if job.needsBucket {
            try Self.check(job, in: state.current.exchange, request)
            try await urls.makeBucket(for: request)
        }
        try await state.change(recording: request.event) { db, state in
            try Self.check(job, in: state.exchange, request)
            try JobRow.filter(Column("updatedAt") < request.time - Self.jobLifetime)
                .filter(Column("state") != JobRow.State.inProgress.rawValue).deleteAll(db)
            try job.insert(db)
        }
        return .init(
            arn: arns.job(job.id, in: job.owner), createdAt: job.createdAt,
            details: job.details(try url(of: job, request)), id: job.id.rawValue, state: .waiting,
            type: operation.type, updatedAt: job.updatedAt)
    }

    private func url(of job: JobRow, _ request: Request) throws -> String? {
        try job.place.flatMap { try urls.url(of: $0, for: request) }
    }

    /// Whether its owner may do that to what it names, as things stand.
    private static func check(
        _ job: JobRow, in exchange: ExchangeState, _ request: Request
    ) throws(AWSError) {
        let view = try exchange.visible(job.dataSet, to: request.account, at: request.time)
        guard view.source.assetKind == job.task.assetKind else {
            throw .validation(
                "\(job.task.type) is about \(job.task.assetKind.rawValue) assets, and the data set's "
                    + "are \(view.source.assetKind.rawValue).")
        }
        for id in job.task.revisions ?? [job.revision].compactMap(\.self) {
            guard let revision = exchange.revision(id, of: view) else {
                throw .exchangeNotFound(.revision, id.rawValue)
            }
            guard job.task.isExport || !revision.isFinalized else {
                throw .exchangeConflict(
                    .revision, revision.id, "The revision is finalized, so nothing can be added.")
            }
        }
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
            arn: arns.job(job.id, in: job.owner), createdAt: job.createdAt,
            details: job.details(try url(of: job, request)),
            errors: job.faults.isEmpty ? nil : job.faults.map(\.shape), id: job.id.rawValue,
            state: .init(rawValue: job.state.rawValue), type: job.task.type,
            updatedAt: job.updatedAt)
    }

    /// Only of one that was not started.
    @Sendable func cancelJob(
        _ operation: DataExchange.CancelJob, _ request: Request
    ) async throws -> DataExchange.CancelJob.Response {
        let id = try id(operation.jobId, "JobId")
        try await state.change(recording: request.event) { db, _ in
            var job = try ownedJob(id, request, db)
            guard job.state == .waiting else {
                throw AWSError.exchangeConflict(
                    .job, id,
                    "The job is \(job.state.rawValue), and only a WAITING one is cancelled.")
            }
            job.state = .cancelled
            job.updatedAt = request.time
            try job.update(db)
        }
        return .init()
    }

    @Sendable func listJobs(
        _ operation: DataExchange.ListJobs, _ request: Request
    ) async throws -> DataExchange.ListJobs.Response {
        let dataSet = try operation.dataSetId.map { text throws(AWSError) in
            try id(text, "dataSetId")
        }
        let revision = try operation.revisionId.map { text throws(AWSError) in
            try id(text, "revisionId")
        }
        let rows = try await state.ledger.read { db in
            var rows = JobRow.filter(Column("owner") == request.account.rawValue)
            if let dataSet { rows = rows.filter(Column("dataSet") == dataSet.rawValue) }
            if let revision { rows = rows.filter(Column("revision") == revision.rawValue) }
            return try rows.fetchAll(db)
        }
        let page = try ResultPage(
            of: rows, limit: operation.maxResults, after: operation.nextToken,
            downBy: { timeOrder($0.createdAt, $0.id) })
        return .init(
            jobs: page.items.map { job in
                .init(
                    arn: arns.job(job.id, in: job.owner), createdAt: job.createdAt,
                    details: job.details(), id: job.id.rawValue,
                    state: .init(rawValue: job.state.rawValue), type: job.task.type,
                    updatedAt: job.updatedAt,
                    errors: job.faults.isEmpty ? nil : job.faults.map(\.shape))
            }, nextToken: page.nextToken)
    }

    private func ownedJob(
        _ id: ExchangeID, _ request: Request, _ db: Database
    ) throws -> JobRow {
        guard let job = try JobRow.fetchOne(db, key: id.rawValue), job.owner == request.account
        else { throw AWSError.exchangeNotFound(.job, id.rawValue) }
        return job
    }
}

extension JobRow {
    fileprivate var needsBucket: Bool {
        switch task {
        case .importUpload, .importAPI, .exportToURL: true
        default: false
        }
    }
}
