public import Crypto
public import FoundationEssentials

/// The newest record of the trail at some moment, signed by the exchange.
///
/// Hashes alone prove nothing against someone who can write the files, since whoever changes a record
/// can compute all later hashes anew. A head kept elsewhere (in the ledger, in a receipt, with a
/// subscriber) fixes everything up to its record.
public struct TrailHead: Hashable, Sendable {
    /// Of the record, from 1.
    public let sequence: Int
    /// Of the record's line.
    public let hash: TrailHash
    /// When the head was signed, in whole milliseconds.
    public let time: Date
    public let keyID: TrailKeyID
    /// Ed25519 over ``statement``, 64 bytes.
    public let signature: [UInt8]

    /// What is signed. It says what it is, so that no other signature of the key fits here.
    var statement: String {
        Self.statement(sequence: sequence, hash: hash, time: time, keyID: keyID)
    }

    fileprivate static let statementBeginning = "bourse trail head\n"

    fileprivate static func statement(
        sequence: Int, hash: TrailHash, time: Date, keyID: TrailKeyID
    ) -> String {
        "\(statementBeginning)\(sequence)\n\(hash.hex)\n\(time.milliseconds)\n\(keyID.rawValue)\n"
    }

    func isSigned(by key: Curve25519.Signing.PublicKey) -> Bool {
        key.isValidSignature(signature, for: Array(statement.utf8))
    }
}

extension TrailHead: LosslessStringConvertible {
    /// One line of JSON without a newline: how the head is kept in the ledger, in receipts, in events
    /// and in `heads.jsonl`.
    public var description: String {
        var signatureHex: [UInt8] = []
        for byte in signature { signatureHex.append(hex: byte) }
        return """
            {"sequence":\(sequence),"hash":"\(hash.hex)","time":\(time.milliseconds),\
            "keyID":"\(keyID.rawValue)","signature":"\(String(decoding: signatureHex, as: UTF8.self))"}
            """
    }

    /// Nil unless `description` is what ``description`` makes, to the byte. The signature is not
    /// checked.
    public init?(_ description: String) {
        var rest = Substring(description)
        guard
            let sequence = rest.take(between: #"{"sequence":"#, and: #",""#).flatMap({ Int($0) }),
            let hash = rest.take(between: #"hash":""#, and: #"",""#).flatMap({
                TrailHash(hex: String($0))
            }),
            let time = rest.take(between: #"time":"#, and: #",""#).flatMap({ Int($0) }),
            let keyID = rest.take(between: #"keyID":""#, and: #"",""#).flatMap({
                TrailKeyID(rawValue: String($0))
            }),
            let signature = rest.take(between: #"signature":""#, and: #""}"#).flatMap({
                [UInt8](hex: $0.utf8)
            }),
            sequence > 0, signature.count == 64
        else { return nil }
        self.sequence = sequence
        self.hash = hash
        self.time = Date(milliseconds: time)
        self.keyID = keyID
        self.signature = signature
        guard self.description.utf8.elementsEqual(description.utf8) else { return nil }
    }
}

extension TrailHead {
    /// More than any line of `heads.jsonl` takes.
    static let lineBytesMax = 512

    /// Nil unless `headsLine` is a head and a newline.
    init?(headsLine: UnsafeRawBufferPointer) {
        self.init(String(decoding: headsLine.dropLast(), as: UTF8.self))
    }
}

/// The name of a signing key, which says which public key checks a signature.
public struct TrailKeyID: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    /// Nil unless `rawValue` is 1 to 64 ASCII letters, digits, dots, hyphens or underscores.
    public init?(rawValue: String) {
        func isAllowed(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard (1...64).contains(rawValue.utf8.count), rawValue.utf8.allSatisfy(isAllowed) else {
            return nil
        }
        self.rawValue = rawValue
    }
}

/// The exchange's key for the heads of its trail.
public struct TrailSigner: Sendable {
    public let keyID: TrailKeyID
    private let privateKey: Curve25519.Signing.PrivateKey

    public init(keyID: TrailKeyID, privateKey: Curve25519.Signing.PrivateKey) {
        self.keyID = keyID
        self.privateKey = privateKey
    }

    public var publicKey: Curve25519.Signing.PublicKey {
        privateKey.publicKey
    }

    /// Signs a document of the exchange's other than a head: one that begins otherwise.
    func signature(of document: String) throws -> [UInt8] {
        precondition(!document.hasPrefix(TrailHead.statementBeginning), "That would be a head.")
        return Array(try privateKey.signature(for: Array(document.utf8)))
    }

    func hasSigned(_ head: TrailHead) -> Bool {
        head.keyID == keyID && head.isSigned(by: publicKey)
    }

    /// Signs the head of a record. Fractions of a millisecond are dropped from the time.
    func head(sequence: Int, hash: TrailHash, at time: Date) throws -> TrailHead {
        let time = Date(milliseconds: time.milliseconds)
        let statement = TrailHead.statement(
            sequence: sequence, hash: hash, time: time, keyID: keyID)
        let signature = try privateKey.signature(for: Array(statement.utf8))
        return TrailHead(
            sequence: sequence, hash: hash, time: time, keyID: keyID, signature: Array(signature))
    }
}

extension Date {
    /// Since 1970. Half a microsecond is added before rounding down, since a `Date` made from whole
    /// milliseconds may lie a hair below them.
    fileprivate var milliseconds: Int {
        Int((timeIntervalSince1970 * 1_000 + 0.000_5).rounded(.down))
    }

    fileprivate init(milliseconds: Int) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }
}

extension Substring {
    /// Removes `prefix` and what follows up to and with `end`, and returns what stood between them.
    ///
    /// Nil, and nothing removed, unless the text begins with `prefix` and `end` follows.
    fileprivate mutating func take(between prefix: String, and end: String) -> Substring? {
        guard hasPrefix(prefix) else { return nil }
        let tail = dropFirst(prefix.count)
        guard let range = tail.firstRange(of: end) else { return nil }
        self = tail[range.upperBound...]
        return tail[..<range.lowerBound]
    }
}
