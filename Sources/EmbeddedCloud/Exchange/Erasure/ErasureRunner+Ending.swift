import AWSAPI
import BourseAPI
import Crypto
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger
import Logging

/// What the exchange itself keeps of rows, and the certificate that they are gone.
extension ErasureRunner {
    /// Removes pins, old files, results and everything else that was made of the rows.
    func purge(_ erasure: ErasureRow) async throws {
        let revoked = try await state.ledger.read { db in
            try ErasedRevisionRow.filter(Column("erasure") == erasure.id.rawValue)
                .filter(Column("isReplacement") == false).fetchAll(db)
        }
        // Also those that were revoked before: their files are gone, but not what was known of them.
        let earlier = state.current.exchange.dataSets(ownedBy: broker.provider).flatMap {
            state.current.exchange.publications(of: $0.id).filter { $0.revokedAt != nil }.map(\.id)
        }
        for id in Set(revoked.map(\.revision)).union(earlier) {
            try await broker.manifests.releasePins(of: id)
            try await broker.manifests.dropBounds(of: id)
        }
        try broker.manifests.discardUnfinished()
        try await Disk.run { [files = objects.files] in files.removeAllNow() }
        await forgetResults()
    }

    func certify(_ erasure: ErasureRow) async throws {
        let now = clock()
        var done = erasure
        done.state = .completed
        done.endedAt = now
        let document = try await state.ledger.read {
            [region, name, done, provider = broker.provider] db in
            try ErasureCertificate(
                of: done, exchange: provider, name: name, region: region, db
            ).document
        }
        done.certificate = document
        done.signature = Data(try signer.signature(of: document)).base64EncodedString()
        let event = event("EndErasure", of: erasure) {
            $0["certificateSHA256"] = .string(SHA256.hash(data: Array(document.utf8)).hex)
        }
        do {
            try await state.change(recording: event) { [done] db, _ in
                guard let row = try ErasureRow.fetchOne(db, key: done.id.rawValue), row.isOpen
                else { throw Overtaken() }
                try done.update(db)
            }
        } catch is Overtaken {
            // It was cancelled at the last moment, and so nothing is certified.
            return
        }
        log.notice("erasure completed", metadata: ["erasure": "\(erasure.id)"])
        try await record(event)
    }
}
