import AWSAPI
import DuckDB
import FoundationEssentials
import Synchronization

/// The columns of a Parquet file, as its footer says. Files with the same ones share one.
final class ParquetSchema: Sendable {
    /// The engine's names of the types, as ``HiveType/sql`` writes them, by the columns' names in lower case.
    let types: [String: String]

    /// - Parameter elements: The footer's, each before those below it: name, the engine's type, what kind of
    ///   group it is, and how many elements are in it.
    init(_ elements: [[String?]]) {
        var rest = elements[...]
        var types: [String: String] = [:]
        while let column = Element(&rest) { types[column.name.lowercased()] = column.type }
        self.types = types
    }

    init(_ types: [String: String]) { self.types = types }

    private struct Element {
        var name: String
        var leaf: String
        var kind: String
        var parts: [Element] = []

        init?(_ rest: inout ArraySlice<[String?]>) {
            guard let said = rest.popFirst(), said.count == 4 else { return nil }
            name = said[0] ?? ""
            leaf = said[1] ?? ""
            kind = (said[2] ?? "").uppercased()
            for _ in 0..<(said[3].flatMap { Int($0) } ?? 0) {
                guard let part = Element(&rest) else { return nil }
                parts.append(part)
            }
        }

        var type: String {
            if parts.isEmpty { return leaf }
            if parts.count == 1, kind.hasPrefix("LIST") {
                let item = parts[0].parts.count == 1 ? parts[0].parts[0] : parts[0]
                return "\(item.type)[]"
            }
            if parts.count == 1, kind.hasPrefix("MAP"), parts[0].parts.count == 2 {
                return "MAP(\(parts[0].parts.map(\.type).joined(separator: ", ")))"
            }
            let fields = parts.map { "\"\($0.name.lowercased())\" \($0.type)" }
            return "STRUCT(\(fields.joined(separator: ", ")))"
        }
    }
}

/// The schemas of Parquet files, remembered.
///
/// Footers are strangers' bytes, so a worker reads them, and what it says counts for its account alone. A
/// published file's schema has a fingerprint in the manifest, so one file of each is read.
final class ParquetSchemas: Sendable {
    static let rememberedMax = 200_000
    /// Files of one question.
    private static let batch = 500

    private enum Origin: Hashable {
        case fingerprint(String)
        case file(FileIdentity)
    }

    private struct Key: Hashable {
        var account: AccountID
        var origin: Origin
    }

    private struct Book {
        var schemas: [Key: ParquetSchema] = [:]
        var same: [String: ParquetSchema] = [:]
    }

    private let book = Mutex(Book())

    /// The files, with their schemas.
    ///
    /// - Parameter ask: Gives the rows that a SELECT over the files has.
    /// - Throws: ``QueryFault`` where one stays unknown. Nothing is taken for granted then: a column that its
    ///   file has not would be looked for in the asker's own statement.
    func describing(
        _ files: [TableFiles.File], to account: AccountID,
        asking ask: (String) async throws -> [[String]]
    ) async throws -> [TableFiles.File] {
        let keys = files.map { file in
            Key(
                account: account,
                origin: file.fingerprint.map(Origin.fingerprint) ?? .file(file.identity))
        }
        // Its own, whatever the book forgets meanwhile.
        var known: [Key: ParquetSchema] = book.withLock { book in
            keys.reduce(into: [:]) { $0[$1] = book.schemas[$1] }
        }
        var wanted: [String: Key] = [:]
        var seen = Set(known.keys)
        for (key, file) in zip(keys, files) where seen.insert(key).inserted {
            wanted[file.path] = key
        }
        var paths = wanted.keys.sorted()[...]
        while !paths.isEmpty {
            let rows = try await ask(Self.question(paths.prefix(Self.batch)))
            paths = paths.dropFirst(Self.batch)
            known.merge(try remember(rows, wanted)) { $1 }
        }
        return try zip(files, keys).map { file, key in
            guard let schema = known[key] else {
                throw QueryFault(
                    QueryFault.badDataCode, "A file of the table does not say which columns it has",
                    category: .system)
            }
            var file = file
            file.schema = schema
            return file
        }
    }

    private func remember(
        _ rows: [[String]], _ wanted: [String: Key]
    ) throws -> [Key: ParquetSchema] {
        try book.withLock { book in
            if book.schemas.count + rows.count > Self.rememberedMax { book = Book() }
            var found: [Key: ParquetSchema] = [:]
            for row in rows where row.count == 2 {
                guard let key = wanted[row[0]] else { continue }
                let elements = try JSONDecoder().decode([[String?]].self, from: Data(row[1].utf8))
                let schema = book.same[row[1]] ?? ParquetSchema(elements)
                book.same[row[1]] = schema
                found[key] = schema
            }
            book.schemas.merge(found) { $1 }
            return found
        }
    }

    static func question(_ paths: ArraySlice<String>) -> String {
        """
        SELECT file_name, CAST(to_json(list([
            name, duckdb_type, coalesce(converted_type, logical_type), CAST(num_children AS VARCHAR)
        ] ORDER BY column_id)) AS VARCHAR)
        FROM parquet_schema([\(paths.map(\.sqlFileLiteral).joined(separator: ", "))])
        WHERE column_id > 0 GROUP BY file_name
        """
    }
}
