import Crypto
import FoundationEssentials

/// A checksum that a writer sends along, which is compared, kept, and given to readers who ask.
///
/// Source: Amazon S3 User Guide, "Checking object integrity in Amazon S3".
struct ObjectChecksum: Codable, Equatable, Sendable {
    enum Algorithm: String, Codable, CaseIterable, Sendable {
        case crc32 = "CRC32"
        case crc32c = "CRC32C"
        case crc64nvme = "CRC64NVME"
        case sha1 = "SHA1"
        case sha256 = "SHA256"

        fileprivate var bytes: Int {
            switch self {
            case .crc32, .crc32c: 4
            case .crc64nvme: 8
            case .sha1: 20
            case .sha256: 32
            }
        }

        /// `x-amz-checksum-crc32`
        var headerName: String { "x-amz-checksum-\(rawValue.lowercased())" }
    }

    let algorithm: Algorithm
    /// Base64 of the bytes, the highest first. Of an upload in parts, where it is reckoned of the parts'
    /// checksums, with `-` and their number.
    let value: String

    /// Base64 has no dash.
    var isComposite: Bool { value.contains("-") }

    /// Whether it can be a checksum of its algorithm at all.
    var isWellFormed: Bool {
        let parts = value.split(separator: "-", omittingEmptySubsequences: false)
        return Data(base64Encoded: String(parts[0]))?.count == algorithm.bytes
            && parts.dropFirst().allSatisfy { Int($0) != nil } && parts.count <= 2
    }
}

/// A checksum being made.
struct ChecksumMaker: Sendable {
    private enum State: Sendable {
        case crc(CRC)
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
    }

    private var state: State

    init(_ algorithm: ObjectChecksum.Algorithm) {
        state =
            switch algorithm {
            case .crc32: .crc(CRC(width: 32, reversedPolynomial: 0xEDB8_8320))
            case .crc32c: .crc(CRC(width: 32, reversedPolynomial: 0x82F6_3B78))
            case .crc64nvme: .crc(CRC(width: 64, reversedPolynomial: 0x9A6C_9329_AC4B_C9B5))
            case .sha1: .sha1(Insecure.SHA1())
            case .sha256: .sha256(SHA256())
            }
    }

    mutating func append(_ bytes: [UInt8]) {
        switch state {
        case .crc(var crc):
            crc.append(bytes)
            state = .crc(crc)
        case .sha1(var hash):
            hash.update(data: bytes)
            state = .sha1(hash)
        case .sha256(var hash):
            hash.update(data: bytes)
            state = .sha256(hash)
        }
    }

    /// In base64.
    var value: String {
        switch state {
        case .crc(let crc): Data(crc.bytes).base64EncodedString()
        case .sha1(let hash): Data(hash.finalize()).base64EncodedString()
        case .sha256(let hash): Data(hash.finalize()).base64EncodedString()
        }
    }
}

/// A reflected cyclic redundancy check of 32 or 64 bits that begins and ends with all bits inverted, as
/// CRC-32, CRC-32C and CRC-64/NVME do.
struct CRC: Sendable {
    private let width: Int
    /// Eight tables, so that eight bytes are taken in one step ("slicing by eight").
    private let tables: [UInt64]
    private var remainder: UInt64

    init(width: Int, reversedPolynomial: UInt64) {
        self.width = width
        remainder = width == 64 ? .max : (1 << UInt64(width)) - 1
        var tables = (0..<UInt64(256)).map { byte in
            (0..<8).reduce(byte) { value, _ in
                value & 1 == 1 ? value >> 1 ^ reversedPolynomial : value >> 1
            }
        }
        for place in 256..<2_048 {
            let before = tables[place - 256]
            tables.append(before >> 8 ^ tables[Int(before & 255)])
        }
        self.tables = tables
    }

    mutating func append(_ bytes: [UInt8]) {
        var value = remainder
        tables.withUnsafeBufferPointer { tables in
            bytes.withUnsafeBytes { bytes in
                var place = 0
                while bytes.count - place >= 8 {
                    let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                    let mixed = value ^ UInt64(littleEndian: word)
                    value = 0
                    for byte in 0..<8 {
                        value ^= tables[(7 - byte) << 8 + Int(mixed >> (8 * UInt64(byte)) & 255)]
                    }
                    place += 8
                }
                for byte in bytes[place...] {
                    value = value >> 8 ^ tables[Int((value ^ UInt64(byte)) & 255)]
                }
            }
        }
        remainder = value
    }

    /// The highest byte first.
    var bytes: [UInt8] {
        let value = ~remainder
        return stride(from: width - 8, through: 0, by: -8).map { UInt8(value >> UInt64($0) & 255) }
    }
}
