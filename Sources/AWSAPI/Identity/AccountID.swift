/// The twelve digits that name an account. Text, not a number: leading zeros count.
public struct AccountID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// Nil unless `rawValue` is exactly twelve ASCII digits.
    public init?(rawValue: String) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard rawValue.utf8.count == 12, rawValue.utf8.allSatisfy(digits.contains) else {
            return nil
        }
        self.rawValue = rawValue
    }

    public var description: String { rawValue }
}
