import AWSAPI
import AthenaAPI
import FoundationEssentials
import GRDB
import Ledger

extension QueryRunner.Surroundings {
    /// Results become objects of the caller's own bucket, or are kept here; what was read goes into the
    /// trail.
    init(
        objects: ObjectStore, results: ManagedResults, recorder: Recorder, region: String,
        clock: @escaping @Sendable () -> Date
    ) {
        publish = { file, url, ended in
            guard !ended.isManaged else {
                try await Disk.run { try results.keep(file, of: ended) }
                do {
                    return try await objects.state.ledger.write { db in try ended.update(db) }
                } catch {
                    results.discard(ended)
                    throw error
                }
            }
            guard let location = S3URL(url) else { throw QueryFault.noBucketOfOnesOwn(url) }
            let bucket = try Self.bucket(of: location, ended.account, objects)
            let arrival = try await objects.adopt(
                file: file.localPath, as: location.key, in: bucket, at: clock())
            do {
                let replaced = try await objects.state.ledger.write { db in
                    try ended.update(db)
                    return try arrival.publish(in: db).replaced
                }
                objects.discard([replaced].compactMap { $0 })
            } catch {
                try await arrival.discard()
                throw error
            }
        }
        write = { files, account in
            var arrivals: [ObjectArrival] = []
            do {
                for new in files {
                    let bucket = try Self.bucket(of: new.location, account, objects)
                    arrivals.append(
                        try await objects.adopt(
                            file: new.file.localPath, as: new.location.key, in: bucket, at: clock())
                    )
                }
                let arrived = arrivals
                let replaced = try await objects.state.ledger.write { db in
                    try arrived.compactMap { try $0.publish(in: db).replaced }
                }
                objects.discard(replaced)
            } catch {
                for arrival in arrivals { try await arrival.discard() }
                throw error
            }
        }
        isEmpty = { url, account in
            let bucket = try Self.bucket(of: url, account, objects)
            return try await objects.list(bucket, prefix: url.folder.key, max: 1).isEmpty
        }
        hasResult = { execution in
            if execution.isManaged { return results.path(of: execution) != nil }
            guard let url = S3URL(execution.outputLocation),
                let bucket = objects.bucket(named: url.bucket),
                bucket.account == execution.account
            else { return false }
            return (try? await objects.head(url.key, in: bucket)) != nil
        }
        record = { execution, plan in
            let event = AuditEvent(dataAccessOf: execution, plan, region: region, at: clock())
            try await recorder.record(event, for: .athena)
        }
    }

    /// The bucket that an account may write into.
    private static func bucket(
        of location: S3URL, _ account: AccountID, _ objects: ObjectStore
    ) throws -> Bucket {
        guard let bucket = objects.bucket(named: location.bucket), bucket.account == account,
            !bucket.isLinked
        else { throw QueryFault.noBucketOfOnesOwn(location.description) }
        return bucket
    }
}
