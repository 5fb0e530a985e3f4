/// An IPv4 or IPv6 address.
///
/// An IPv4 address in IPv6's clothes (`::ffff:192.0.2.1`, as a socket for both sees it) is the IPv4
/// address.
struct Address: Hashable, Sendable {
    /// IPv4 within `::ffff:0:0/96`.
    let bits: UInt128

    var isIPv4: Bool { bits >> 32 == 0xFFFF }

    /// Nil for names, ports, zones, and numbers that some read as octal.
    init?(_ text: some StringProtocol) {
        guard let bits = text.utf8.contains(UInt8(ascii: ":")) ? Self.ipv6(text) : Self.ipv4(text)
        else { return nil }
        self.bits = bits
    }

    private static func ipv4(_ text: some StringProtocol) -> UInt128? {
        var bits: UInt128 = 0xFFFF
        var part = 0
        var digits = 0
        var parts = 1
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard digits == 0 || part > 0 else { return nil }
                part = part * 10 + Int(byte - UInt8(ascii: "0"))
                digits += 1
                guard part < 256 else { return nil }
            case UInt8(ascii: "."):
                guard digits > 0, parts < 4 else { return nil }
                bits = bits << 8 | UInt128(part)
                part = 0
                digits = 0
                parts += 1
            default: return nil
            }
        }
        guard digits > 0, parts == 4 else { return nil }
        return bits << 8 | UInt128(part)
    }

    /// Source: RFC 4291, 2.2.
    private static func ipv6(_ text: some StringProtocol) -> UInt128? {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (3...9).contains(fields.count) else { return nil }
        var groups: [UInt16] = []
        /// Where `::` stands, in groups.
        var gap: Int?
        for (place, field) in fields.enumerated() {
            let isLast = place == fields.count - 1
            if field.isEmpty {
                // The colons of a gap at an end leave an empty field on the outside as well.
                let isOutside =
                    (place == 0 && fields[1].isEmpty) || (isLast && fields[place - 1].isEmpty)
                if isOutside { continue }
                guard gap == nil, place > 0, !isLast else { return nil }
                gap = groups.count
            } else if isLast, field.utf8.contains(UInt8(ascii: ".")) {
                guard let bits = ipv4(field) else { return nil }
                groups.append(UInt16(truncatingIfNeeded: bits >> 16))
                groups.append(UInt16(truncatingIfNeeded: bits))
            } else {
                guard field.utf8.count <= 4, field.utf8.allSatisfy(isHex),
                    let group = UInt16(field, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        return groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    private static func isHex(_ byte: UInt8) -> Bool { PercentEncoding.nibble(byte) != nil }
}

/// A block of addresses (`10.0.0.0/24`, `2001:db8::/32`), or a single one.
///
/// IPv4 is in no block of IPv6's, `::/0` included.
struct AddressRange: Hashable, Sendable {
    private let network: UInt128
    private let mask: UInt128
    private let isIPv4: Bool

    /// Bits beyond the prefix do not count.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = Address(parts[0]) else { return nil }
        let isWrittenAsIPv4 = !parts[0].utf8.contains(UInt8(ascii: ":"))
        let bitsMax = isWrittenAsIPv4 ? 32 : 128
        var prefix = bitsMax
        if parts.count == 2 {
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            guard parts[1].utf8.allSatisfy(digits.contains), let bits = Int(parts[1]),
                bits <= bitsMax
            else { return nil }
            prefix = bits
        }
        if isWrittenAsIPv4 { prefix += 96 }
        mask = prefix == 0 ? 0 : ~0 << UInt128(128 - prefix)
        network = address.bits & mask
        isIPv4 = address.isIPv4 && prefix >= 96
    }

    func contains(_ address: Address) -> Bool {
        address.isIPv4 == isIPv4 && address.bits & mask == network
    }
}
