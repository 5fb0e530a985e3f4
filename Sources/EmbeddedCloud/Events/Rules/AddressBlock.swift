#if canImport(Glibc)
    import Glibc
#endif

/// A block of IPv4 or IPv6 addresses: `10.0.0.0/24`.
struct AddressBlock: Equatable, Sendable {
    /// In network order; the bits beyond the prefix do not count.
    private let address: [UInt8]
    private let prefixBits: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = Self.address(String(parts[0])),
            let bits = Int(parts[1]), (0...address.count * 8).contains(bits)
        else { return nil }
        self.address = address
        prefixBits = bits
    }

    /// - Parameter text: What is no address is in no block.
    func contains(_ text: String) -> Bool {
        guard let other = Self.address(text), other.count == address.count else { return false }
        let (whole, rest) = prefixBits.quotientAndRemainder(dividingBy: 8)
        guard other.prefix(whole).elementsEqual(address.prefix(whole)) else { return false }
        return rest == 0 || (other[whole] ^ address[whole]) >> (8 - rest) == 0
    }

    private static func address(_ text: String) -> [UInt8]? {
        let isIPv6 = text.contains(":")
        var bytes = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        return inet_pton(isIPv6 ? AF_INET6 : AF_INET, text, &bytes) == 1 ? bytes : nil
    }
}
