/// Why a policy is refused: a sentence, and the place in the document that it is about.
public struct PolicyFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// `Statement[1].Condition`, list items counted from 0. Empty: the document as a whole.
    public let place: String
    public let reason: String

    init(_ reason: String, at place: String = "") {
        self.place = place
        self.reason = reason
    }

    public var description: String { place.isEmpty ? reason : "\(place): \(reason)" }

    /// A name is a stranger's text as well, and shortened.
    func within(_ name: String) -> PolicyFault {
        let outer = name.prefix(80)
        return PolicyFault(reason, at: place.isEmpty ? String(outer) : "\(outer).\(place)")
    }

    /// A stranger's text, short enough for a sentence.
    static func quote(_ text: String) -> String {
        text.count > 80 ? "\"\(text.prefix(80))…\"" : "\"\(text)\""
    }

    /// Says of a fault in `body` where it is.
    static func locating<Value>(
        _ place: @autoclosure () -> String, _ body: () throws(PolicyFault) -> Value
    ) throws(PolicyFault) -> Value {
        do {
            return try body()
        } catch {
            throw error.within(place())
        }
    }
}
