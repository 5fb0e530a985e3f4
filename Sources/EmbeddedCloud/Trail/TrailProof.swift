import Crypto
import FoundationEssentials
import GRDB
import Ledger

extension DataDirectory {
    /// Reads the whole trail, and says whether it is what the exchange wrote.
    ///
    /// The exchange may be running. The ledger's newest head is taken first, so a tail cut before it shows.
    ///
    /// - Throws: ``DataDirectoryFault``, or the file system's error. What is wrong with the trail is an
    ///   answer, not an error.
    public func verifyTrail(progress: (TrailProgress) -> Void = { _ in }) throws -> TrailVerdict {
        guard isInitialized else { throw DataDirectoryFault.notInitialized(url.localPath) }
        let signer = try TrailSigner(reading: self)
        let head = try Ledger(reading: ledger.localPath).readBlocking { db in
            try HeadRow.fetchOne(db)?.decoded()
        }
        return try Trail.verify(
            directory: trail, publicKeys: [signer.keyID: signer.publicKey],
            heads: head.map { [$0] } ?? [], progress: progress)
    }
}
