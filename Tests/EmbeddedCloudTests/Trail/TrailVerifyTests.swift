import Crypto
import Foundation
import Testing

@testable import EmbeddedCloud

@Suite struct `Verifying a trail` {
    let testbed: TrailTestbed

    init() throws {
        testbed = try TrailTestbed()
    }

    @Test func `finds it whole, up to the newest head`() async throws {
        let heads = try await testbed.write(7, segmentBytes: 800)
        #expect(
            try testbed.verify(heads: heads.shuffled())
                == .whole(records: 7, head: heads[6], unfinishedBytes: 0))
        try testbed.removeKeptHeads()
        #expect(
            try testbed.verify(heads: [heads[3]])
                == .whole(records: 7, head: heads[3], unfinishedBytes: 0))
        #expect(try testbed.verify() == .whole(records: 7, head: nil, unfinishedBytes: 0))
    }

    @Test func `tells how far it has come`() async throws {
        try await testbed.write(7, segmentBytes: 800)
        var states: [TrailProgress] = []
        _ = try Trail.verify(
            directory: testbed.directory,
            publicKeys: [testbed.signer.keyID: testbed.signer.publicKey]
        ) { states.append($0) }

        #expect(states.count == (try testbed.segments.count))
        #expect(states.last?.records == 7)
        #expect(states.last?.bytes == states.last?.bytesTotal)
    }

    /// Each byte of each file: a lowest bit, the bit that makes a letter a capital, and a high bit.
    @Test(arguments: [UInt8(0x01), 0x20, 0x80])
    func `notices one changed byte, wherever it is`(mask: UInt8) async throws {
        let heads = try await testbed.write(3, segmentBytes: 800)
        #expect(try testbed.verify(heads: heads).isWhole(records: 3))
        for name in try testbed.segments + ["heads.jsonl"] {
            let file = try FileHandle(forUpdating: testbed.url(name))
            let bytes = try #require(try file.readToEnd())
            for (offset, byte) in bytes.enumerated() {
                try file.seek(toOffset: UInt64(offset))
                try file.write(contentsOf: [byte ^ mask])
                let verdict = try testbed.verify(heads: [heads[2]])
                #expect(!verdict.isWhole(records: 3), "\(name), byte \(offset): \(verdict)")
                try file.seek(toOffset: UInt64(offset))
                try file.write(contentsOf: [byte])
            }
        }
        #expect(try testbed.verify(heads: heads).isWhole(records: 3))
    }

    @Test func `notices a cut at any byte, if it has a head`() async throws {
        let heads = try await testbed.write(4)
        try testbed.removeKeptHeads()
        let name = TrailSegment(firstSequence: 1).name
        var ends = [0]
        for line in try testbed.lines { ends.append(ends[ends.count - 1] + line.utf8.count + 1) }
        let file = try FileHandle(forUpdating: testbed.url(name))
        for bytes in (0..<ends[4]).reversed() {
            try file.truncate(atOffset: UInt64(bytes))
            let last = ends.lastIndex { $0 <= bytes } ?? 0
            #expect(
                try testbed.verify(heads: [heads[3]])
                    == .cut(lastSequence: last, before: heads[3]))
        }
    }

    @Test func `notices that the newest segments are gone`() async throws {
        let heads = try await testbed.write(4, segmentBytes: 1)
        for sequence in 3...4 {
            let name = TrailSegment(firstSequence: sequence).name
            try FileManager.default.removeItem(at: testbed.url(name))
        }
        #expect(try testbed.verify() == .cut(lastSequence: 2, before: heads[2]))
    }

    @Test(arguments: 1...4)
    func `names a changed record`(sequence: Int) async throws {
        let heads = try await testbed.write(5)
        try testbed.removeKeptHeads()
        let name = TrailSegment(firstSequence: 1).name
        try edit { $0[sequence - 1].replace("GetObject", with: "PutObject") }

        let flaw = TrailFlaw(file: name, line: sequence, sequence: sequence, kind: .changed)
        #expect(try testbed.verify(heads: [heads[4]]) == .flawed(flaw))
        // Without a head, nothing tells whether the last but one was changed or the last.
        let kind = sequence == 4 ? TrailFlaw.Kind.unlinked : .changed
        #expect(
            try testbed.verify()
                == .flawed(TrailFlaw(file: name, line: sequence, sequence: sequence, kind: kind)))
    }

    @Test(arguments: 1...5)
    func `names a record whose link was changed`(sequence: Int) async throws {
        let heads = try await testbed.write(5)
        try testbed.removeKeptHeads()
        try edit { lines in
            link(&lines[sequence - 1], to: "forged")
        }
        guard case .flawed(let flaw) = try testbed.verify(heads: heads) else {
            Issue.record("not noticed")
            return
        }
        #expect(flaw.sequence == sequence)
    }

    @Test(arguments: 1...5)
    func `notices a history with new hashes by a head`(sequence: Int) async throws {
        let heads = try await testbed.write(5)
        try testbed.removeKeptHeads()
        try rewrite(from: sequence)

        #expect(try testbed.verify() == .whole(records: 5, head: nil, unfinishedBytes: 0))
        let flaw = TrailFlaw(
            file: TrailSegment(firstSequence: 1).name, line: sequence, sequence: sequence,
            kind: .rewritten(heads[sequence - 1]))
        #expect(try testbed.verify(heads: heads) == .flawed(flaw))
        let late = TrailFlaw(
            file: TrailSegment(firstSequence: 1).name, line: 1, sequence: 1,
            kind: .rewritten(heads[4]))
        #expect(try testbed.verify(heads: [heads[4]]) == .flawed(late))
    }

    @Test func `notices a history with new hashes by the heads beside it`() async throws {
        let heads = try await testbed.write(5, recordsPerHead: 2)
        try rewrite(from: 4)
        let flaw = TrailFlaw(
            file: TrailSegment(firstSequence: 1).name, line: 3, sequence: 3,
            kind: .rewritten(heads[3]))
        #expect(try testbed.verify() == .flawed(flaw))
    }

    @Test func `names a record that is missing, doubled or out of order`() async throws {
        try await testbed.write(5)
        let lines = try testbed.lines
        func verdict(_ order: [Int]) throws -> TrailVerdict {
            try edit { $0 = order.map { lines[$0 - 1] } }
            return try testbed.verify()
        }
        func flawed(_ sequence: Int, found: Int) -> TrailVerdict {
            .flawed(
                TrailFlaw(
                    file: TrailSegment(firstSequence: 1).name, line: sequence, sequence: sequence,
                    kind: .wrongSequence(found: found)))
        }
        #expect(try verdict([1, 2, 4, 5]) == flawed(3, found: 4))
        #expect(try verdict([2, 3, 4, 5]) == flawed(1, found: 2))
        #expect(try verdict([1, 2, 2, 3, 4, 5]) == flawed(3, found: 2))
        #expect(try verdict([1, 3, 2, 4, 5]) == flawed(2, found: 3))
        #expect(try verdict([1, 2, 3, 4, 5]).isWhole(records: 5))
    }

    @Test func `names a segment that is missing`() async throws {
        try await testbed.write(4, segmentBytes: 1)
        let name = TrailSegment(firstSequence: 2).name
        try FileManager.default.removeItem(at: testbed.url(name))
        let flaw = TrailFlaw(file: name, line: 1, sequence: 2, kind: .missingSegment)
        #expect(try testbed.verify() == .flawed(flaw))
    }

    @Test(arguments: ["trail-1.jsonl", "trail-.jsonl", "trail-0000000000000000000x.jsonl"])
    func `names a file that pretends to be a segment`(name: String) async throws {
        try await testbed.write(2)
        try Data().write(to: testbed.url(name))
        let flaw = TrailFlaw(file: name, line: 1, sequence: 0, kind: .strayFile)
        #expect(try testbed.verify() == .flawed(flaw))
    }

    @Test func `accepts only heads that a known key has signed`() async throws {
        let heads = try await testbed.write(3)
        let chain = TrailChain(sequence: 2, hash: heads[1].hash)
        func verdict(_ signer: TrailSigner) throws -> TrailVerdict {
            try testbed.verify(heads: [
                signer.head(sequence: chain.sequence, hash: chain.hash, at: TrailTestbed.now)
            ])
        }
        func flawed(_ kind: TrailFlaw.Kind) -> TrailVerdict {
            .flawed(TrailFlaw(file: Trail.givenHeads, line: 1, sequence: 2, kind: kind))
        }
        #expect(try verdict(.example(seed: 7)).isWhole(records: 3))
        #expect(try verdict(.example(seed: 8)) == flawed(.forgedHead))
        let other = try TrailSigner.example(seed: 8, keyID: "exchange-2")
        #expect(try verdict(other) == flawed(.unknownKey(other.keyID)))
    }

    @Test func `accepts the heads of more than one key`() async throws {
        try await testbed.write(2)
        let signer = try TrailSigner.example(seed: 9, keyID: "exchange-2")
        let trail = try Trail.open(
            directory: testbed.directory, signer: signer, lastHead: nil,
            clock: { TrailTestbed.now }, onHead: { _ in })
        let head = try await trail.append(.example(3)).head
        await trail.close()
        let keys = [
            signer.keyID: signer.publicKey, testbed.signer.keyID: testbed.signer.publicKey,
        ]
        #expect(
            try Trail.verify(directory: testbed.directory, publicKeys: keys)
                == .whole(records: 3, head: head, unfinishedBytes: 0))
    }

    @Test func `takes an unfinished line at the end for what it is`() async throws {
        let heads = try await testbed.write(3)
        try testbed.tamper(TrailSegment(firstSequence: 1).name) {
            $0.append(Data(#"{"sequence":4,"#.utf8))
        }
        #expect(
            try testbed.verify() == .whole(records: 3, head: heads[2], unfinishedBytes: 14))
    }

    @Test func `does not hold an endless line in memory`() async throws {
        try await testbed.write(2)
        let name = TrailSegment(firstSequence: 1).name
        try testbed.tamper(name) { $0.append(Data(repeating: 0x78, count: 4 * Trail.lineBytesMax)) }
        let flaw = TrailFlaw(file: name, line: 3, sequence: 3, kind: .malformed)
        #expect(try testbed.verify() == .flawed(flaw))
    }

    @Test func `takes a trail that has not begun for whole`() throws {
        _ = try testbed.open()
        #expect(try testbed.verify() == .whole(records: 0, head: nil, unfinishedBytes: 0))
    }

    // MARK: An attacker who can write the files

    private func edit(_ change: (inout [String]) -> Void) throws {
        var lines = try testbed.lines
        change(&lines)
        let text = lines.map { $0 + "\n" }.joined()
        try Data(text.utf8).write(to: testbed.url(TrailSegment(firstSequence: 1).name))
    }

    /// Changes a record, and computes the hashes after it anew.
    private func rewrite(from sequence: Int) throws {
        try edit { lines in
            lines[sequence - 1].replace("GetObject", with: "PutObject")
            for index in sequence..<lines.count {
                link(&lines[index], to: lines[index - 1] + "\n")
            }
        }
    }

    /// Makes a line say that it follows `previous`.
    private func link(_ line: inout String, to previous: String) {
        let hash = SHA256.hash(data: Data(previous.utf8))
            .map { String(format: "%02x", $0) }.joined()
        line.replace(/"previousHash":"[0-9a-f]+/, with: #""previousHash":""# + hash)
    }
}
