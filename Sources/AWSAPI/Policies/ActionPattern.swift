/// Actions: `s3:GetObject`, `glue:Get*`, `*`. Case does not count.
struct ActionPattern: Hashable, Sendable {
    private let pattern: TextPattern

    /// Source: IAM User Guide, "IAM JSON policy elements: Action".
    init(_ text: String) throws(PolicyFault) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let isAction =
            switch parts.count {
            case 1: text == "*"
            case 2: Self.isService(parts[0]) && Self.isName(parts[1])
            default: false
            }
        guard isAction else {
            throw PolicyFault("\(PolicyFault.quote(text)) is no action (service:Name, or *).")
        }
        pattern = try TextPattern(text.lowercased(), .wildcards)
    }

    /// - Parameter action: In small letters.
    func matches(lowercased action: String) -> Bool { pattern.matches(action) }

    private static func isService(_ text: Substring.UTF8View) -> Bool {
        text.elementsEqual("*".utf8)
            || !text.isEmpty && text.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
    }

    private static func isName(_ text: Substring.UTF8View) -> Bool {
        !text.isEmpty
            && text.allSatisfy {
                $0.isLetterOrDigit || $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?")
            }
    }
}

extension UInt8 {
    /// Of ASCII.
    var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
