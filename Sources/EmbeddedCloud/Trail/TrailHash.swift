import Crypto

/// The SHA-256 of one line of the trail, its newline included.
///
/// So an auditor needs no tool of ours: `sed -n 7p FILE | sha256sum` is what line 8 calls
/// `previousHash`.
public struct TrailHash: Hashable, Sendable {
    /// What the first record of a trail follows.
    public static let genesis = TrailHash(words: (0, 0, 0, 0))

    /// Length of ``hex``.
    static let hexLength = 64

    /// Most significant first.
    private let word0, word1, word2, word3: UInt64

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        (word0, word1, word2, word3) = words
    }

    init(ofLine line: UnsafeRawBufferPointer) {
        var sha256 = SHA256()
        sha256.update(bufferPointer: line)
        self = sha256.finalize().withUnsafeBytes { digest in
            func word(_ index: Int) -> UInt64 {
                UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
            }
            return TrailHash(words: (word(0), word(1), word(2), word(3)))
        }
    }

    /// Nil unless `hex` is exactly 64 lower-case hexadecimal digits.
    public init?(hex: String) {
        self.init(hex: hex.utf8)
    }

    init?(hex: some Collection<UInt8>) {
        guard hex.count == Self.hexLength else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for digit in hex {
            guard let value = hexValue(digit) else { return nil }
            words.0 = words.0 << 4 | words.1 >> 60
            words.1 = words.1 << 4 | words.2 >> 60
            words.2 = words.2 << 4 | words.3 >> 60
            words.3 = words.3 << 4 | UInt64(value)
        }
        self.init(words: words)
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        var digits: [UInt8] = []
        append(to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    /// Appends ``hex``.
    func append(to bytes: inout [UInt8]) {
        for word in [word0, word1, word2, word3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(hex: UInt8(truncatingIfNeeded: word >> shift))
            }
        }
    }
}

extension [UInt8] {
    /// Appends the two lower-case digits of `byte`.
    mutating func append(hex byte: UInt8) {
        func digit(_ value: UInt8) -> UInt8 {
            value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
        }
        append(digit(byte >> 4))
        append(digit(byte & 0xF))
    }

    /// Nil unless `hex` is pairs of lower-case hexadecimal digits.
    ///
    /// Upper case is refused: a hash or signature has one spelling, so that a changed one shows.
    init?(hex: some Collection<UInt8>) {
        self.init()
        reserveCapacity(hex.count / 2)
        var high: UInt8?
        for digit in hex {
            guard let value = hexValue(digit) else { return nil }
            if let pair = high {
                append(pair << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        if high != nil { return nil }
    }
}

/// Nil unless `digit` is a hexadecimal digit in lower case.
private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
}
