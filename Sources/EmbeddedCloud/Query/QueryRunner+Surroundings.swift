import AWSAPI
import AthenaAPI
import FoundationEssentials
import GRDB
import Ledger

extension QueryRunner.Surroundings {
    /// Results become objects of the caller's own bucket; what was read goes into the trail.
    init(
        objects: ObjectStore, recorder: Recorder, region: String,
        clock: @escaping @Sendable () -> Date
    ) {
        publish = { file, ended in
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
        record = { execution, plan in
            let event = AuditEvent(dataAccessOf: execution, plan, region: region, at: clock())
            try await recorder.record(event, for: .athena)
        }
    }
}
