internal import DuckDB

/// Writes a small result as a JSON array of arrays.
struct JSONRows {
    let rowsMax: Int
    let bytesMax: Int

    func write(_ result: DuckDB.QueryResult) throws -> (ResultSummary, [UInt8]) {
        let texts = result.columns.map { JSONText($0.type) }
        var rows: [UInt8] = [UInt8(ascii: "[")]
        var rowCount = 0
        while let chunk = try result.nextChunk() {
            let vectors = chunk.vectors
            for row in 0..<chunk.count {
                rows.append(contentsOf: rowCount == 0 ? "[".utf8 : ",[".utf8)
                for column in vectors.indices {
                    if column > 0 { rows.append(UInt8(ascii: ",")) }
                    try texts[column].append(row, of: vectors[column], to: &rows)
                }
                rows.append(UInt8(ascii: "]"))
                rowCount += 1
                guard rowCount <= rowsMax else { throw QueryWorkerFault.exceeded(.resultRows) }
                guard rows.count < bytesMax else { throw QueryWorkerFault.exceeded(.resultBytes) }
            }
        }
        rows.append(UInt8(ascii: "]"))
        let summary = ResultSummary(
            columns: ResultColumn.all(of: result),
            rowCount: rowCount,
            byteCount: rows.count
        )
        return (summary, rows)
    }
}

/// How the values of one type are written as JSON.
private struct JSONText {
    private let form: Form
    private let parts: [JSONText]
    private let names: [[UInt8]]

    private enum Form {
        /// The text is JSON as it stands.
        case plain(AthenaText)
        /// A number, unless it is NaN or infinite.
        case floating(AthenaText)
        case quoted(AthenaText)
        case list, map, row, union
    }

    init(_ type: LogicalType) {
        switch type {
        case .boolean, .tinyint, .smallint, .integer, .bigint, .hugeint, .utinyint, .usmallint,
            .uinteger, .ubigint, .uhugeint, .decimal, .json:
            self.init(form: .plain(AthenaText(type)))
        case .float, .double:
            self.init(form: .floating(AthenaText(type)))
        case .list(let element), .array(let element, _):
            self.init(form: .list, parts: [JSONText(element)])
        case .map(let key, let value):
            self.init(form: .map, parts: [JSONText(key), JSONText(value)])
        case .structure(let fields):
            self.init(
                form: .row,
                parts: fields.map { JSONText($0.type) },
                names: fields.map(\.name)
            )
        case .union(let members):
            self.init(form: .union, parts: members.map { JSONText($0.type) })
        default:
            self.init(form: .quoted(AthenaText(type)))
        }
    }

    private init(form: Form, parts: [JSONText] = [], names: [String] = []) {
        self.form = form
        self.parts = parts
        self.names = names.map { name in
            var quoted: [UInt8] = []
            quoted.appendJSONString([UInt8](name.utf8))
            return quoted
        }
    }

    func append(_ row: Int, of vector: borrowing Vector, to json: inout [UInt8]) throws {
        if vector.isNull(row) {
            json.append(contentsOf: "null".utf8)
            return
        }
        switch form {
        case .plain(let text):
            try text.append(row, of: vector, to: &json)
        case .floating(let text):
            var number: [UInt8] = []
            try text.append(row, of: vector, to: &number)
            let letters = UInt8(ascii: "F")...UInt8(ascii: "Z")
            let isSpecial = number.contains(where: letters.contains)
            if isSpecial { json.appendJSONString(number) } else { json.append(contentsOf: number) }
        case .quoted(let text):
            var plain: [UInt8] = []
            try text.append(row, of: vector, to: &plain)
            json.appendJSONString(plain)
        case .list, .map, .row, .union:
            try appendNested(row, of: vector, to: &json)
        }
    }

    private func appendNested(
        _ row: Int,
        of vector: borrowing Vector,
        to json: inout [UInt8]
    ) throws {
        switch form {
        case .list:
            let elements = vector.children[0]
            json.append(UInt8(ascii: "["))
            for element in vector.elements(row) {
                if element != vector.elements(row).lowerBound { json.append(UInt8(ascii: ",")) }
                try parts[0].append(element, of: elements, to: &json)
            }
            json.append(UInt8(ascii: "]"))
        case .map:
            // A list of pairs, because the keys of a JSON object can only be strings.
            let (keys, values) = (vector.children[0], vector.children[1])
            json.append(UInt8(ascii: "["))
            for entry in vector.elements(row) {
                let isFirst = entry == vector.elements(row).lowerBound
                json.append(contentsOf: isFirst ? "[".utf8 : ",[".utf8)
                try parts[0].append(entry, of: keys, to: &json)
                json.append(UInt8(ascii: ","))
                try parts[1].append(entry, of: values, to: &json)
                json.append(UInt8(ascii: "]"))
            }
            json.append(UInt8(ascii: "]"))
        case .row:
            json.append(UInt8(ascii: "{"))
            for (index, part) in parts.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                json.append(contentsOf: names[index])
                json.append(UInt8(ascii: ":"))
                try part.append(row, of: vector.children[index], to: &json)
            }
            json.append(UInt8(ascii: "}"))
        default:
            let member = Int(vector.children[0].integer(row))
            try parts[member].append(row, of: vector.children[member + 1], to: &json)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendJSONString(_ bytes: [UInt8]) {
        append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case UInt8(ascii: "\n"):
                append(contentsOf: "\\n".utf8)
            case 0..<0x20:
                append(contentsOf: "\\u00".utf8)
                append(UInt8(ascii: "0") + (byte >> 4))
                let low = byte & 0xF
                append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
            default:
                append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
