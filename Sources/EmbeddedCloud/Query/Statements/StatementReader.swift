import AWSAPI

/// Reads the statements that are no question, word by word.
struct StatementReader {
    let text: String
    let tokens: [SQLToken]
    var at = 0

    init(_ text: String, _ tokens: [SQLToken]) {
        self.text = text
        // One semicolon at the end says nothing.
        self.tokens =
            tokens.last?.value == ";" && tokens.last?.kind == .sign
            ? Array(tokens.dropLast()) : tokens
    }

    mutating func statement() throws(QueryFault) -> AthenaStatement {
        if take("explain") { return try explain() }
        if take("show") { return .show(try shown()) }
        if take("describe") || take("desc") {
            _ = take("extended") || take("formatted")
            return .show(.description(try ended(qualifiedName())))
        }
        if take("create") { return try create() }
        if take("drop") { return try drop() }
        if take("insert") { return try insert() }
        if take("unload") { return try unload() }
        if take("msck") {
            try need("repair")
            try need("table")
            return .repairTable(try ended(qualifiedName()))
        }
        if take("prepare") {
            let name = try self.name()
            try need("from")
            return .prepare(name: name, try question())
        }
        if take("deallocate") {
            try need("prepare")
            return .deallocate(name: try ended(name()))
        }
        if take("execute") {
            let name = try self.name()
            return .execute(name: name, parameters: take("using") ? try expressions() : [])
        }
        return .question
    }

    mutating func explain() throws(QueryFault) -> AthenaStatement {
        guard !take("analyze") else {
            throw .notSupported("EXPLAIN ANALYZE", at: tokens[at - 1].range.lowerBound)
        }
        // (FORMAT TEXT), (TYPE LOGICAL), ...: there is one plan, in one form.
        if peek(sign: "("), tokens.indices.contains(at + 1),
            ["format", "type"].contains(tokens[at + 1].value.lowercased())
        {
            try skipBrackets()
        }
        return .explain(try question())
    }

    mutating func shown() throws(QueryFault) -> AthenaStatement.Shown {
        if take("databases") || take("schemas") { return .databases(like: try pattern()) }
        if take("tables") { return .tables(database: try scope(), like: try pattern()) }
        if take("views") { return .views(database: try scope(), like: try pattern()) }
        if take("columns") {
            guard take("in") || take("from") else { throw unexpected() }
            var table = try qualifiedName()
            if let database = try scope() { table.database = database }
            return .columns(try ended(table))
        }
        if take("partitions") { return .partitions(try ended(qualifiedName())) }
        if take("create"), take("table") || take("view") {
            return .creation(try ended(qualifiedName()))
        }
        if take("tblproperties") { return .properties(try ended(qualifiedName())) }
        throw unexpected()
    }

    mutating func insert() throws(QueryFault) -> AthenaStatement {
        try need("into")
        let name = try qualifiedName()
        var columns: [String] = []
        // A bracket may begin the columns' names, or the SELECT.
        if peek(sign: "("), tokens.indices.contains(at + 1),
            !["select", "with", "values", "("].contains(tokens[at + 1].value.lowercased())
        {
            at += 1
            repeat { columns.append(try self.name().lowercased()) } while take(sign: ",")
            guard take(sign: ")") else { throw unexpected() }
        }
        return .insert(name, columns: columns, try question())
    }

    mutating func unload() throws(QueryFault) -> AthenaStatement {
        guard take(sign: "(") else { throw unexpected() }
        let begin = at
        var depth = 1
        while at < tokens.count, depth > 0 {
            if peek(sign: "(") { depth += 1 }
            if peek(sign: ")") { depth -= 1 }
            at += 1
        }
        guard depth == 0 else { throw unexpected() }
        let end = at - 1
        try need("to")
        let location = try string()
        let properties = take("with") ? try self.properties() : [:]
        guard at == tokens.count else { throw unexpected() }
        at = begin
        return .unload(try question(until: end), to: location, properties)
    }

    /// What stands between the commas, as it is written.
    mutating func expressions() throws(QueryFault) -> [String] {
        var texts: [String] = []
        let bytes = Array(text.utf8)
        repeat {
            let begin = at
            var depth = 0
            while at < tokens.count, depth > 0 || !peek(sign: ",") {
                if ["(", "["].contains(tokens[at].value), tokens[at].kind == .sign { depth += 1 }
                if [")", "]"].contains(tokens[at].value), tokens[at].kind == .sign { depth -= 1 }
                at += 1
            }
            guard at > begin else { throw unexpected() }
            texts.append(
                String(
                    decoding: bytes[
                        tokens[begin].range.lowerBound..<tokens[at - 1].range.upperBound],
                    as: UTF8.self))
        } while take(sign: ",")
        return texts
    }

    // MARK: Parts

