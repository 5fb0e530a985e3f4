import Crypto

/// Takes the bytes of an object out of the frames of an `aws-chunked` body, as they arrive.
///
///     SIZE-IN-HEX[;chunk-signature=HEX] CRLF bytes CRLF ... 0[;chunk-signature=HEX] CRLF
///     [name:value CRLF ...] [x-amz-trailer-signature:HEX CRLF] CRLF
///
/// A chunk's bytes are given before its signature has been checked, so that none need be held: nothing may
/// be acted upon before ``finish()`` has returned.
///
/// Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring
/// Payload in Multiple Chunks", and "Including Trailing Headers".
public struct AWSChunkedDecoder: Sendable {
    /// Bytes of a line: a chunk's size and signature, or a header of the trailer.
    static let lineBytesMax = 4_096
    static let trailersMax = 16

    private enum State: Sendable {
        case size
        case data(rest: Int)
        /// The line end behind a chunk's bytes.
        case dataEnd
        case trailer
        case end
    }

    private var signatures: ChunkSignatures?
    private let hasTrailer: Bool
    /// Bytes of the object that are still to come.
    private var rest: Int
    private var state = State.size
    private var line: [UInt8] = []
    private var chunk = SHA256()
    private var chunkSignature = ""
    private var trailers: [WireHeader] = []

    /// - Parameters:
    ///   - signatures: Nil where chunks are not signed.
    ///   - decodedLength: Bytes of the object, as `x-amz-decoded-content-length` says.
    ///   - hasTrailer: False: headers behind the last chunk are refused.
    public init(signatures: ChunkSignatures?, decodedLength: Int, hasTrailer: Bool) {
        self.signatures = signatures
        self.hasTrailer = hasTrailer
        rest = decodedLength
    }

    /// The object's bytes among the next bytes of the body.
    public mutating func decode(_ bytes: [UInt8]) throws(ChunkFault) -> [UInt8] {
        var data: [UInt8] = []
        data.reserveCapacity(bytes.count)
        var bytes = bytes[...]
        while !bytes.isEmpty {
            switch state {
            case .data(let left):
                let part = bytes.prefix(left)
                rest -= part.count
                if signatures != nil { chunk.update(data: part) }
                data += part
                bytes = bytes.dropFirst(part.count)
                state = part.count == left ? .dataEnd : .data(rest: left - part.count)
            case .size, .dataEnd, .trailer:
                guard let complete = try takeLine(&bytes) else { return data }
                try read(complete)
            case .end: throw .malformed
            }
        }
        return data
    }

    /// What stands behind the last chunk, once the body has ended.
    ///
    /// - Returns: Names in lower case, without the trailer's own signature.
    public func finish() throws(ChunkFault) -> [WireHeader] {
        guard case .end = state else { throw .malformed }
        guard rest == 0 else { throw .lengthMismatch }
        return trailers
    }

    /// Nil where the line goes on in bytes that are still to come.
    private mutating func takeLine(_ bytes: inout ArraySlice<UInt8>) throws(ChunkFault) -> [UInt8]?
    {
        let feed = bytes.firstIndex(of: UInt8(ascii: "\n"))
        line += bytes[..<(feed ?? bytes.endIndex)]
        guard line.count <= Self.lineBytesMax else { throw .malformed }
        bytes = bytes[(feed.map { $0 + 1 } ?? bytes.endIndex)...]
        guard feed != nil else { return nil }
        var complete = line
        line.removeAll(keepingCapacity: true)
        if complete.last == UInt8(ascii: "\r") { complete.removeLast() }
        return complete
    }

    private mutating func read(_ line: [UInt8]) throws(ChunkFault) {
        switch state {
        case .size: try begin(line)
        case .dataEnd:
            guard line.isEmpty else { throw .malformed }
            try endChunk()
            state = .size
        case .trailer:
            if line.isEmpty {
                try endTrailer()
                state = .end
            } else {
                try addTrailer(line)
            }
        case .data, .end: preconditionFailure("No line is read here.")
        }
    }

    private mutating func begin(_ line: [UInt8]) throws(ChunkFault) {
        let parts = line.split(
            separator: UInt8(ascii: ";"), maxSplits: 1, omittingEmptySubsequences: false)
        // 15 digits: more would not fit into an Int, and no object is as large.
        guard let digits = parts.first, (1...15).contains(digits.count) else { throw .malformed }
        var size = 0
        for digit in digits {
            guard let value = PercentEncoding.nibble(digit) else { throw .malformed }
            size = size << 4 | Int(value)
        }
        chunkSignature = ""
        let mark = Array("chunk-signature=".utf8)
        if parts.count > 1, parts[1].starts(with: mark) {
            chunkSignature = String(decoding: parts[1].dropFirst(mark.count), as: UTF8.self)
        }
        guard size > 0 else {
            try endChunk()
            state = .trailer
            return
        }
        guard size <= rest else { throw .lengthMismatch }
        state = .data(rest: size)
    }

    private mutating func endChunk() throws(ChunkFault) {
        guard signatures != nil else { return }
        let hash = chunk.finalize().hex
        chunk = SHA256()
        try signatures?.accept(chunkSignature, chunkHash: hash)
    }

    private mutating func addTrailer(_ line: [UInt8]) throws(ChunkFault) {
        guard hasTrailer, trailers.count < Self.trailersMax,
            let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            let name = String(validating: line[..<colon], as: UTF8.self),
            let value = String(validating: line[(colon + 1)...], as: UTF8.self)
        else { throw .malformedTrailer }
        trailers.append(WireHeader(name.lowercased(), value.trimming(" ")))
    }

    private mutating func endTrailer() throws(ChunkFault) {
        guard hasTrailer, signatures != nil else { return }
        guard let last = trailers.popLast(), last.name == "x-amz-trailer-signature" else {
            throw .signatureMismatch
        }
        let lines = trailers.map { "\($0.name):\($0.value)\n" }.joined()
        try signatures?.accept(last.value, trailer: lines)
    }
}
