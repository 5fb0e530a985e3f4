import AWSAPI

/// What a rule asks of an event: an object shaped like the event, whose leaves are lists of tests.
///
/// Every field that the pattern names must pass one of its tests; what it does not name may be anything.
///
/// Source: Amazon EventBridge User Guide, "Creating Amazon EventBridge event patterns" and "Comparison
/// operators for use in event patterns".
struct EventPattern: Equatable, Sendable {
    /// UTF-8 bytes of a pattern's text.
    static let bytesMax = 4_096
    /// Alternatives that `$or`s may amount to, multiplied out.
    static let combinationsMax = 1_000

    let root: Fields

    /// The conditions on one object, all of which must hold.
    struct Fields: Equatable, Sendable {
        var fields: [Field] = []
        /// `$or`: one of them must hold besides. Empty: there is none.
        var alternatives: [Fields] = []
    }

    struct Field: Equatable, Sendable {
        let name: String
        let condition: Condition
    }

    enum Condition: Equatable, Sendable {
        /// One of them must pass.
        case value([Test])
        case object(Fields)
    }

    /// A test of one value. Text is compared byte by byte, as JSON has it.
    enum Test: Equatable, Sendable {
        case equals(Scalar)
        case prefix([UInt8])
        case suffix([UInt8])
        /// In lower case.
        case equalsIgnoringCase(String)
        case prefixIgnoringCase(String)
        case suffixIgnoringCase(String)
        case wildcard(Wildcard)
        case numeric(NumericRange)
        case addressBlock(AddressBlock)
        /// There is a value and it passes none of these.
        case anythingBut([Test])
        /// Whether there is a value at all: not an object, nor an empty list.
        case exists(Bool)
    }

    enum Scalar: Equatable, Sendable {
        case null
        case bool(Bool)
        case number(DecimalNumber)
        case text([UInt8])

        /// Nil for a list or an object.
        init?(_ value: JSONValue) {
            switch value {
            case .null: self = .null
            case .bool(let flag): self = .bool(flag)
            case .number(let text):
                guard let number = DecimalNumber(text) else { return nil }
                self = .number(number)
            case .string(let text): self = .text(Array(text.utf8))
            case .array, .object: return nil
            }
        }
    }
}

/// Why a text is no event pattern.
struct EventPatternFault: Error, Equatable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
