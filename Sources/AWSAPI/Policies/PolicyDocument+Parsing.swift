extension PolicyDocument {
    /// Reads a policy.
    ///
    /// - Throws: ``PolicyFault`` if it is too long, is not JSON, has an element that a policy of
    ///   its kind has not, lacks one that it needs, or says something that would not be honoured.
    ///
    /// Source: IAM User Guide, "Grammar of the IAM JSON policy language".
    public init(parsing text: String, as kind: Kind) throws(PolicyFault) {
        try Self.measure(text, kind)
        let document = try Self.json(text)
        let members = try Members(document, ["Version", "Id", "Statement"])
        let version = try Self.version(members)
        guard let said = members["Statement"] else { throw PolicyFault("Statement is missing.") }
        let list = said.array ?? [said]
        guard !list.isEmpty, list.count <= Self.statementsMax else {
            throw PolicyFault(
                "There are \(list.count) statements: it takes 1 to \(Self.statementsMax).")
        }
        var statements: [Statement] = []
        var sids: Set<String> = []
        for (place, value) in list.enumerated() {
            let statement = try PolicyFault.locating("Statement[\(place)]") {
                () throws(PolicyFault) in
                let statement = try Statement(
                    value, kind, version == .v2012 ? .variables : [])
                guard statement.sid.map({ sids.insert($0).inserted }) ?? true else {
                    throw PolicyFault("Another statement has the same Sid.", at: "Sid")
                }
                return statement
            }
            statements.append(statement)
        }
        self.init(version: version, id: try members.text("Id"), statements: statements)
    }

    private static func measure(_ text: String, _ kind: Kind) throws(PolicyFault) {
        guard text.utf8.count <= textBytesMax else {
            throw PolicyFault("The policy is longer than \(textBytesMax) bytes.")
        }
        var dense: Int {
            text.unicodeScalars.count { $0 != " " && $0 != "\n" && $0 != "\r" && $0 != "\t" }
        }
        let (size, sizeMax, unit) =
            switch kind {
            case .identity: (dense, rolePolicyCharactersMax, "characters without white space")
            case .resource: (text.utf8.count, bucketPolicyBytesMax, "bytes")
            case .trust: (dense, trustPolicyCharactersMax, "characters without white space")
            case .session: (text.unicodeScalars.count, sessionPolicyCharactersMax, "characters")
            }
        guard size <= sizeMax else {
            throw PolicyFault("The policy has \(size) \(unit), more than \(sizeMax).")
        }
    }

    private static func json(_ text: String) throws(PolicyFault) -> JSONValue {
        do {
            return try JSONValue(parsing: text)
        } catch {
            throw PolicyFault("The policy is \(error).")
        }
    }

    private static func version(_ members: Members) throws(PolicyFault) -> Version {
        guard let text = try members.text("Version") else { return .v2008 }
        guard let version = Version(rawValue: text) else {
            throw PolicyFault("\(PolicyFault.quote(text)) is no version.", at: "Version")
        }
        return version
    }
}

extension PolicyDocument.Statement {
    fileprivate init(
        _ value: JSONValue, _ kind: PolicyDocument.Kind, _ syntax: TextPattern.Syntax
    ) throws(PolicyFault) {
        let members = try Members(
            value,
            [
                "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
                "NotResource", "Condition",
            ])
        guard let effectText = try members.text("Effect") else {
            throw PolicyFault("Effect is missing.")
        }
        guard let effect = Effect(rawValue: effectText) else {
            throw PolicyFault("Effect is either Allow or Deny.", at: "Effect")
        }
        guard let actions = try members.texts("Action") else {
            throw PolicyFault("Action or NotAction is missing.")
        }
        try self.init(
            sid: Self.sid(members, kind), effect: effect,
            principals: Self.principals(members, kind), actions: actions,
            resources: Self.resources(members, kind), conditions: Self.conditions(members), syntax)
    }

    private static func sid(
        _ members: Members, _ kind: PolicyDocument.Kind
    ) throws(PolicyFault) -> String? {
        let sid = try members.text("Sid")
        guard let sid, kind != .resource else { return sid }
        guard sid.utf8.allSatisfy(\.isLetterOrDigit) else {
            throw PolicyFault("A Sid is letters and digits.", at: "Sid")
        }
        return sid
    }

    private static func resources(
        _ members: Members, _ kind: PolicyDocument.Kind
    ) throws(PolicyFault) -> Values<String>? {
        let resources = try members.texts("Resource")
        switch (kind, resources) {
        case (.trust, .some):
            throw PolicyFault("A trust policy names no resource: its role is meant.")
        case (.identity, nil), (.resource, nil), (.session, nil):
            throw PolicyFault("Resource or NotResource is missing.")
        case (.trust, nil), (.identity, .some), (.resource, .some), (.session, .some):
            return resources
        }
    }

