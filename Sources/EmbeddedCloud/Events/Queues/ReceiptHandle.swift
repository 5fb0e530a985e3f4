import FoundationEssentials

/// What a receiver shows to delete a message, or to hide it for longer: which message, which receipt.
///
/// Opaque to clients. A later receipt of the same message makes it powerless.
struct ReceiptHandle: Equatable, Sendable {
    let message: String
    let receipt: String

    init(message: String, receipt: String) {
        self.message = message
        self.receipt = receipt
    }

    init?(_ text: String) {
        guard let bytes = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "/")
        guard parts.count == 2, parts.allSatisfy({ UUID(uuidString: String($0)) != nil }) else {
            return nil
        }
        self.init(message: String(parts[0]), receipt: String(parts[1]))
    }

    var text: String { Data("\(message)/\(receipt)".utf8).base64EncodedString() }
}
