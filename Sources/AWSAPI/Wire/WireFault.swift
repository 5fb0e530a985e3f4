/// Why a request or answer cannot be read as its operation's shape.
///
/// The door turns it into the service's own error for bad input.
public enum WireFault: Error, Equatable, CustomStringConvertible {
    /// The body is not JSON, XML or a form at all.
    case notADocument(String)
    case missing(path: [String])
    case wrongType(path: [String], expected: String)
    /// Of shapes that refuse what they do not know, and what they would know twice.
    case unexpected(path: [String])

    public var description: String {
        switch self {
        case .notADocument(let reason): "The request's body cannot be read: \(reason)."
        case .missing(let path): "\(path.joined(separator: ".")) is required."
        case .wrongType(let path, let expected):
            "\(path.joined(separator: ".")) must be \(expected)."
        case .unexpected(let path):
            "\(path.joined(separator: ".")) is not known here, or stands there twice."
        }
    }

    /// The same fault, seen from the structure that holds `member`.
    func inside(_ member: String) -> WireFault {
        switch self {
        case .notADocument: self
        case .missing(let path): .missing(path: [member] + path)
        case .wrongType(let path, let expected):
            .wrongType(path: [member] + path, expected: expected)
        case .unexpected(let path): .unexpected(path: [member] + path)
        }
    }
}
