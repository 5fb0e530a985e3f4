import AWSAPI

/// Puts expressions in the place of a statement's `?`s.
struct ParameterFill {
    private let parameters: [JSONValue]
    private var used: Set<Int> = []

    init(_ parameters: [JSONValue]) { self.parameters = parameters }

    mutating func filling(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let items): return .array(items.map { filling($0) })
        case .object(var object):
            if object["class"] == "PARAMETER" {
                guard let number = object["identifier"]?.string.flatMap({ Int($0) }) else {
                    return value
                }
                used.insert(number)
                guard parameters.indices.contains(number - 1),
                    var given = parameters[number - 1].object
                else { return value }
                given["alias"] = object["alias"]
                return .object(given)
            }
            if object["named_param_map"] != nil { object["named_param_map"] = .array([]) }
            for member in object.members where member.name != "named_param_map" {
                object[member.name] = filling(member.value)
            }
            return .object(object)
        default: return value
        }
    }

    func check() throws(QueryFault) {
        guard used == Set(1..<(parameters.count + 1)) else {
            throw QueryFault(
                "INVALID_PARAMETER_USAGE",
                "Incorrect number of parameters: expected \(used.count) but found "
                    + "\(parameters.count)")
        }
    }
}
