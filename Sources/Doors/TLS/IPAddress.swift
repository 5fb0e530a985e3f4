import Glibc

/// An IPv4 or IPv6 address, as a certificate holds it.
struct IPAddress {
    /// Four or sixteen, the highest first.
    let bytes: [UInt8]

    /// Nil for a host's name.
    init?(_ text: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            bytes = withUnsafeBytes(of: &v4, Array.init)
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            bytes = withUnsafeBytes(of: &v6, Array.init)
        } else {
            return nil
        }
    }
}
