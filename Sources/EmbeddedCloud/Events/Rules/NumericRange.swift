import AWSAPI

/// The numbers that `{"numeric": [">", 0, "<=", 5]}` lets through.
struct NumericRange: Equatable, Sendable {
    /// What EventBridge compares; numbers beyond it pass no test.
    static let comparable = -5e9...5e9

    private struct Bound: Equatable {
        let value: Double
        let isIncluded: Bool
    }

    private var lower: Bound?
    private var upper: Bound?

    func contains(_ number: Double) -> Bool {
        guard Self.comparable.contains(number) else { return false }
        if let lower, number < lower.value || number == lower.value && !lower.isIncluded {
            return false
        }
        if let upper, number > upper.value || number == upper.value && !upper.isIncluded {
            return false
        }
        return true
    }

    /// One comparison, or one from below and then one from above.
    init(_ operand: JSONValue) throws(EventPatternFault) {
        guard let items = operand.array, items.count == 2 || items.count == 4 else {
            throw EventPatternFault(
                "Value of numeric must be an array of a comparison and a number, or of two such pairs"
            )
        }
        for place in stride(from: 0, to: items.count, by: 2) {
            try add(items[place], items[place + 1])
        }
        guard items.count == 2 || (lower != nil && upper != nil && items[0].string != "=") else {
            throw EventPatternFault("Bad numeric range operator")
        }
        if items.count == 4, let lower, let upper, lower.value >= upper.value {
            throw EventPatternFault("Bottom must be less than top")
        }
    }

    private mutating func add(
        _ comparison: JSONValue, _ operand: JSONValue
    ) throws(EventPatternFault) {
        guard let number = operand.double, Self.comparable.contains(number) else {
            throw EventPatternFault(
                "Value of numeric must be a number between -5.0E9 and 5.0E9, inclusive")
        }
        switch comparison.string {
        case "=" where lower == nil && upper == nil:
            lower = Bound(value: number, isIncluded: true)
            upper = lower
        case ">" where lower == nil && upper == nil: lower = Bound(value: number, isIncluded: false)
        case ">=" where lower == nil && upper == nil: lower = Bound(value: number, isIncluded: true)
        case "<" where upper == nil: upper = Bound(value: number, isIncluded: false)
        case "<=" where upper == nil: upper = Bound(value: number, isIncluded: true)
        default:
            throw EventPatternFault(
                "Unrecognized numeric range operator: \(comparison.text)")
        }
    }
}
