import AWSAPI
import FoundationEssentials

/// A constant in a filter expression, as the engine's parser read it.
enum FilterConstant: Equatable {
    case string(String)
    case boolean(Bool)
    /// `unscaled` / 10^`scale`. Whole numbers have the scale 0.
    case decimal(unscaled: Int128, scale: Int)
    /// One with an exponent.
    case double(Double)

    /// Nil if the node is no constant, or NULL, or of another kind.
    init?(_ node: JSONValue) {
        if node["class"]?.string == "CAST" {
            self.init(cast: node)
            return
        }
        guard node["class"]?.string == "CONSTANT", let value = node["value"],
            value["is_null"]?.bool == false, let content = value["value"]
        else { return nil }
        switch value["type"]?["id"]?.string {
        case "VARCHAR":
            guard let text = content.string else { return nil }
            self = .string(text)
        case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT":
            guard let number = Self.integer(content) else { return nil }
            self = .decimal(unscaled: number, scale: 0)
        case "DECIMAL":
            guard let number = Self.integer(content),
                let scale = value["type"]?["type_info"]?["scale"]?.int
            else { return nil }
            self = .decimal(unscaled: number, scale: scale)
        case "DOUBLE":
            guard let number = content.double else { return nil }
            self = .double(number)
        default: return nil
        }
    }

    /// The parser writes TRUE as `CAST('t' AS BOOLEAN)`, and DATE '…' as a cast as well.
    private init?(cast node: JSONValue) {
        guard let child = node["child"], case .string(let text)? = FilterConstant(child) else {
            return nil
        }
        switch node["cast_type"]?["id"]?.string {
        case "BOOLEAN":
            guard text == "t" || text == "f" else { return nil }
            self = .boolean(text == "t")
        case "DATE", "TIMESTAMP": self = .string(text)
        default: return nil
        }
    }

    /// A number, or the two halves of one that has more than 64 bits.
    private static func integer(_ node: JSONValue) -> Int128? {
        if case .number(let text) = node { return Int128(text) }
        guard case .number(let upper)? = node["upper"], case .number(let lower)? = node["lower"],
            let high = Int128(upper), let low = Int128(lower)
        else { return nil }
        return high << 64 | low
    }
}

extension FilterConstant {
    /// The constant as a value of the column's type, or nil if it is none: nothing is rounded, and
    /// no number is read out of a string.
    func literal(of type: ColumnType) -> RowPredicate.Literal? {
        text(of: type).map { RowPredicate.Literal(type: type, text: $0) }
    }

    private func text(of type: ColumnType) -> String? {
        switch (type, self) {
        case (.string, .string(let text)): text
        case (.boolean, .boolean(let flag)): flag ? "true" : "false"
        case (.tinyint, _): whole(within: Int128(Int8.min)...Int128(Int8.max))
        case (.smallint, _): whole(within: Int128(Int16.min)...Int128(Int16.max))
        case (.integer, _): whole(within: Int128(Int32.min)...Int128(Int32.max))
        case (.bigint, _): whole(within: Int128(Int64.min)...Int128(Int64.max))
        case (.decimal(let precision, let scale), _): decimal(precision: precision, scale: scale)
        case (.float, .double(let number)):
            Float(number).isFinite ? String(number) : nil
        case (.double, .double(let number)): number.isFinite ? String(number) : nil
        case (.float, .decimal(let unscaled, let scale)),
            (.double, .decimal(let unscaled, let scale)):
            Self.text(unscaled, scale: scale)
        case (.date, .string(let text)): Self.date(text)
        case (.timestamp, .string(let text)): Self.timestamp(text)
        default: nil
        }
    }

    private func whole(within range: ClosedRange<Int128>) -> String? {
        guard case .decimal(let number, 0) = self, range.contains(number) else { return nil }
        return String(number)
    }

    private func decimal(precision: Int, scale: Int) -> String? {
        guard case .decimal(var unscaled, var ownScale) = self else { return nil }
        while ownScale > 0, unscaled % 10 == 0 {
            unscaled /= 10
            ownScale -= 1
        }
        let digits = String(unscaled.magnitude).count
        guard ownScale <= scale, digits - ownScale <= precision - scale else { return nil }
        return Self.text(unscaled, scale: ownScale)
    }

    /// `-1.50` of -150 and 2.
    private static func text(_ unscaled: Int128, scale: Int) -> String {
        let digits = String(unscaled.magnitude)
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
        let sign = unscaled < 0 ? "-" : ""
        return scale == 0
            ? sign + padded : sign + padded.dropLast(scale) + "." + padded.suffix(scale)
    }

    /// `2024-02-18`, a day that there is.
    private static func date(_ text: String) -> String? {
        text.utf8.count == 10 && Timestamp.parse(text + "T00:00:00Z") != nil ? text : nil
    }

    /// `2024-02-18 14:32:01.5`, with a space or a T, the fraction of up to six digits or none; or a
    /// day.
    private static func timestamp(_ text: String) -> String? {
        if date(text) != nil { return text + " 00:00:00" }
        let parts = text.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "T" })
        guard parts.count == 2, date(String(parts[0])) != nil,
            parts[1].allSatisfy({ $0.isASCII && $0.isNumber || $0 == ":" || $0 == "." }),
            (8...15).contains(parts[1].count), Timestamp.parse("\(parts[0])T\(parts[1])Z") != nil
        else { return nil }
        return "\(parts[0]) \(parts[1])"
    }
}