    /// What is left is a SELECT.
    mutating func question(
        until end: Int? = nil
    ) throws(QueryFault) -> AthenaStatement.Question {
        let end = end ?? tokens.count
        guard at < end else { throw unexpected() }
        let begin = tokens[at].range.lowerBound
        at = tokens.count
        var bytes = Array(text.utf8.prefix(tokens[end - 1].range.upperBound))
        for place in 0..<begin where bytes[place] != UInt8(ascii: "\n") {
            bytes[place] = UInt8(ascii: " ")
        }
        return .init(text: String(decoding: bytes, as: UTF8.self))
    }

    mutating func qualifiedName() throws(QueryFault) -> AthenaStatement.QualifiedName {
        let position = tokens.indices.contains(at) ? tokens[at].range.lowerBound : text.utf8.count
        var parts = [try name()]
        while take(sign: ".") { parts.append(try name()) }
        if parts.count == 3, QueryCatalog.isOurs(parts[0]) { parts.removeFirst() }
        guard parts.count <= 2 else { throw unexpected() }
        return .init(
            database: parts.count == 2 ? parts[0].lowercased() : nil,
            name: parts[parts.count - 1].lowercased(), position: position)
    }

    mutating func name() throws(QueryFault) -> String {
        guard tokens.indices.contains(at), [.word, .name].contains(tokens[at].kind),
            !tokens[at].value.isEmpty
        else { throw unexpected() }
        at += 1
        return tokens[at - 1].value
    }

    mutating func string() throws(QueryFault) -> String {
        guard tokens.indices.contains(at), tokens[at].kind == .text else { throw unexpected() }
        at += 1
        return tokens[at - 1].value
    }

    /// A text in either kind of quotes, as Hive's statements have them.
    mutating func hiveString() throws(QueryFault) -> String {
        if tokens.indices.contains(at), tokens[at].kind == .name {
            at += 1
            return tokens[at - 1].value
        }
        return try string()
    }

    mutating func scope() throws(QueryFault) -> String? {
        guard take("in") || take("from") else { return nil }
        return try name().lowercased()
    }

    mutating func pattern() throws(QueryFault) -> String? {
        let isLike = take("like")
        guard isLike || at < tokens.count else { return nil }
        let pattern = try string()
        guard pattern.utf8.count <= NamePattern.bytesMax else {
            throw QueryFault(
                "SYNTAX_ERROR", "A pattern has \(NamePattern.bytesMax) bytes at most",
                at: tokens[at - 1].range.lowerBound)
        }
        return try ended(pattern)
    }

    /// `(name = 'value', name = ARRAY['a', 'b'], ...)`, by names in small letters.
    mutating func properties() throws(QueryFault) -> [String: AthenaStatement.Property] {
        guard take(sign: "(") else { throw unexpected() }
        var properties: [String: AthenaStatement.Property] = [:]
        repeat {
            let name = try self.name().lowercased()
            guard take(sign: "=") else { throw unexpected() }
            if take("array") {
                guard take(sign: "[") else { throw unexpected() }
                var items: [String] = []
                repeat { items.append(try string()) } while take(sign: ",")
                guard take(sign: "]") else { throw unexpected() }
                properties[name] = .list(items)
            } else if tokens.indices.contains(at), tokens[at].kind != .sign {
                properties[name] = .text(tokens[at].value)
                at += 1
            } else {
                throw unexpected()
            }
        } while take(sign: ",")
        guard take(sign: ")") else { throw unexpected() }
        return properties
    }

    mutating func skipBrackets() throws(QueryFault) {
        guard take(sign: "(") else { throw unexpected() }
        while at < tokens.count, !peek(sign: ")") { at += 1 }
        guard take(sign: ")") else { throw unexpected() }
    }

    mutating func takeIfNotExists() throws(QueryFault) -> Bool {
        guard take("if") else { return false }
        guard take("not"), take("exists") else { throw unexpected() }
        return true
    }

    mutating func takeIfExists() -> Bool { take("if") && take("exists") }

    // MARK: Tokens

    func peek(sign: String) -> Bool {
        tokens.indices.contains(at) && tokens[at].kind == .sign && tokens[at].value == sign
    }

    mutating func take(sign: String) -> Bool {
        guard peek(sign: sign) else { return false }
        at += 1
        return true
    }

    mutating func take(_ word: String) -> Bool {
        guard tokens.indices.contains(at), tokens[at].kind == .word,
            tokens[at].value.lowercased() == word
        else { return false }
        at += 1
        return true
    }

    mutating func need(_ word: String) throws(QueryFault) {
        guard take(word) else { throw unexpected() }
    }

    /// Mutating, so that it looks after the value was read.
    mutating func ended<Value>(_ value: Value) throws(QueryFault) -> Value {
        guard at == tokens.count else { throw unexpected() }
        return value
    }

    func unexpected() -> QueryFault {
        guard tokens.indices.contains(at) else {
            return QueryFault(
                "SYNTAX_ERROR", "The statement ends too early", at: text.utf8.count)
        }
        return QueryFault(
            "SYNTAX_ERROR", "mismatched input '\(tokens[at].value)'",
            at: tokens[at].range.lowerBound)
    }
}
