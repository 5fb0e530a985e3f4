import Foundation
import GRDB
import Ledger
import Testing

@Suite struct `The ledger` {
    /// GRDB's pool sets NORMAL, which syncs at checkpoints alone: a loss of power would take what was
    /// acknowledged since the last one.
    @Test func `syncs each commit, and every time it is opened`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "ledger-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for _ in 0..<2 {
            let ledger = try Ledger(at: folder.appending(path: "ledger.db").path(), migrations: [])
            let (mode, level) = try ledger.writeBlocking { db in
                try db.execute(sql: "CREATE TABLE IF NOT EXISTS t (a)")
                return (
                    try String.fetchOne(db, sql: "PRAGMA journal_mode"),
                    try Int.fetchOne(db, sql: "PRAGMA synchronous")
                )
            }
            #expect(mode == "wal")
            #expect(level == 2, "FULL is 2")
            try ledger.close()
        }
    }
}
