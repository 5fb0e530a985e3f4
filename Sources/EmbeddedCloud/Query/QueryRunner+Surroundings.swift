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
        publish = { file, ended in
            guard !ended.isManaged else {
                try await Disk.run { try results.keep(file, of: ended) }
                do {
                    return try await objects.state.ledger.write { db in try ended.update(db) }
                } catch {
                    results.discard(ended)
                    throw error
                }
            }
            let url = ended.outputLocation
            guard let location = S3URL(url),
                let bucket = objects.bucket(named: location.bucket),
                bucket.account == ended.account, !bucket.isLinked
            else {
                throw QueryFault(
                    "INVALID_OUTPUT_LOCATION", "\(url) is in no bucket of this account's")
            }
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
}
