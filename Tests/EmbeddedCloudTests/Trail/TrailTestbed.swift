import Crypto
import Dispatch
import Foundation
import Glibc
import Synchronization
import Testing

@testable import EmbeddedCloud

/// A directory for one test's trail, removed with the test, and the exchange's key.
final class TrailTestbed: Sendable {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    let directory: URL
    let signer: TrailSigner
    private let sunk = Mutex<[TrailHead]>([])

    init() throws {
        directory = FileManager.default.temporaryDirectory
            .appending(path: "trail-\(UUID().uuidString)")
        signer = try TrailSigner.example(seed: 7)
    }

    /// Every head that its trails gave, in order.
    var heads: [TrailHead] { sunk.withLock { $0 } }

    deinit {
        do {
            try FileManager.default.removeItem(at: directory)
        } catch {
            Issue.record(error)
        }
    }

    func open(
        after lastHead: TrailHead? = nil, disk: TrailDisk = .real,
        limits: (inout Trail.Limits) -> Void = { _ in }
    ) throws -> Trail {
        var chosen = Trail.Limits()
        chosen.reserveBytes = 1 << 12
        limits(&chosen)
        return try Trail.open(
            directory: directory, signer: signer, lastHead: lastHead, limits: chosen, disk: disk,
            clock: { Self.now },
            onHead: { [weak self] head in self?.sunk.withLock { $0.append(head) } })
    }

    /// Writes a trail of so many records, each a batch of its own, and closes it.
    ///
    /// - Returns: The heads of all records.
    @discardableResult
    func write(
        _ count: Int, segmentBytes: Int = 1 << 20, recordsPerHead: Int = 2
    ) async throws -> [TrailHead] {
        let trail = try open {
            $0.segmentBytesMax = segmentBytes
            $0.recordsPerHead = recordsPerHead
        }
        var heads: [TrailHead] = []
        for number in 1...count {
            heads.append(try await trail.append(.example(number)).head)
        }
        await trail.close()
        return heads
    }

    func verify(heads: [TrailHead] = []) throws -> TrailVerdict {
        try Trail.verify(
            directory: directory, publicKeys: [signer.keyID: signer.publicKey], heads: heads)
    }

    func url(_ name: String) -> URL { directory.appending(path: name) }

    var segments: [String] {
        get throws { try TrailSegment.all(in: directory.localPath).map(\.name) }
    }

    /// The lines of all segments, without their newlines.
    var lines: [String] {
        get throws {
            try segments.flatMap { name in
                String(decoding: try Data(contentsOf: url(name)), as: UTF8.self)
                    .split(separator: "\n").map(String.init)
            }
        }
    }

    /// Changes a file behind the trail's back.
    func tamper(_ name: String, _ change: (inout Data) throws -> Void) throws {
        var bytes = try Data(contentsOf: url(name))
        try change(&bytes)
        try bytes.write(to: url(name))
    }

    func removeKeptHeads() throws {
        try FileManager.default.removeItem(at: url(TrailDirectory.headsName))
    }
}

extension TrailSigner {
    static func example(seed: UInt8, keyID: String = "exchange-1") throws -> TrailSigner {
        TrailSigner(
            keyID: try #require(TrailKeyID(rawValue: keyID)),
            privateKey: try .init(rawRepresentation: [UInt8](repeating: seed, count: 32)))
    }
}

extension AuditEvent {
    /// Events of different numbers differ.
    static func example(_ number: Int = 1) -> AuditEvent {
        AuditEvent(
            eventID: .example(number), eventTime: TrailTestbed.now,
            eventSource: "s3.amazonaws.com", eventName: "GetObject", awsRegion: "us-east-1",
            sourceIPAddress: "203.0.113.7", userIdentity: UserIdentity(type: "AssumedRole"),
            readOnly: true, recipientAccountId: "222222222222")
    }
}

extension UUID {
    /// The number stands in its last four bytes.
    static func example(_ number: Int) -> UUID {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        return UUID(
            uuid: (
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, bytes[3], bytes[2], bytes[1], bytes[0]
            ))
    }
}

/// A disk that fails when it is told to. Until then it is the real one.
final class FaultyDisk: Sendable {
    struct Faults: Sendable {
        /// What writing fails with, after so many bytes were written.
        var write: (code: CInt, bytes: Int)?
        var sync: CInt?
        var allocate: CInt?
        /// So many writes fail, and the next ones do not. Nil: all of them do.
        var failures: Int?

        static let full = Faults(write: (ENOSPC, 100), allocate: ENOSPC)
    }

    let faults = Mutex(Faults())
    /// Asked before each sync of the segment: a test may wait here.
    private let beforeSync: @Sendable () -> Void

    init(beforeSync: @escaping @Sendable () -> Void = {}) {
        self.beforeSync = beforeSync
    }

    func fail(_ faults: Faults) {
        self.faults.withLock { $0 = faults }
    }

    func heal() {
        fail(Faults())
    }

    private func nextWriteFault() -> (code: CInt, bytes: Int)? {
        faults.withLock { faults in
            if let failures = faults.failures {
                faults.failures = max(0, failures - 1)
                if failures == 0 { return nil }
            }
            return faults.write
        }
    }

    var disk: TrailDisk {
        TrailDisk(
            write: { file, bytes, offset throws(SystemCallFault) in
                guard let fault = self.nextWriteFault() else {
                    return try TrailDisk.real.write(file, bytes, offset)
                }
                let some = bytes.extracting(first: min(fault.bytes, bytes.byteCount))
                try TrailDisk.real.write(file, some, offset)
                throw SystemCallFault(call: "pwrite", code: fault.code)
            },
            sync: { file throws(SystemCallFault) in
                self.beforeSync()
                if let code = self.faults.withLock({ $0.sync }) {
                    throw SystemCallFault(call: "fdatasync", code: code)
                }
                try TrailDisk.real.sync(file)
            },
            allocate: { file, bytes throws(SystemCallFault) in
                if let code = self.faults.withLock({ $0.allocate }) {
                    throw SystemCallFault(call: "posix_fallocate", code: code)
                }
                try TrailDisk.real.allocate(file, bytes)
            })
    }
}

/// Holds the trail's queue at a sync until the test lets it go.
final class SyncGate: Sendable {
    private enum State {
        case open, shut, holding
    }

    private let state = Mutex(State.open)
    private let opening = DispatchSemaphore(value: 0)

    func shut() { state.withLock { $0 = .shut } }

    /// Lets the one that is held go, and everyone after it.
    func open() {
        let isHolding = state.withLock { state in
            defer { state = .open }
            return state == .holding
        }
        if isHolding { opening.signal() }
    }

    /// Called on the trail's queue.
    func pass() {
        let isShut = state.withLock { state in
            guard state == .shut else { return false }
            state = .holding
            return true
        }
        if isShut { opening.wait() }
    }

    func untilHolding() async {
        while state.withLock({ $0 != .holding }) { await Task.yield() }
    }
}

/// Returns when so many records wait, besides those being written.
func untilPending(_ count: Int, in trail: Trail) async {
    while trail.pendingRecords < count { await Task.yield() }
}

/// SplitMix64: the same numbers from the same seed.
struct TrailRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
