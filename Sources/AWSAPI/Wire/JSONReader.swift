extension JSONValue {
    /// Objects and arrays within each other, at most. A deeper document is refused, not recursed into.
    public static let nestingMax = 512

    /// Reads one document, strictly as RFC 8259 has it.
    public init(parsing text: some StringProtocol) throws(JSONFault) {
        try self.init(parsing: Array(text.utf8))
    }

    public init(parsing bytes: [UInt8]) throws(JSONFault) {
        self = try bytes.withUnsafeBufferPointer { bytes throws(JSONFault) in
            var reader = JSONReader(bytes: bytes)
            return try reader.document()
        }
    }
}

/// Where a text stops being JSON.
public struct JSONFault: Error, Equatable, CustomStringConvertible {
    /// Bytes from the beginning.
    public let offset: Int
    public let reason: String

    public var description: String { "not JSON at byte \(offset): \(reason)" }
}

private struct JSONReader {
    /// Borrowed while ``document()`` runs.
    let bytes: UnsafeBufferPointer<UInt8>
    var place = 0
    var nesting = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func document() throws(JSONFault) -> JSONValue {
        // Once for the whole: no string can then end within a character.
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw fault("it is not UTF-8")
        }
        let value = try value()
        skipSpace()
        guard place == bytes.count else { throw fault("text after the document") }
        return value
    }

    private func fault(_ reason: String) -> JSONFault { JSONFault(offset: place, reason: reason) }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            place += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        place += 1
        return true
    }

    private mutating func value() throws(JSONFault) -> JSONValue {
        skipSpace()
        guard let next else { throw fault("the document ends too early") }
        switch next {
        case UInt8(ascii: "{"):
            return try nested { reader throws(JSONFault) in try reader.object() }
        case UInt8(ascii: "["): return try nested { reader throws(JSONFault) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw fault("no value begins so")
        }
    }

    private mutating func nested(
        _ read: (inout JSONReader) throws(JSONFault) -> JSONValue
    ) throws(JSONFault) -> JSONValue {
        guard nesting < JSONValue.nestingMax else { throw fault("nested too deeply") }
        nesting += 1
        place += 1
        let value = try read(&self)
        nesting -= 1
        return value
    }

    private mutating func object() throws(JSONFault) -> JSONValue {
        var members: [JSONObject.Member] = []
        if take(UInt8(ascii: "}")) { return .object(JSONObject(members: members)) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw fault("a member's name is expected") }
            let name = try string()
            guard take(UInt8(ascii: ":")) else { throw fault("a colon is expected") }
            members.append(.init(name: name, value: try value()))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw fault("the object does not end") }
        return .object(JSONObject(members: members))
    }

    private mutating func array() throws(JSONFault) -> JSONValue {
        var items: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .array(items) }
        repeat { items.append(try value()) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw fault("the array does not end") }
        return .array(items)
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONFault) -> JSONValue {
        let length = word.utf8CodeUnitCount
        guard place + length <= bytes.count else { throw fault("no value begins so") }
        for offset in 0..<length where bytes[place + offset] != word.utf8Start[offset] {
            throw fault("no value begins so")
        }
        place += length
        return value
    }

    private mutating func number() throws(JSONFault) -> String {
        let start = place
        if next == UInt8(ascii: "-") { place += 1 }
        if next == UInt8(ascii: "0") { place += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            place += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            place += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { place += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    private mutating func digits() throws(JSONFault) {
        let start = place
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { place += 1 }
        guard place > start else { throw fault("a digit is expected") }
    }

    private mutating func string() throws(JSONFault) -> String {
        place += 1
        let start = place
        // Most strings have no escape: one pass, one copy.
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20
        {
            place += 1
        }
        if next == UInt8(ascii: "\"") {
            let end = place
            place += 1
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }
        var decoded = Array(bytes[start..<place])
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                place += 1
                return String(decoding: decoded, as: UTF8.self)
            case UInt8(ascii: "\\"):
                place += 1
                try escape(into: &decoded)
            case 0..<0x20: throw fault("a control character inside a string")
            default:
                decoded.append(byte)
                place += 1
            }
        }
        throw fault("the string does not end")
    }

    private mutating func escape(into decoded: inout [UInt8]) throws(JSONFault) {
        guard let letter = next else { throw fault("the string does not end") }
        place += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(letter)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            guard unit & 0xF800 == 0xD800 else {
                return append(UInt32(unit), to: &decoded)
            }
            guard unit < 0xDC00, next == UInt8(ascii: "\\") else {
                throw fault("half a surrogate pair")
            }
            place += 1
            guard next == UInt8(ascii: "u") else { throw fault("half a surrogate pair") }
            place += 1
            let low = try codeUnit()
            guard low & 0xFC00 == 0xDC00 else { throw fault("half a surrogate pair") }
            append(
                0x10000 + ((UInt32(unit) & 0x3FF) << 10) + (UInt32(low) & 0x3FF), to: &decoded)
        default: throw fault("no escape of JSON's")
        }
    }

    private func append(_ scalar: UInt32, to decoded: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        decoded.append(contentsOf: String(Character(scalar)).utf8)
    }

    private mutating func codeUnit() throws(JSONFault) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = next.flatMap(PercentEncoding.nibble) else {
                throw fault("four hex digits are expected")
            }
            unit = unit << 4 | UInt16(digit)
            place += 1
        }
        return unit
    }
}
