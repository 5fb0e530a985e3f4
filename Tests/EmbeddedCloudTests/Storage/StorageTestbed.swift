import AWSAPI
import Foundation
import GRDB
import Ledger
import Logging
import Testing

@testable import EmbeddedCloud

/// A ledger, a lake and a directory to link, of one test's own.
final class StorageTestbed: Sendable {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    let root: URL
    let objects: ObjectStore
    let linked: Bucket
    let managed: Bucket

    init() throws {
        let temporary = FileManager.default.temporaryDirectory
            .appending(path: "storage-\(UUID().uuidString)")
        for folder in ["lake", "linked", "staging"] {
            try FileManager.default.createDirectory(
                at: temporary.appending(path: folder), withIntermediateDirectories: true)
        }
        root = temporary
        let account = try #require(AccountID(rawValue: "111111111111"))
        let linked = Bucket(
            name: try #require(BucketName(rawValue: "linked")), account: account,
            linkedPath: temporary.appending(path: "linked").path(), createdAt: Self.now)
        let managed = Bucket(
            name: try #require(BucketName(rawValue: "managed")), account: account,
            createdAt: Self.now, versioning: .enabled)
        self.linked = linked
        self.managed = managed
        let ledger = try Ledger(
            at: temporary.appending(path: "ledger.db").path(), migrations: CloudState.migrations)
        try ledger.writeBlocking { db in
            try AccountRow(id: account, name: "Provider", createdAt: Self.now).insert(db)
            try linked.insert(db)
            try managed.insert(db)
        }
        let state = try StateStore(ledger: ledger, trailEnd: { 0 })
        objects = try ObjectStore(state: state, lake: temporary.appending(path: "lake"))
    }

    deinit {
        do { try FileManager.default.removeItem(at: root) } catch { Issue.record(error) }
    }

    var linkedURL: URL { root.appending(path: "linked") }

    /// Puts a file where the key says, below the linked directory.
    func write(_ key: String, _ text: String = "x") throws {
        let url = linkedURL.appending(path: key)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    @discardableResult
    func put(
        _ key: String, _ text: String = "x", attributes: ObjectAttributes = ObjectAttributes()
    ) async throws -> StoredObject {
        let arrival = try await objects.receive(
            ObjectUpload(pieces: TestPieces([Array(text.utf8)]), payload: .unsigned),
            as: key, in: managed, attributes: attributes,
            expecting: UploadExpectation(algorithm: attributes.checksum?.algorithm), at: Self.now)
        try await objects.state.ledger.write { db in _ = try arrival.publish(in: db) }
        return arrival.object
    }

    /// Files below the lake, by their paths in it.
    var lakeFiles: [String] {
        get throws {
            let lake = root.appending(path: "lake")
            let names = try FileManager.default.subpathsOfDirectory(atPath: lake.path())
            return names.filter { FileIdentity(ofFileAt: lake.appending(path: $0).path()) != nil }
        }
    }
}

/// An upload's pieces, and a connection that may break after them.
struct TestPieces: AsyncSequence, Sendable {
    struct Broken: Error {}

    let pieces: [[UInt8]]
    let breaks: Bool

    init(_ pieces: [[UInt8]], breaks: Bool = false) {
        self.pieces = pieces
        self.breaks = breaks
    }

    func makeAsyncIterator() -> Iterator { Iterator(rest: pieces[...], breaks: breaks) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<[UInt8]>
        let breaks: Bool

        mutating func next() async throws -> [UInt8]? {
            if rest.isEmpty, breaks { throw Broken() }
            return rest.popFirst()
        }
    }
}

extension ObjectBody {
    func collect() async throws -> String {
        var bytes: [UInt8] = []
        for try await piece in self { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// SplitMix64: the same numbers from the same seed.
struct StorageRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
