import AWSAPI

/// A path to one part of an event: `$.detail.revisions[0]`, `$['detail-type']`.
///
/// Source: Amazon EventBridge User Guide, "Amazon EventBridge input transformation", JSON paths.
struct EventPath: Equatable, Sendable {
    private enum Step: Equatable {
        case member(String)
        case item(Int)
    }

    private var steps: [Step] = []

    /// Nil for what is no such path, or would choose several parts.
    init?(_ text: String) {
        guard text.first == "$" else { return nil }
        var rest = text.dropFirst()
        while let first = rest.first {
            rest = rest.dropFirst()
            switch first {
            case ".":
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty, name != "*" else { return nil }
                steps.append(.member(String(name)))
                rest = rest[name.endIndex...]
            case "[":
                guard let end = rest.firstIndex(of: "]"), let step = Self.step(rest[..<end]) else {
                    return nil
                }
                steps.append(step)
                rest = rest[end...].dropFirst()
            default: return nil
            }
        }
    }

    /// What stands between brackets: a place, or a name in quotes.
    private static func step(_ text: Substring) -> Step? {
        if let quote = text.first, quote == "'" || quote == "\"" {
            guard text.count > 2, text.last == quote else { return nil }
            return .member(String(text.dropFirst().dropLast()))
        }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let place = Int(text)
        else { return nil }
        return .item(place)
    }

    /// Null where the event has nothing there.
    func value(in event: JSONValue) -> JSONValue {
        steps.reduce(event) { value, step in
            switch step {
            case .member(let name): return value[name] ?? .null
            case .item(let place):
                guard let items = value.array, items.indices.contains(place) else { return .null }
                return items[place]
            }
        }
    }
}
