import AWSAPI
import Crypto
import FoundationEssentials
import SQSAPI

/// One attribute that a message's sender gave it.
///
/// Source: Amazon SQS Developer Guide, "Amazon SQS message metadata".
struct MessageAttribute: Codable, Equatable, Sendable {
    /// `String`, `Number` or `Binary`, with a label of the sender's after a point: `Number.int`.
    let dataType: String
    let value: Value

    enum Value: Codable, Equatable, Sendable {
        case text(String)
        case binary(Data)
    }

    init(_ text: String) {
        dataType = "String"
        value = .text(text)
    }

    init(
        _ attribute: SQS.MessageAttributeValue, named name: String
    ) throws(AWSError) {
        guard Self.isName(name) else {
            throw .invalidQueueParameter(
                "The message attribute name '\(name)' is invalid. It has 1 to 256 of the "
                    + "characters A-Z a-z 0-9 _ - . and does not begin or end with a period, or "
                    + "begin with AWS. or Amazon.")
        }
        dataType = attribute.dataType
        let type = dataType.prefix { $0 != "." }
        switch (type, attribute.stringValue, attribute.binaryValue) {
        case ("String", let text?, nil) where !text.isEmpty:
            if let fault = MessageRow.contentFault(in: text) {
                throw .invalidMessageContents(fault)
            }
            value = .text(text)
        case ("Number", let text?, nil) where Double(text)?.isFinite ?? false: value = .text(text)
        case ("Binary", nil, let bytes?) where !bytes.isEmpty: value = .binary(bytes)
        default:
            throw .invalidQueueParameter(
                "The message attribute '\(name)' must have the type String, Number or Binary, and "
                    + "one value of that type that is not empty.")
        }
        guard dataType.utf8.count <= 256 else {
            throw .invalidQueueParameter("The type of the message attribute '\(name)' is too long.")
        }
    }

    private static func isName(_ name: String) -> Bool {
        let lower = name.lowercased()
        return (1...256).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                let character = Character(Unicode.Scalar(byte))
                return character.isASCII && (character.isLetter || character.isNumber)
                    || "_-.".contains(character)
            }
            && !name.hasPrefix(".") && !name.hasSuffix(".") && !name.contains("..")
            && !lower.hasPrefix("aws.") && !lower.hasPrefix("amazon.")
    }

    var wireValue: SQS.MessageAttributeValue {
        switch value {
        case .text(let text): .init(dataType: dataType, stringValue: text)
        case .binary(let bytes): .init(dataType: dataType, binaryValue: bytes)
        }
    }

    private var bytes: Data {
        switch value {
        case .text(let text): Data(text.utf8)
        case .binary(let bytes): bytes
        }
    }

    /// Bytes that it adds to its message.
    func size(named name: String) -> Int {
        name.utf8.count + dataType.utf8.count + bytes.count
    }

    /// The digest by which clients check that attributes arrived as they were sent. Nil of none.
    ///
    /// Source: Amazon SQS Developer Guide, "Calculating the MD5 message digest for message attributes".
    static func md5(of attributes: [String: MessageAttribute]) -> String? {
        guard !attributes.isEmpty else { return nil }
        var hash = Insecure.MD5()
        func update(_ bytes: some Sequence<UInt8>) {
            let bytes = Data(bytes)
            withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: bytes)
        }
        for (name, attribute) in attributes.sorted(by: { $0.key < $1.key }) {
            update(name.utf8)
            update(attribute.dataType.utf8)
            switch attribute.value {
            case .text: hash.update(data: [1])
            case .binary: hash.update(data: [2])
            }
            update(attribute.bytes)
        }
        return hash.finalize().hex
    }
}

extension [String: MessageAttribute] {
    init(_ attributes: [String: SQS.MessageAttributeValue]?) throws(AWSError) {
        self = [:]
        for (name, attribute) in attributes ?? [:] {
            self[name] = try MessageAttribute(attribute, named: name)
        }
        guard count <= MessageLimits.attributesMax else {
            throw .invalidQueueParameter(
                "Number of message attributes [\(count)] exceeds the allowed maximum "
                    + "[\(MessageLimits.attributesMax)].")
        }
    }

    /// Those that a receive asks for: `All`, names, or `prefix.*`.
    func asked(for patterns: [String]) -> [String: MessageAttribute] {
        filter { name, _ in
            patterns.contains { pattern in
                if pattern == "All" || pattern == ".*" { return true }
                return pattern.hasSuffix(".*")
                    ? name.hasPrefix(pattern.dropLast()) || name == pattern.dropLast(2)
                    : name == pattern
            }
        }
    }
}
