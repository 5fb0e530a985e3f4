import AWSAPI
import BourseAPI
import FoundationEssentials
import GRDB
import HashTreeCollections
import Ledger
import Logging

/// Rows in the lake as it is: versions are rewritten, linked files are the provider's to replace.
extension ErasureRunner {
    /// Puts a copy without the rows in a version's place. Where nothing is left, the version becomes a
    /// deletion: it is in nobody's listing, and what was before it stays before it.
    func replace(_ found: ErasureExamination.Version, _ erasure: ErasureRow) async throws {
        guard let bucket = objects.bucket(named: found.object.bucket) else { return }
        let old = found.version
        let now = clock()
        let copy = try await self.copy(found, in: bucket, at: now)
        let replacement: ObjectVersion
        if let copy {
            replacement = copy.version
        } else {
            replacement = ObjectVersion(
                id: UUID().uuidString.lowercased(), bucket: bucket.name, key: old.key, etag: "",
                attributes: ObjectAttributes(), createdAt: now, isDeleteMarker: true)
        }
        let event = event("EraseObject", of: erasure) {
            $0["bucket"] = .string(old.bucket.rawValue)
            $0["key"] = .string(old.key)
            $0["versionId"] = .string(old.id)
            $0["rows"] = .number(String(found.rows))
        }
        do {
            try await state.change(recording: event) { db, _ in
                if copy == nil, try bucket.current(db).versioning == nil {
                    // Where there never were versions, there is nothing to mark as deleted.
                    try old.remove(from: db)
                } else {
                    guard try old.replace(by: replacement, db) else { throw Overtaken() }
                }
                try db.execute(
                    sql: """
                        UPDATE erasedObject SET state = ?, replacedBy = ?, erasedAt = ?
                        WHERE erasure = ? AND version = ?
                        """,
                    arguments: [
                        ErasedObjectRow.State.erased.rawValue, copy.map { _ in replacement.id },
                        now, erasure.id.rawValue, old.id,
                    ])
            }
        } catch {
            try await copy?.discard()
            // Somebody else has deleted it meanwhile.
            if error is Overtaken { return }
            throw error
        }
        objects.discard([old])
        try await record(event)
    }

    /// Nil: nothing would be left.
    private func copy(
        _ found: ErasureExamination.Version, in bucket: Bucket, at now: Date
    ) async throws -> ObjectArrival? {
        guard
            let path = try await rest(
                of: .init(path: found.object.path, key: found.object.key), found.table,
                losing: found.rows)
        else { return nil }
        var attributes = found.version.attributes
        attributes.checksum = nil
        attributes.parts = nil
        return try await objects.adopt(
            file: path, as: found.object.key, in: bucket, attributes: attributes, at: now)
    }

    /// A file of what is left of another one. Nil: nothing is.
    func rest(
        of file: RowEraser.File, _ table: RowEraser.Table, losing rows: Int
    ) async throws -> String? {
        let path = objects.files.incomingPath()
        do {
            try await Disk.run { [files = objects.files] in
                guard try files.hasRoom(forCopyOf: file.path) else { throw ErasureFault.noSpace }
            }
            let left = try await examiner.eraser.copy(file, without: table, losing: rows, to: path)
            guard left > 0 else {
                try await Disk.run { IncomingFile.discard(path) }
                return nil
            }
            return path
        } catch {
            try await Disk.run { IncomingFile.discard(path) }
            throw error
        }
    }

    /// Waits until the provider has replaced the files, or the erasure is cancelled.
    func replacements(
        of files: [ErasureExamination.LinkedFile], _ erasure: ErasureRow
    ) async throws {
        log.notice(
            "erasure waits for files to be replaced",
            metadata: ["erasure": "\(erasure.id)", "files": "\(files.count)"])
        while try await open(erasure.id) != nil {
            let isThere = try await Disk.run {
                files.contains { file in
                    FileIdentity(ofFileAt: file.object.path).map(FileContent.init)
                        == FileContent(file.object.identity)
                }
            }
            if !isThere { return }
            try await Task.sleep(for: Self.lookInterval)
        }
    }
}