    private static func principals(
        _ members: Members, _ kind: PolicyDocument.Kind
    ) throws(PolicyFault) -> Values<Principal>? {
        guard let (name, value) = try members.either("Principal", "NotPrincipal") else {
            guard kind == .identity || kind == .session else {
                throw PolicyFault("Principal is missing.")
            }
            return nil
        }
        switch kind {
        case .identity, .session:
            throw PolicyFault("A policy of an identity names no principal.")
        case .trust where name == "NotPrincipal":
            throw PolicyFault("A trust policy has no NotPrincipal.")
        case .trust, .resource: break
        }
        let principals = try PolicyFault.locating(name) { () throws(PolicyFault) in
            try Self.principals(value)
        }
        return name == "Principal" ? .only(principals) : .allBut(principals)
    }

    private static func principals(_ value: JSONValue) throws(PolicyFault) -> [Principal] {
        if value.string == "*" { return [.everyone] }
        let members = try Members(value, ["AWS", "Federated", "Service"])
        var principals: [Principal] = []
        for member in members.list {
            let texts = try PolicyFault.locating(member.name) { () throws(PolicyFault) in
                try Members.texts(of: member.value)
            }
            principals += texts.map { text in
                switch member.name {
                case "AWS": .aws(text)
                case "Federated": .federated(text)
                default: .service(text)
                }
            }
        }
        return principals
    }

    private static func conditions(_ members: Members) throws(PolicyFault) -> [Condition] {
        guard let value = members["Condition"] else { return [] }
        return try PolicyFault.locating("Condition") { () throws(PolicyFault) in
            var conditions: [Condition] = []
            for block in try Members(value).list {
                let keys = try PolicyFault.locating(block.name) { () throws(PolicyFault) in
                    try Members(block.value).list
                }
                guard !keys.isEmpty else { throw PolicyFault("There is no key.", at: block.name) }
                for key in keys {
                    let values = try PolicyFault.locating("\(block.name).\(key.name)") {
                        () throws(PolicyFault) in
                        try Members.values(of: key.value)
                    }
                    conditions.append(Condition(block.name, key.name, values))
                }
            }
            return conditions
        }
    }
}

/// The members of one object of a policy, each there once.
private struct Members {
    let list: [JSONObject.Member]

    init(_ value: JSONValue) throws(PolicyFault) {
        guard let object = value.object else { throw PolicyFault("An object is expected.") }
        list = object.members
        var seen: Set<String> = []
        for member in list where !seen.insert(member.name).inserted {
            throw PolicyFault("\(PolicyFault.quote(member.name)) is there twice.")
        }
    }

    init(_ value: JSONValue, _ known: Set<String>) throws(PolicyFault) {
        try self.init(value)
        for member in list where !known.contains(member.name) {
            throw PolicyFault("\(PolicyFault.quote(member.name)) is no element here.")
        }
    }

    subscript(name: String) -> JSONValue? { list.first { $0.name == name }?.value }

    func text(_ name: String) throws(PolicyFault) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw PolicyFault("A string is expected.", at: name) }
        return text
    }

    /// The one of two elements that is there: they exclude each other.
    func either(_ one: String, _ other: String) throws(PolicyFault) -> (String, JSONValue)? {
        switch (self[one], self[other]) {
        case (let value?, nil): (one, value)
        case (nil, let value?): (other, value)
        case (nil, nil): nil
        case (.some, .some): throw PolicyFault("There is both \(one) and \(other).")
        }
    }

    /// `Action` or `NotAction`.
    func texts(
        _ name: String
    ) throws(PolicyFault) -> PolicyDocument.Statement.Values<String>? {
        guard let (found, value) = try either(name, "Not" + name) else { return nil }
        let texts = try PolicyFault.locating(found) { () throws(PolicyFault) in
            try Self.texts(of: value)
        }
        return found == name ? .only(texts) : .allBut(texts)
    }

    /// One string, or a list of them.
    static func texts(of value: JSONValue) throws(PolicyFault) -> [String] {
        var texts: [String] = []
        for item in value.array ?? [value] {
            guard let text = item.string else {
                throw PolicyFault("A string or a list of strings is expected.")
            }
            texts.append(text)
        }
        return texts
    }

    /// Of a condition, where numbers and truth values need no quotes.
    static func values(of value: JSONValue) throws(PolicyFault) -> [String] {
        var values: [String] = []
        for item in value.array ?? [value] {
            switch item {
            case .string(let text), .number(let text): values.append(text)
            case .bool(let flag): values.append(flag ? "true" : "false")
            case .null, .array, .object:
                throw PolicyFault("A string or a list of strings is expected.")
            }
        }
        return values
    }
}
