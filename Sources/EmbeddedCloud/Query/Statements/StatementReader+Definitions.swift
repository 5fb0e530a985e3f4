import AWSAPI

/// CREATE and DROP.
extension StatementReader {
    mutating func create() throws(QueryFault) -> AthenaStatement {
        let orReplace = take("or") && take("replace")
        if take("view") {
            let name = try qualifiedName()
            try need("as")
            return .createView(name, try question(), orReplace: orReplace)
        }
        guard !orReplace else { throw unexpected() }
        if take("database") || take("schema") { return try createDatabase() }
        if take("external") {
            try need("table")
            return try createExternalTable()
        }
        if take("table") { return try createTable() }
        throw unexpected()
    }

    private mutating func createExternalTable() throws(QueryFault) -> AthenaStatement {
        let ifNotExists = try takeIfNotExists()
        let name = try qualifiedName()
        var table = AthenaStatement.ExternalTable()
        table.columns = try columns()
        while at < tokens.count {
            if take("comment") {
                table.comment = try string()
            } else if take("partitioned") {
                try need("by")
                table.partitionKeys = try columns()
            } else if take("row") {
                try need("format")
                if take("delimited") {
                    table.serde = TableFormat.text.serde
                    table.serdeProperties = try delimiters()
                } else {
                    try need("serde")
                    table.serde = try hiveString()
                }
                if take("with") {
                    try need("serdeproperties")
                    table.serdeProperties.merge(try hiveProperties()) { $1 }
                }
            } else if take("stored") {
                try need("as")
                if take("inputformat") {
                    table.inputFormat = try hiveString()
                    try need("outputformat")
                    table.outputFormat = try hiveString()
                } else {
                    table.format = try self.name().lowercased()
                }
            } else if take("location") {
                table.location = try string()
            } else if take("tblproperties") {
                table.properties = try hiveProperties()
            } else {
                throw unexpected()
            }
        }
        return .createExternalTable(name, table, ifNotExists: ifNotExists)
    }

    /// `(name type [COMMENT 'text'], ...)`. A type is kept as it is written.
    private mutating func columns() throws(QueryFault) -> [AthenaStatement.ExternalTable.Column] {
        guard take(sign: "(") else { throw unexpected() }
        var columns: [AthenaStatement.ExternalTable.Column] = []
        repeat {
            let name = try self.name().lowercased()
            var type = ""
            var depth = 0
            while at < tokens.count, depth > 0 || !(peek(sign: ",") || peek(sign: ")")),
                !(depth == 0 && !type.isEmpty && tokens[at].value.lowercased() == "comment")
            {
                if peek(sign: "(") || peek(sign: "<") { depth += 1 }
                if peek(sign: ")") || peek(sign: ">") { depth -= 1 }
                type += tokens[at].value.lowercased()
                at += 1
            }
            guard !type.isEmpty else { throw unexpected() }
            let comment = take("comment") ? try string() : nil
            columns.append(.init(name: name, type: type, comment: comment))
        } while take(sign: ",")
        guard take(sign: ")") else { throw unexpected() }
        return columns
    }

    /// `FIELDS TERMINATED BY ','` and what else there is, as the properties that Hive keeps of it.
    private mutating func delimiters() throws(QueryFault) -> [String: String] {
        let parts: [(words: [String], property: String)] = [
            (["fields", "terminated", "by"], "field.delim"), (["escaped", "by"], "escape.delim"),
            (["collection", "items", "terminated", "by"], "collection.delim"),
            (["map", "keys", "terminated", "by"], "mapkey.delim"),
            (["lines", "terminated", "by"], "line.delim"),
            (["null", "defined", "as"], "serialization.null.format"),
        ]
        var properties: [String: String] = [:]
        while tokens.indices.contains(at), tokens[at].kind == .word,
            let part = parts.first(where: { $0.words[0] == tokens[at].value.lowercased() })
        {
            for word in part.words { try need(word) }
            properties[part.property] = try hiveString()
        }
        properties["serialization.format"] = properties["field.delim"]
        return properties
    }

    /// `('name'='value', ...)`.
    private mutating func hiveProperties() throws(QueryFault) -> [String: String] {
        guard take(sign: "(") else { throw unexpected() }
        var properties: [String: String] = [:]
        repeat {
            let name = try hiveString()
            guard take(sign: "=") else { throw unexpected() }
            properties[name] = try hiveString()
        } while take(sign: ",")
        guard take(sign: ")") else { throw unexpected() }
        return properties
    }

    private mutating func createDatabase() throws(QueryFault) -> AthenaStatement {
        let ifNotExists = try takeIfNotExists()
        let name = try self.name()
        var (comment, location): (String?, String?)
        while at < tokens.count {
            if take("comment") {
                comment = try string()
            } else if take("location") {
                location = try string()
            } else if take("with"), take("dbproperties") {
                try skipBrackets()
            } else {
                throw unexpected()
            }
        }
        return .createDatabase(
            name: name, comment: comment, location: location, ifNotExists: ifNotExists)
    }

    private mutating func createTable() throws(QueryFault) -> AthenaStatement {
        let ifNotExists = try takeIfNotExists()
        let name = try qualifiedName()
        let properties = take("with") ? try self.properties() : [:]
        guard take("as") else {
            throw .notSupported(
                "CREATE TABLE without AS or EXTERNAL", at: name.position)
        }
        var end = tokens.count
        if end - at > 2, tokens[end - 1].value.lowercased() == "data",
            tokens[end - 2].value.lowercased() == "with"
        {
            end -= 2
        }
        return .createTableAs(name, try question(until: end), properties, ifNotExists: ifNotExists)
    }

    mutating func drop() throws(QueryFault) -> AthenaStatement {
        if take("table") || take("view") {
            let isView = tokens[at - 1].value.lowercased() == "view"
            let ifExists = takeIfExists()
            return .dropTable(try ended(qualifiedName()), ifExists: ifExists, isView: isView)
        }
        guard take("database") || take("schema") else { throw unexpected() }
        let ifExists = takeIfExists()
        let name = try self.name()
        let cascade = take("cascade")
        if !cascade { _ = take("restrict") }
        return .dropDatabase(name: try ended(name), ifExists: ifExists, cascade: cascade)
    }
}
