/// A JSON number by its value: `5`, `5.0` and `50e-1` are the same, however many digits there are.
struct DecimalNumber: Hashable, Sendable {
    private let isNegative: Bool
    /// No zero at either end; empty for zero.
    private let digits: [UInt8]
    /// The power of ten that the last digit counts.
    private let exponent: Int

    /// - Parameter text: As JSON has it. Nil if its exponent is beyond all use.
    init?(_ text: String) {
        var mantissa = text[...]
        var exponent = 0
        if let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            mantissa = text[..<mark]
            guard let power = Int(text[text.index(after: mark)...]),
                (-1_000_000...1_000_000).contains(power)
            else { return nil }
            exponent = power
        }
        let parts = mantissa.drop { $0 == "-" }
            .split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        exponent -= parts.count == 2 ? parts[1].utf8.count : 0
        let zero = UInt8(ascii: "0")
        let all = parts.flatMap { Array($0.utf8) }.drop { $0 == zero }
        guard let last = all.lastIndex(where: { $0 != zero }) else {
            (isNegative, digits, self.exponent) = (false, [], 0)
            return
        }
        digits = Array(all[...last])
        self.exponent = exponent + all.endIndex - 1 - last
        isNegative = text.hasPrefix("-")
    }
}
