import FoundationEssentials
import GRDB
import Ledger

#if canImport(Glibc)
    import Glibc
#endif

extension DataDirectory {
    /// Files and folders of the exchange's that others on this machine can read.
    public var exposed: [String] {
        let secrets = [url, keys, sealingKey, trailKey, authorityKey, adminCredentials, ledger]
        return secrets.map(\.localPath).filter { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & 0o077 != 0
        }
    }

    /// What the disk has left for us, in bytes. Nil where it cannot be asked.
    public var freeBytes: Int? { try? OpenFile.directory(url.localPath).freeBytes() }

    /// What SQLite finds wrong in the ledger, in its words. Empty: nothing. The exchange may be running.
    ///
    /// - Throws: Where it cannot be read at all.
    public func ledgerFlaws() throws -> [String] {
        guard isInitialized else { throw DataDirectoryFault.notInitialized(url.localPath) }
        let ledger = try Ledger(reading: ledger.localPath)
        let said = try ledger.readBlocking { db in
            try String.fetchAll(db, sql: "PRAGMA quick_check(10)")
        }
        try ledger.close()
        return said == ["ok"] ? [] : said
    }
}
