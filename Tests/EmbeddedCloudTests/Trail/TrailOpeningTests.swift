import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `Opening a trail` {
    let testbed: TrailTestbed

    init() throws {
        testbed = try TrailTestbed()
    }

    /// A trail of four records whose last is torn after some bytes, and the heads of all four.
    private func tear(keeping bytesKept: (_ lastLine: Int) -> Int) async throws -> [TrailHead] {
        let heads = try await testbed.write(4)
        try testbed.removeKeptHeads()
        let lastLine = try #require(try testbed.lines.last).utf8.count + 1
        try testbed.tamper(try #require(try testbed.segments.last)) { bytes in
            bytes.removeLast(lastLine - bytesKept(lastLine))
        }
        return heads
    }

    @Test(arguments: [1, 2, 100, -2, -1])
    func `cuts off a torn line that no head names`(bytes: Int) async throws {
        var torn = 0
        let heads = try await tear { line in
            torn = bytes > 0 ? bytes : line + bytes
            return torn
        }
        let trail = try testbed.open(after: heads[2])

        let segment = TrailSegment(firstSequence: 1).name
        #expect(trail.tornTail == .init(segment: segment, lastSequence: 3, bytes: torn))
        #expect(try await trail.append(.example(5)).sequence == 4)
        #expect(try testbed.verify(heads: Array(heads[..<3])).isWhole(records: 4))
    }

    @Test func `cuts off pages that a power cut left empty`() async throws {
        let heads = try await tear { _ in 0 }
        let name = try #require(try testbed.segments.last)
        let next = #"{"sequence":5,"previousHash":""#
        try testbed.tamper(name) { bytes in
            bytes.append(Data(count: 3_000))
            bytes.append(Data("\n\(next)".utf8))
        }
        let trail = try testbed.open(after: heads[2])

        let torn = 3_001 + next.utf8.count
        #expect(trail.tornTail == .init(segment: name, lastSequence: 3, bytes: torn))
        _ = try await trail.append(.example(4))
        #expect(try testbed.verify(heads: Array(heads[..<3])).isWhole(records: 4))
    }

    @Test func `cuts off a torn first line of a segment`() async throws {
        let heads = try await testbed.write(2, segmentBytes: 1)
        try testbed.removeKeptHeads()
        try testbed.tamper(TrailSegment(firstSequence: 2).name) { $0.removeLast(10) }

        let trail = try testbed.open(after: heads[0])
        #expect(trail.tornTail?.lastSequence == 1)
        #expect(try await trail.append(.example(2)).sequence == 2)
        #expect(try testbed.verify(heads: [heads[0]]).isWhole(records: 2))
    }

    @Test func `goes on with a segment that was made and never written`() async throws {
        let heads = try await testbed.write(2)
        try Data().write(to: testbed.url(TrailSegment(firstSequence: 3).name))

        let trail = try testbed.open(after: heads[1])
        #expect(try await trail.append(.example(3)).sequence == 3)
        #expect(try testbed.verify(heads: heads).isWhole(records: 3))
    }

    @Test(arguments: [0, 1, 200])
    func `refuses a trail that ends before the ledger's head, and leaves it alone`(bytes: Int)
        async throws
    {
        let heads = try await tear { _ in bytes }
        let segment = testbed.url(TrailSegment(firstSequence: 1).name)
        let before = try Data(contentsOf: segment)
        #expect(throws: TrailOpenFault.endsBeforeHead(heads[3], lastSequence: 3)) {
            try testbed.open(after: heads[3])
        }
        #expect(try Data(contentsOf: segment) == before)
    }

    @Test func `refuses a trail that is gone`() async throws {
        let heads = try await testbed.write(2)
        for name in try testbed.segments + ["heads.jsonl"] {
            try FileManager.default.removeItem(at: testbed.url(name))
        }
        #expect(throws: TrailOpenFault.endsBeforeHead(heads[1], lastSequence: 0)) {
            try testbed.open(after: heads[1])
        }
    }

    @Test func `refuses a trail that ends before the head it keeps itself`() async throws {
        let heads = try await testbed.write(4)
        try testbed.tamper(TrailSegment(firstSequence: 1).name) { $0.removeLast(10) }
        #expect(throws: TrailOpenFault.endsBeforeHead(heads[3], lastSequence: 3)) {
            try testbed.open(after: heads[0])
        }
    }

    @Test func `refuses another history than the ledger's`() async throws {
        try await testbed.write(4)
        let other = try TrailTestbed()
        let trail = try other.open()
        for number in [1, 7, 3, 4] { _ = try await trail.append(.example(number)) }
        await trail.close()
        let head = other.heads[1]

        let error = #expect(throws: TrailOpenFault.self) { try testbed.open(after: head) }
        guard case .disagreesWithHead(head, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `reads back to the ledger's head, however old it is`() async throws {
        let heads = try await testbed.write(9, segmentBytes: 1)
        let trail = try testbed.open(after: heads[1])
        #expect(trail.lastSequence == 9)
        await trail.close()

        try testbed.tamper(TrailSegment(firstSequence: 4).name) { $0[300] ^= 1 }
        #expect(throws: TrailOpenFault.self) { try testbed.open(after: heads[1]) }
    }

    @Test func `refuses damage that is no unfinished write`() async throws {
        let heads = try await testbed.write(4)
        try testbed.removeKeptHeads()
        let first = try #require(try testbed.lines.first)
        let name = TrailSegment(firstSequence: 1).name
        try testbed.tamper(name) { $0[first.utf8.count + 1 + 300] ^= 1 }

        let flaw = TrailFlaw(file: name, line: 2, sequence: 2, kind: .unlinked)
        #expect(throws: TrailOpenFault.damaged(flaw)) { try testbed.open(after: heads[0]) }
    }

    @Test func `refuses a trail that lacks a segment`() async throws {
        let heads = try await testbed.write(4, segmentBytes: 1)
        try FileManager.default.removeItem(at: testbed.url(TrailSegment(firstSequence: 3).name))

        let name = TrailSegment(firstSequence: 3).name
        let flaw = TrailFlaw(file: name, line: 1, sequence: 3, kind: .missingSegment)
        #expect(throws: TrailOpenFault.damaged(flaw)) { try testbed.open(after: heads[0]) }
    }

    @Test func `cuts off a torn head, and keeps the next one in its place`() async throws {
        let heads = try await testbed.write(4)
        try testbed.tamper("heads.jsonl") { $0.removeLast(10) }
        let trail = try testbed.open(after: heads[3])
        let head = try await trail.append(.example(5)).head
        await trail.close()
        #expect(
            try testbed.verify(heads: heads)
                == .whole(records: 5, head: head, unfinishedBytes: 0))
    }

    @Test func `says what mends it`() async throws {
        let heads = try await testbed.write(4)
        try testbed.tamper(TrailSegment(firstSequence: 1).name) { $0.removeAll() }
        let error = #expect(throws: TrailOpenFault.self) { try testbed.open(after: heads[3]) }
        #expect(String(describing: error).contains("backup"))
    }
}
