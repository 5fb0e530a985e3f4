import Crypto
import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `A trail` {
    let testbed: TrailTestbed

    init() throws {
        testbed = try TrailTestbed()
    }

    @Test func `chains each record to the one before, and proves it with a receipt`() async throws {
        let trail = try testbed.open()
        var receipts: [TrailReceipt] = []
        for number in 1...3 { receipts.append(try await trail.append(.example(number))) }

        var previousHash = String(repeating: "0", count: 64)
        for (index, line) in try testbed.lines.enumerated() {
            let start = #"{"sequence":\#(index + 1),"previousHash":"\#(previousHash)","eventID":"#
            #expect(line.hasPrefix(start))
            previousHash = SHA256.hash(data: Data("\(line)\n".utf8))
                .map { String(format: "%02x", $0) }.joined()
            #expect(receipts[index].sequence == index + 1)
            #expect(receipts[index].hash.hex == previousHash)
            #expect(receipts[index].head.sequence == index + 1)
            #expect(receipts[index].head.isSigned(by: testbed.signer.publicKey))
        }
        #expect(testbed.heads == receipts.map(\.head))
        #expect(trail.lastSequence == 3)
    }

    @Test func `writes and syncs once for all that came during the last sync`() async throws {
        let gate = SyncGate()
        let disk = FaultyDisk(beforeSync: gate.pass)
        let trail = try testbed.open(disk: disk.disk)
        gate.shut()
        async let first = trail.append(.example(1))
        await gate.untilHolding()
        let others = try await withThrowingTaskGroup(of: TrailReceipt.self) { group in
            for number in 2...100 {
                group.addTask { try await trail.append(.example(number)) }
            }
            await untilPending(99, in: trail)
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let receipts = try await [first] + others

        #expect(Set(receipts.map(\.sequence)) == Set(1...100))
        #expect(trail.tally.records == 100)
        #expect(trail.tally.batches == 2)
        #expect(others.allSatisfy { $0.head.sequence == 100 })
        #expect(try testbed.verify(heads: receipts.map(\.head)).isWhole(records: 100))
    }

    @Test func `refuses what would make too much wait`() async throws {
        let gate = SyncGate()
        let disk = FaultyDisk(beforeSync: gate.pass)
        let size = AuditEvent.example().lineBody().count
        let trail = try testbed.open(disk: disk.disk) { $0.pendingBytesMax = 10 * size }
        gate.shut()
        let results = await withTaskGroup(of: Result<TrailReceipt, TrailFault>.self) { group in
            for number in 1...40 {
                group.addTask {
                    do throws(TrailFault) {
                        return .success(try await trail.append(.example(number)))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            // At most 10 are being written and 10 wait.
            var results: [Result<TrailReceipt, TrailFault>] = []
            for _ in 1...20 { results.append(await group.next() ?? .failure(.closed)) }
            gate.open()
            for await result in group { results.append(result) }
            return results
        }

        let refused = results.filter { $0 == .failure(.tooManyPending) }.count
        #expect(refused >= 20)
        #expect(try testbed.verify().isWhole(records: 40 - refused))
    }

    @Test func `begins another segment when one is full`() async throws {
        let heads = try await testbed.write(20, segmentBytes: 2_000)

        let segments = try testbed.segments
        #expect(segments.count > 3)
        for name in segments {
            let text = String(decoding: try Data(contentsOf: testbed.url(name)), as: UTF8.self)
            let sequence = try #require(TrailSegment(name: name)).firstSequence
            #expect(text.hasPrefix(#"{"sequence":\#(sequence),"#))
        }
        #expect(try testbed.verify(heads: heads).isWhole(records: 20))
    }

    @Test func `keeps a head where a segment ends, every so many records, and at the end`()
        async throws
    {
        try await testbed.write(7, recordsPerHead: 3)
        let text = String(
            decoding: try Data(contentsOf: testbed.url("heads.jsonl")), as: UTF8.self)
        let kept = text.split(separator: "\n").map { TrailHead(String($0))?.sequence }
        #expect(kept == [3, 6, 7])
    }

    @Test func `goes on where it ended when it is opened again`() async throws {
        for round in 1...4 {
            let trail = try testbed.open(after: testbed.heads.last) {
                $0.segmentBytesMax = 1_500
            }
            #expect(trail.lastSequence == (round - 1) * 3)
            #expect(trail.tornTail == nil)
            for number in 1...3 {
                let receipt = try await trail.append(.example(number))
                #expect(receipt.sequence == (round - 1) * 3 + number)
            }
            await trail.close()
        }
        let heads = testbed.heads
        #expect(try testbed.verify(heads: heads).isWhole(records: 12))
    }

    @Test(arguments: [0, 1, 4, 9, 20])
    func `tells the newest identifiers, over more than one segment`(count: Int) async throws {
        try await testbed.write(9, segmentBytes: 800)
        let trail = try testbed.open()
        var found: [UUID] = []
        try trail.newestEventIDs(count) { found.append($0) }
        #expect(found == (1...9).suffix(count).map(UUID.example))
    }

    @Test(arguments: [1, 2, 5, 9, 10])
    func `streams its records from any number on`(from: Int) async throws {
        try await testbed.write(9, segmentBytes: 800)
        var records: [TrailRecord] = []
        try Trail.records(in: testbed.directory, from: from) { records.append($0) }

        #expect(records.map(\.sequence) == Array(from..<10))
        #expect(
            records.map { String(decoding: $0.line, as: UTF8.self) }
                == Array(try testbed.lines.dropFirst(from - 1)))
        #expect(
            records.map(\.eventID) == (from..<10).map(UUID.example))
    }

    @Test func `refuses a record that is too long for a line`() async throws {
        let trail = try testbed.open()
        var event = AuditEvent.example()
        event.errorMessage = String(repeating: "x", count: Trail.lineBytesMax)
        let bytes = event.lineBody().count
        await #expect(throws: TrailFault.recordTooLarge(bytes: bytes)) {
            try await trail.append(event)
        }
        event.errorMessage?.removeLast(bytes - Trail.lineBytesMax + TrailLineHeader.bytesMax)
        _ = try await trail.append(event)
        #expect(try testbed.verify().isWhole(records: 1))
    }

    @Test func `refuses records once it is closed, and closes twice`() async throws {
        let trail = try testbed.open()
        await trail.close()
        await trail.close()
        await #expect(throws: TrailFault.closed) { try await trail.append(.example()) }
    }

    @Test func `has one writer at a time`() async throws {
        let trail = try testbed.open()
        #expect(throws: TrailOpenFault.inUse(directory: testbed.directory.localPath)) {
            try testbed.open()
        }
        await trail.close()
        _ = try testbed.open()
    }
}

extension TrailVerdict {
    /// Whole, with so many records and nothing after them.
    func isWhole(records: Int) -> Bool {
        guard case .whole(records, _, 0) = self else { return false }
        return true
    }
}
