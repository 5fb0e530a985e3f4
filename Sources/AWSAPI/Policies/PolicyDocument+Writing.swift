extension PolicyDocument {
    /// As JSON text, which reads back as the same policy.
    public var text: String { json.text }

    public var json: JSONValue {
        var object: JSONObject = ["Version": .string(version.rawValue)]
        object["Id"] = id.map(JSONValue.string)
        object["Statement"] = .array(statements.map(\.json))
        return .object(object)
    }
}

extension PolicyDocument.Statement {
    fileprivate var json: JSONValue {
        var object: JSONObject = [:]
        object["Sid"] = sid.map(JSONValue.string)
        object["Effect"] = .string(effect.rawValue)
        switch principals {
        case .only(let principals): object["Principal"] = Self.json(principals)
        case .allBut(let principals): object["NotPrincipal"] = Self.json(principals)
        case nil: break
        }
        object.put(actions, as: "Action")
        if let resources { object.put(resources, as: "Resource") }
        if !conditions.isEmpty { object["Condition"] = Self.json(conditions) }
        return .object(object)
    }

    private static func json(_ principals: [Principal]) -> JSONValue {
        var object: JSONObject = [:]
        for principal in principals {
            switch principal {
            case .everyone: return "*"
            case .aws(let text): object.append(text, to: "AWS")
            case .federated(let text): object.append(text, to: "Federated")
            case .service(let text): object.append(text, to: "Service")
            }
        }
        return .object(object)
    }

    /// The same key twice under one operator stays there twice, and is refused when it is read:
    /// joined, the two would allow more.
    private static func json(_ conditions: [Condition]) -> JSONValue {
        var blocks: JSONObject = [:]
        for condition in conditions {
            var members = blocks[condition.operator]?.object?.members ?? []
            members.append(
                .init(name: condition.key, value: .array(condition.values.map(JSONValue.string))))
            blocks[condition.operator] = .object(JSONObject(members: members))
        }
        return .object(blocks)
    }
}

extension JSONObject {
    fileprivate mutating func put(
        _ values: PolicyDocument.Statement.Values<String>, as name: String
    ) {
        switch values {
        case .only(let texts): self[name] = .array(texts.map(JSONValue.string))
        case .allBut(let texts): self["Not" + name] = .array(texts.map(JSONValue.string))
        }
    }

    fileprivate mutating func append(_ text: String, to name: String) {
        self[name] = .array((self[name]?.array ?? []) + [.string(text)])
    }
}
