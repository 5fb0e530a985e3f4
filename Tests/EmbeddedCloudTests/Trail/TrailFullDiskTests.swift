import Foundation
import Glibc
import Testing

@testable import EmbeddedCloud

@Suite struct `A trail on a failing disk` {
    let testbed: TrailTestbed
    let faulty = FaultyDisk()

    init() throws {
        testbed = try TrailTestbed()
    }

    private var hasReserve: Bool {
        FileManager.default.fileExists(atPath: testbed.url(TrailDirectory.reserveName).path())
    }

    @Test func `refuses records while it is full, and goes on when it is not`() async throws {
        let trail = try testbed.open(disk: faulty.disk)
        let head = try await trail.append(.example(1)).head
        let before = try testbed.lines

        faulty.fail(.full)
        for number in 2...4 {
            await #expect(throws: TrailFault.diskFull) {
                try await trail.append(.example(number))
            }
            #expect(try testbed.lines == before)
            #expect(try testbed.verify(heads: [head]).isWhole(records: 1))
        }
        #expect(trail.newestHead == head)

        faulty.heal()
        #expect(try await trail.append(.example(5)).sequence == 2)
        await trail.close()
        #expect(try testbed.verify(heads: testbed.heads).isWhole(records: 2))
    }

    @Test func `refuses records whose sync failed, and cuts them off`() async throws {
        let trail = try testbed.open(disk: faulty.disk)
        _ = try await trail.append(.example(1))

        faulty.fail(.init(sync: EIO))
        let fault = SystemCallFault(call: "fdatasync", code: EIO)
        await #expect(throws: TrailFault.unwritable(fault)) { try await trail.append(.example(2)) }
        #expect(try testbed.lines.count == 1)

        faulty.heal()
        #expect(try await trail.append(.example(3)).sequence == 2)
        #expect(try testbed.verify(heads: testbed.heads).isWhole(records: 2))
    }

    @Test func `writes final records from the reserve, and takes it again`() async throws {
        let trail = try testbed.open(disk: faulty.disk)
        _ = try await trail.append(.example(1))
        #expect(hasReserve)

        // Full for whoever has not got space yet; then what the reserve gave up is writable.
        faulty.fail(.full)
        await #expect(throws: TrailFault.diskFull) { try await trail.append(.example(2)) }
        #expect(!hasReserve)
        faulty.fail(.init(allocate: ENOSPC))

        await #expect(throws: TrailFault.diskFull) { try await trail.append(.example(3)) }
        #expect(try await trail.append(.example(4), urgency: .final).sequence == 2)
        await #expect(throws: TrailFault.diskFull) { try await trail.append(.example(5)) }
        #expect(!hasReserve)

        faulty.heal()
        #expect(try await trail.append(.example(6)).sequence == 3)
        #expect(hasReserve)
        #expect(try testbed.verify(heads: testbed.heads).isWhole(records: 3))
    }

    @Test func `tries final records again without the ordinary ones beside them`() async throws {
        let gate = SyncGate()
        let faulty = FaultyDisk(beforeSync: gate.pass)
        let trail = try testbed.open(disk: faulty.disk)
        gate.shut()
        async let first = trail.append(.example(1))
        await gate.untilHolding()
        let ordinary = Task { try await trail.append(.example(2)) }
        async let final = trail.append(.example(3), urgency: .final)
        await untilPending(2, in: trail)
        faulty.fail(.init(write: (ENOSPC, 10), failures: 1))
        gate.open()

        #expect(try await first.sequence == 1)
        await #expect(throws: TrailFault.diskFull) { try await ordinary.value }
        #expect(try await final.sequence == 2)
        #expect(try testbed.verify(heads: testbed.heads).isWhole(records: 2))
    }

    @Test func `lets one record at a time find out, and refuses the others at once`() async throws {
        let gate = SyncGate()
        let faulty = FaultyDisk(beforeSync: gate.pass)
        let trail = try testbed.open(disk: faulty.disk)
        faulty.fail(.init(sync: EIO))
        let fault = TrailFault.unwritable(SystemCallFault(call: "fdatasync", code: EIO))
        await #expect(throws: fault) { try await trail.append(.example(1)) }

        gate.shut()
        async let probe = trail.append(.example(2))
        await gate.untilHolding()
        for number in 3...5 {
            await #expect(throws: fault) { try await trail.append(.example(number)) }
        }
        faulty.heal()
        gate.open()
        #expect(try await probe.sequence == 1)
        #expect(try await trail.append(.example(6)).sequence == 2)
        #expect(try testbed.verify(heads: testbed.heads).isWhole(records: 2))
    }

    @Test func `opens when it is full, and refuses until it is not`() async throws {
        try await testbed.write(1)
        try FileManager.default.removeItem(at: testbed.url(TrailDirectory.reserveName))
        faulty.fail(.full)
        let trail = try testbed.open(disk: faulty.disk)
        await #expect(throws: TrailFault.diskFull) { try await trail.append(.example(2)) }
        faulty.heal()
        #expect(try await trail.append(.example(3)).sequence == 2)
    }

    /// The law behind all of these: what is acknowledged is in the trail, in its place, and nothing
    /// else is.
    @Test(arguments: UInt64(1)...20)
    func `holds what it acknowledged and nothing else, whatever fails`(seed: UInt64) async throws {
        var random = TrailRandom(state: seed)
        let trail = try testbed.open(disk: faulty.disk) { $0.segmentBytesMax = 3_000 }
        var acknowledged: [Int: Int] = [:]
        var number = 0
        for _ in 0..<30 {
            faulty.fail(.random(using: &random))
            let numbers = number..<number + Int.random(in: 1...6, using: &random)
            number = numbers.upperBound
            await withTaskGroup(of: (Int, Int?).self) { group in
                for number in numbers {
                    group.addTask {
                        do throws(TrailFault) {
                            return (number, try await trail.append(.example(number)).sequence)
                        } catch {
                            return (number, nil)
                        }
                    }
                }
                for await (number, sequence) in group {
                    if let sequence { acknowledged[sequence] = number }
                }
            }
        }
        faulty.heal()
        acknowledged[try await trail.append(.example(number)).sequence] = number
        await trail.close()

        var found: [Int: Int] = [:]
        try Trail.records(in: testbed.directory) { record in
            found[record.sequence] = Int(record.eventID.uuidString.suffix(8), radix: 16)
        }
        #expect(found == acknowledged)
        #expect(
            try testbed.verify(heads: testbed.heads)
                .isWhole(records: acknowledged.count))
    }
}

extension FaultyDisk.Faults {
    fileprivate static func random(using random: inout TrailRandom) -> Self {
        let bytes = Int.random(in: 0..<900, using: &random)
        return switch Int.random(in: 0..<6, using: &random) {
        case 0: Self(write: (ENOSPC, bytes))
        case 1: Self(write: (EIO, bytes), sync: EIO)
        case 2: Self(sync: EIO)
        case 3: .full
        default: Self()
        }
    }
}
