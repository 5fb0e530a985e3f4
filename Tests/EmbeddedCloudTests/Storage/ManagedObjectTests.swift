import AWSAPI
import Crypto
import Foundation
import Ledger
import Logging
import Testing

@testable import EmbeddedCloud

@Suite struct `A managed object` {
    let testbed: StorageTestbed

    init() throws { testbed = try StorageTestbed() }

    @Test func `is there whole once its row is, with the MD5 of its bytes`() async throws {
        let object = try await testbed.put("a/b", "some bytes")
        let found = try #require(try await testbed.objects.head("a/b", in: testbed.managed))
        #expect(found == object)
        #expect(found.etag == "\"\(Insecure.MD5.hash(data: Data("some bytes".utf8)).hex)\"")
        #expect(found.lastModified == StorageTestbed.now)
        #expect(try await testbed.objects.body(of: found).collect() == "some bytes")
    }

    @Test func `is not there before its row is, and its bytes go if the row never comes`()
        async throws
    {
        let arrival = try await testbed.objects.receive(
            ObjectUpload(pieces: TestPieces([[1], [2]]), payload: .unsigned),
            as: "a", in: testbed.managed, attributes: ObjectAttributes(),
            expecting: UploadExpectation(), at: StorageTestbed.now)
        #expect(try await testbed.objects.head("a", in: testbed.managed) == nil)
        #expect(try await testbed.objects.list(testbed.managed, max: 10).isEmpty)
        try await arrival.discard()
        #expect(try testbed.lakeFiles.isEmpty)
    }

    /// What is left by a process that is killed: before the rename, and between rename and row.
    @Test func `leaves nothing behind when it was cut off`() async throws {
        let kept = try await testbed.put("kept")
        _ = try await testbed.objects.receive(
            ObjectUpload(pieces: TestPieces([[1]]), payload: .unsigned),
            as: "renamed", in: testbed.managed, attributes: ObjectAttributes(),
            expecting: UploadExpectation(), at: StorageTestbed.now)
        var incoming = try testbed.objects.files.makeIncoming(id: "half")
        try incoming.append([1, 2, 3])
        #expect(try testbed.lakeFiles.count == 3)
        try await testbed.objects.files.sweep(
            testbed.objects.state.ledger, log: Logger(label: "test"))
        #expect(try testbed.lakeFiles == ["managed/managed/\(try #require(kept.versionID))"])
        #expect(try await testbed.objects.stillIs(kept))
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var payload = SignedPayload.unsigned
        var md5: [UInt8]?
        var checksum: ObjectChecksum?
        var breaks = false
        var expected: UploadFault?

        var testDescription: String { name }
    }

    /// Of the bytes `123456789`. Source of the CRCs: "Catalogue of parametrised CRC algorithms".
    @Test(arguments: [
        Row(name: "nothing said"),
        Row(
            name: "SHA-256",
            payload: .hash("15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225")),
        Row(
            name: "another SHA-256", payload: .hash(String(repeating: "0", count: 64)),
            expected: .payloadMismatch),
        Row(name: "no hash at all", payload: .hash(""), expected: .payloadMismatch),
        Row(name: "MD5", md5: [UInt8](Insecure.MD5.hash(data: Data("123456789".utf8)))),
        Row(name: "another MD5", md5: [0], expected: .badDigest("Content-MD5")),
        Row(name: "CRC32", checksum: .init(algorithm: .crc32, value: "y/Q5Jg==")),
        Row(name: "CRC32C", checksum: .init(algorithm: .crc32c, value: "4waSgw==")),
        Row(name: "CRC64NVME", checksum: .init(algorithm: .crc64nvme, value: "rosUhgp5mIg=")),
        Row(name: "SHA1", checksum: .init(algorithm: .sha1, value: "98O8HYCOBHMq32eZZczDTKeuNEE=")),
        Row(
            name: "another CRC32", checksum: .init(algorithm: .crc32, value: "AAAAAA=="),
            expected: .badDigest("CRC32")),
        Row(name: "broken off", breaks: true, expected: .incomplete),
    ])
    func `is taken in if the bytes are what was said of them`(_ row: Row) async throws {
        // In pieces that are not multiples of the CRC's step.
        let pieces = TestPieces(
            [Array("1".utf8), Array("23456789".utf8)], breaks: row.breaks)
        let outcome = await Result(catching: {
            try await testbed.objects.receive(
                ObjectUpload(pieces: pieces, payload: row.payload), as: "a",
                in: testbed.managed, attributes: ObjectAttributes(),
                expecting: UploadExpectation(md5: row.md5, checksum: row.checksum),
                at: StorageTestbed.now)
        })
        if let expected = row.expected {
            #expect(throws: expected) { try outcome.get() }
            #expect(try testbed.lakeFiles.isEmpty)
        } else {
            #expect(try outcome.get().version.attributes.checksum == row.checksum)
        }
    }

