import AWSAPI
import Foundation
import Testing

@Suite struct `A body in frames` {
    /// What the decoder takes out of the body, given in pieces of a size.
    static func decoded(
        _ vector: SignatureVector, body: [UInt8]? = nil, pieces size: Int = .max
    ) throws -> (bytes: [UInt8], trailer: [WireHeader]) {
        let claim = try vector.claim
        let hash = try claim.payloadHash(for: vector.service, bodyHash: nil)
        let key = SigningKey(secretAccessKey: vector.secret, scope: claim.scope)
        guard
            case .chunks(let signatures, let hasTrailer) = try claim.payload(
                signedAs: hash, key: key)
        else { throw SignatureFault.payloadMismatch }
        let length = vector.request.headers["x-amz-decoded-content-length"].flatMap { Int($0) } ?? 0
        var decoder = AWSChunkedDecoder(
            signatures: signatures, decodedLength: length, hasTrailer: hasTrailer)
        var bytes: [UInt8] = []
        var rest = (body ?? vector.request.body)[...]
        while !rest.isEmpty {
            bytes += try decoder.decode(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return (bytes, try decoder.finish())
    }

    @Test func `is that of 3 requests, 2 of them signed`() {
        #expect(SignatureVector.framed.count == 3)
        #expect(SignatureVector.framed.count(where: \.isSignedByChunk) == 2)
    }

    @Test(arguments: SignatureVector.framed, [Int.max, 65_536, 4_099, 7, 1])
    func `is decoded, however it is cut`(_ vector: SignatureVector, pieces: Int) throws {
        let (bytes, trailer) = try Self.decoded(vector, pieces: pieces)
        #expect(String(bytes.count) == vector.request.headers["x-amz-decoded-content-length"])
        let announced = vector.request.headers["x-amz-trailer"]
        #expect(trailer.map(\.name) == [announced].compactMap { $0 })
    }

    @Test(arguments: SignatureVector.framed)
    func `that ends early is refused at every byte`(_ vector: SignatureVector) {
        let body = vector.request.body
        let ends =
            body.count < 2_000
            ? Array(0..<body.count) : stride(from: 0, to: body.count, by: 997).map { $0 }
        for end in ends + [body.count - 1, body.count - 2] {
            #expect(throws: ChunkFault.self, "\(end)") {
                try Self.decoded(vector, body: Array(body[..<end]))
            }
        }
    }

    @Test(arguments: SignatureVector.framed)
    func `that goes on is refused`(_ vector: SignatureVector) {
        #expect(throws: ChunkFault.malformed) {
            try Self.decoded(vector, body: vector.request.body + [0])
        }
    }

    /// The seed says which byte becomes which.
    @Test(arguments: SignatureVector.framed.filter(\.isSignedByChunk), UInt64(1)...100)
    func `that is signed is refused with any other byte`(_ vector: SignatureVector, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var body = vector.request.body
        let place = Int.random(in: body.indices, using: &random)
        let other = UInt8.random(in: 1...255, using: &random)
        // Upper and lower case are the same digit, and spaces around a trailer's value are no part of it.
        guard !(body[place] ^ other == 32 && Character(UnicodeScalar(body[place])).isHexDigit)
        else {
            return
        }
        body[place] ^= other
        #expect(throws: ChunkFault.self, "byte \(place)") { try Self.decoded(vector, body: body) }
    }

    @Test func `whose signed chunks change places is refused`() throws {
        let vector = try #require(SignatureVector.framed.first { $0.name == "chunked-signed" })
        let text = vector.request.body
        let mark = Array(";chunk-signature=".utf8)
        let starts = text.indices.filter { place in
            text[place...].starts(with: mark)
        }.map { place in (text[..<place].lastIndex(of: 10) ?? -1) + 1 }
        try #require(starts.count == 3)
        let first = text[starts[0]..<starts[1]]
        let second = text[starts[1]..<starts[2]]
        let swapped = Array(second) + first + text[starts[2]...]
        #expect(throws: ChunkFault.signatureMismatch) { try Self.decoded(vector, body: swapped) }
        let without = Array(first) + text[starts[2]...]
        #expect(throws: ChunkFault.signatureMismatch) { try Self.decoded(vector, body: without) }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var body: String
        var length = 5
        var hasTrailer = true
        var expected: Result<String, ChunkFault>

        var testDescription: String { name }
    }

    @Test(arguments: [
        Row(name: "one", body: "5\r\nabcde\r\n0\r\n\r\n", expected: .success("abcde")),
        Row(name: "two", body: "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", expected: .success("abcde")),
        Row(name: "none", body: "0\r\n\r\n", length: 0, expected: .success("")),
        Row(
            name: "upper-case hex", body: "0A\r\n0123456789\r\n0\r\n\r\n", length: 10,
            expected: .success("0123456789")),
        Row(name: "line feeds alone", body: "5\nabcde\n0\na:b\n\n", expected: .success("abcde")),
        Row(
            name: "a trailer", body: "5\r\nabcde\r\n0\r\nA: b \r\n\r\n", expected: .success("abcde")
        ),
        Row(
            name: "a trailer that was not announced", body: "5\r\nabcde\r\n0\r\na:b\r\n\r\n",
            hasTrailer: false, expected: .failure(.malformedTrailer)),
        Row(
            name: "a trailer without a colon", body: "5\r\nabcde\r\n0\r\nab\r\n\r\n",
            expected: .failure(.malformedTrailer)),
        Row(
            name: "too few bytes", body: "4\r\nabcd\r\n0\r\n\r\n",
            expected: .failure(.lengthMismatch)),
        Row(
            name: "too many bytes", body: "6\r\nabcdef\r\n0\r\n\r\n",
            expected: .failure(.lengthMismatch)),
        Row(
            name: "a size that is none", body: "x\r\nabcde\r\n0\r\n\r\n",
            expected: .failure(.malformed)),
        Row(name: "no size", body: "\r\nabcde\r\n0\r\n\r\n", expected: .failure(.malformed)),
        Row(
            name: "a size beyond any", body: "ffffffffffffffff\r\nabcde\r\n",
            expected: .failure(.malformed)),
        Row(
            name: "a negative size", body: "-5\r\nabcde\r\n0\r\n\r\n",
            expected: .failure(.malformed)),
        Row(
            name: "a size too small", body: "4\r\nabcde\r\n0\r\n\r\n",
            expected: .failure(.malformed)),
        Row(
            name: "a line without end", body: "5;" + String(repeating: "x", count: 5_000),
            expected: .failure(.malformed)),
    ])
    func `without signatures is read, or refused with what is wrong`(_ row: Row) {
        var decoder = AWSChunkedDecoder(
            signatures: nil, decodedLength: row.length, hasTrailer: row.hasTrailer)
        let result = Result { () throws(ChunkFault) in
            let bytes = try decoder.decode(Array(row.body.utf8))
            _ = try decoder.finish()
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(result == row.expected)
    }

    @Test(arguments: UInt64(1)...300)
    func `of random bytes never gives more than was announced`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("0123abf;=\r\n:x".utf8)
        let body = (0..<Int.random(in: 0...200, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
        }
        var decoder = AWSChunkedDecoder(signatures: nil, decodedLength: 10, hasTrailer: true)
        let bytes = (try? decoder.decode(body)) ?? []
        #expect(bytes.count <= 10)
    }
}
