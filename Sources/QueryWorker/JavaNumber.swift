/// Floating point numbers as Java prints them, which is how Athena does: `50.0`, `1.0E10`, `NaN`.
///
/// Source: Java SE API, "Double.toString(double)".
extension [UInt8] {
    mutating func appendJava(_ value: Double) {
        if appendSpecial(of: value) { return }
        appendJava(digitsOf: value.magnitude.description, magnitude: value.magnitude)
    }

    mutating func appendJava(_ value: Float) {
        if appendSpecial(of: value) { return }
        // The digits are the shortest that tell this Float apart, not the Double it widens to.
        appendJava(digitsOf: value.magnitude.description, magnitude: Double(value.magnitude))
    }

    /// Writes the sign, and all of a value that has no digits. True when nothing is left to write.
    private mutating func appendSpecial(of value: some BinaryFloatingPoint) -> Bool {
        if value.isNaN {
            append(contentsOf: "NaN".utf8)
            return true
        }
        if value.sign == .minus { append(UInt8(ascii: "-")) }
        if value.isInfinite {
            append(contentsOf: "Infinity".utf8)
        } else if value.isZero {
            append(contentsOf: "0.0".utf8)
        }
        return value.isInfinite || value.isZero
    }

    /// Takes the digits from Swift's form (`1234.5`, `1e-05`, `1.5e+20`), which has the same
    /// shortest ones as Java's.
    private mutating func appendJava(digitsOf description: String, magnitude: Double) {
        let (digits, exponent) = Self.scientific(description)
        if (1e-3..<1e7).contains(magnitude) {
            appendPlain(digits, exponent: exponent)
        } else {
            append(digits[0])
            append(UInt8(ascii: "."))
            append(contentsOf: digits.count > 1 ? digits.dropFirst() : [UInt8(ascii: "0")])
            append(UInt8(ascii: "E"))
            append(contentsOf: String(exponent).utf8)
        }
    }

    /// `d.ddd` times ten to `exponent`, written out with a digit on either side of the point.
    private mutating func appendPlain(_ digits: [UInt8], exponent: Int) {
        let zero = UInt8(ascii: "0")
        let whole = exponent + 1
        for place in 0..<Swift.max(whole, 1) {
            append(whole > 0 && place < digits.count ? digits[place] : zero)
        }
        append(UInt8(ascii: "."))
        append(contentsOf: repeatElement(zero, count: Swift.max(-whole, 0)))
        let fraction = digits.dropFirst(Swift.max(whole, 0))
        append(contentsOf: fraction.isEmpty ? [zero] : fraction)
    }

    /// The digits without zeros at either end, and the power of ten of the first one.
    private static func scientific(_ description: String) -> (digits: [UInt8], exponent: Int) {
        let parts = description.utf8.split(separator: UInt8(ascii: "e"))
        let written = parts.count > 1 ? Int(String(parts[1]) ?? "") ?? 0 : 0
        let point = parts[0].firstIndex(of: UInt8(ascii: ".")) ?? parts[0].endIndex
        let whole = parts[0].distance(from: parts[0].startIndex, to: point)

        var digits = parts[0].filter { $0 != UInt8(ascii: ".") }
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leadingZeros)
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, written + whole - 1 - leadingZeros)
    }
}