    struct Framed: Sendable, CustomTestStringConvertible {
        var name: String
        var body = "4\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n"
        var length: String? = "9"
        var expected: UploadFault?

        var testDescription: String { name }
    }

    @Test(arguments: [
        Framed(name: "as announced"),
        Framed(name: "without the object's length", length: nil, expected: .noLength),
        Framed(name: "of another length", length: "10", expected: .frames(.lengthMismatch)),
        Framed(
            name: "without the checksum", body: "9\r\n123456789\r\n0\r\n\r\n",
            expected: .missingTrailer),
        Framed(
            name: "with another checksum",
            body: "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
            expected: .badDigest("CRC32")),
        Framed(name: "that are none", body: "123456789", expected: .frames(.malformed)),
    ])
    func `is taken out of its frames, and its checksum is what stands behind them`(
        _ row: Framed
    ) async throws {
        var headers = [WireHeader("x-amz-trailer", "x-amz-checksum-crc32")]
        headers += row.length.map { [WireHeader("x-amz-decoded-content-length", $0)] } ?? []
        let upload = ObjectUpload(
            pieces: TestPieces([Array(row.body.utf8)]), payload: .chunks(nil, hasTrailer: true),
            headers: headers)
        let outcome = await Result(catching: {
            try await testbed.objects.receive(
                upload, as: "a", in: testbed.managed, attributes: ObjectAttributes(),
                expecting: UploadExpectation(), at: StorageTestbed.now)
        })
        if let expected = row.expected {
            #expect(throws: expected) { try outcome.get() }
            #expect(try testbed.lakeFiles.isEmpty)
        } else {
            let checksum = ObjectChecksum(algorithm: .crc32, value: "y/Q5Jg==")
            #expect(try outcome.get().version.attributes.checksum == checksum)
            #expect(try outcome.get().object.size == 9)
        }
    }

    @Test func `keeps its older versions when it is written again or deleted`() async throws {
        let first = try await testbed.put("a", "one")
        let second = try await testbed.put("a", "two!")
        #expect(try await testbed.objects.head("a", in: testbed.managed) == second)
        let old = try await testbed.objects.find(
            "a", in: testbed.managed, version: first.versionID)
        #expect(old?.object == first)
        #expect(try await testbed.objects.list(testbed.managed, max: 9).map(\.size) == [4])
        #expect(
            try await testbed.objects.find("b", in: testbed.managed, version: first.versionID)?
                .object == nil)
    }

    @Test func `can be a finished file, moved into place`() async throws {
        let file = testbed.root.appending(path: "staging/result.csv")
        try Data("1,2\n".utf8).write(to: file)
        let arrival = try await testbed.objects.adopt(
            file: file.path(), as: "results/q1.csv", in: testbed.managed, at: StorageTestbed.now)
        #expect(try await testbed.objects.head("results/q1.csv", in: testbed.managed) == nil)
        try await testbed.objects.state.ledger.write { db in _ = try arrival.publish(in: db) }
        let object = try #require(
            try await testbed.objects.head("results/q1.csv", in: testbed.managed))
        #expect(object == arrival.object)
        #expect(try await testbed.objects.body(of: object).collect() == "1,2\n")
        #expect(!FileManager.default.fileExists(atPath: file.path()))
    }
}

extension Result where Failure == any Error {
    init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
