/// How a condition compares: `ForAnyValue:StringLikeIfExists`.
///
/// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
struct ConditionOperator: Hashable, Sendable {
    enum Comparison: String, Sendable {
        case stringEquals = "StringEquals"
        case stringNotEquals = "StringNotEquals"
        case stringEqualsIgnoreCase = "StringEqualsIgnoreCase"
        case stringNotEqualsIgnoreCase = "StringNotEqualsIgnoreCase"
        case stringLike = "StringLike"
        case stringNotLike = "StringNotLike"
        case numericEquals = "NumericEquals"
        case numericNotEquals = "NumericNotEquals"
        case numericLessThan = "NumericLessThan"
        case numericLessThanEquals = "NumericLessThanEquals"
        case numericGreaterThan = "NumericGreaterThan"
        case numericGreaterThanEquals = "NumericGreaterThanEquals"
        case dateEquals = "DateEquals"
        case dateNotEquals = "DateNotEquals"
        case dateLessThan = "DateLessThan"
        case dateLessThanEquals = "DateLessThanEquals"
        case dateGreaterThan = "DateGreaterThan"
        case dateGreaterThanEquals = "DateGreaterThanEquals"
        case bool = "Bool"
        case ipAddress = "IpAddress"
        case notIPAddress = "NotIpAddress"
        case arnEquals = "ArnEquals"
        case arnLike = "ArnLike"
        case arnNotEquals = "ArnNotEquals"
        case arnNotLike = "ArnNotLike"
        case null = "Null"

        var isNegated: Bool {
            switch self {
            case .stringNotEquals, .stringNotEqualsIgnoreCase, .stringNotLike, .numericNotEquals,
                .dateNotEquals, .notIPAddress, .arnNotEquals, .arnNotLike:
                true
            case .stringEquals, .stringEqualsIgnoreCase, .stringLike, .numericEquals,
                .numericLessThan, .numericLessThanEquals, .numericGreaterThan,
                .numericGreaterThanEquals, .dateEquals, .dateLessThan, .dateLessThanEquals,
                .dateGreaterThan, .dateGreaterThanEquals, .bool, .ipAddress, .arnEquals, .arnLike,
                .null:
                false
            }
        }
    }

    /// How several values of one request count.
    enum Quantifier: Sendable {
        case forAllValues, forAnyValue
    }

    let comparison: Comparison
    let quantifier: Quantifier?
    let ifExists: Bool

    /// Nil for an operator that is not served. `Null` stands alone.
    init?(_ name: String) {
        var base = name[...]
        if base.hasPrefix("ForAllValues:") {
            quantifier = .forAllValues
            base = base.dropFirst("ForAllValues:".count)
        } else if base.hasPrefix("ForAnyValue:") {
            quantifier = .forAnyValue
            base = base.dropFirst("ForAnyValue:".count)
        } else {
            quantifier = nil
        }
        ifExists = base.hasSuffix("IfExists")
        if ifExists { base = base.dropLast("IfExists".count) }
        guard let comparison = Comparison(rawValue: String(base)),
            comparison != .null || (quantifier == nil && !ifExists)
        else { return nil }
        self.comparison = comparison
    }
}
