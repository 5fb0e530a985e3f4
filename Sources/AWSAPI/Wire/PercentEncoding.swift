/// AWS's percent-encoding: everything but `A-Z a-z 0-9 - _ . ~` becomes `%XX`, upper case.
///
/// Source: "Create a signed AWS API request", function UriEncode.
public enum PercentEncoding {
    private static let hex = Array("0123456789ABCDEF".utf8)

    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    public static func encode(_ text: some StringProtocol, keepingSlashes: Bool = false) -> String {
        encode(text.utf8, keepingSlashes: keepingSlashes)
    }

    static func encode(_ bytes: some Collection<UInt8>, keepingSlashes: Bool = false) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count + 16)
        for byte in bytes {
            if isUnreserved(byte) || (keepingSlashes && byte == UInt8(ascii: "/")) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(hex[Int(byte >> 4)])
                encoded.append(hex[Int(byte & 15)])
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Nil where an escape is cut or the result is not UTF-8.
    public static func decode(_ text: some StringProtocol) -> String? {
        decodedBytes(text.utf8).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Nil where an escape is cut.
    static func decodedBytes(
        _ bytes: some Collection<UInt8>, plusIsSpace: Bool = false
    ) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var bytes = bytes.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = bytes.next().flatMap(nibble),
                    let low = bytes.next().flatMap(nibble)
                else { return nil }
                decoded.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: decoded.append(UInt8(ascii: " "))
            default: decoded.append(byte)
            }
        }
        return decoded
    }

    /// The value of a hex digit, either case.
    static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// One `name=value` of a query or form, decoded.
public struct QueryItem: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String = "") {
        self.name = name
        self.value = value
    }

    /// The items of a raw query, in order. What cannot be decoded is kept as it stands.
    ///
    /// - Parameter plusIsSpace: True for forms; in a query a bare plus is a space for some senders too.
    public static func parse(_ raw: some StringProtocol, plusIsSpace: Bool = true) -> [QueryItem] {
        raw.utf8.split(separator: UInt8(ascii: "&")).map { part in
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            return QueryItem(
                text(of: part[..<equals], plusIsSpace: plusIsSpace),
                text(of: part[equals...].dropFirst(), plusIsSpace: plusIsSpace))
        }
    }

    private static func text(of raw: some Collection<UInt8>, plusIsSpace: Bool) -> String {
        PercentEncoding.decodedBytes(raw, plusIsSpace: plusIsSpace)
            .flatMap { String(validating: $0, as: UTF8.self) }
            ?? String(decoding: raw, as: UTF8.self)
    }

    var encoded: String {
        let name = PercentEncoding.encode(name)
        return value.isEmpty ? name : "\(name)=\(PercentEncoding.encode(value))"
    }

    func satisfies(_ mark: QueryItem) -> Bool {
        name == mark.name && (mark.value.isEmpty || value == mark.value)
    }
}
