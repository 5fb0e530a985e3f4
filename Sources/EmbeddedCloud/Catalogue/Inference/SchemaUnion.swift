import BourseAPI
import DuckDB
import GlueAPI
import QueryWorker

/// The columns of files that may differ, as one table's, and in what they differ.
struct SchemaUnion {
    private struct Column {
        var type: LogicalType
        /// Files that have it, by the type that they have it in, in the order in which they were met.
        var found: [(type: String, files: Int)]

        var files: Int { found.reduce(0) { $0 + $1.files } }
    }

    private var names: [String] = []
    private var columns: [String: Column] = [:]
    private var repeated: [String: Int] = [:]
    private var files = 0

    /// Names count in lower case, as the catalogue and the engine have them.
    mutating func add(_ footer: Footer) {
        files += 1
        var seen: Set<String> = []
        for column in footer.columns {
            let name = column.name.lowercased()
            guard seen.insert(name).inserted else {
                repeated[name, default: 0] += 1
                continue
            }
            add(name, column.type)
        }
    }

    private mutating func add(_ name: String, _ type: LogicalType) {
        let text = type.catalogueType
        guard var column = columns[name] else {
            names.append(name)
            columns[name] = Column(type: type, found: [(text, 1)])
            return
        }
        column.type = column.type.common(with: type)
        if let place = column.found.firstIndex(where: { $0.type == text }) {
            column.found[place].files += 1
        } else {
            column.found.append((text, 1))
        }
        columns[name] = column
    }

    /// - Parameter keys: The table's partition keys, which count and not the column of that name.
    func table(
        besides keys: [String]
    ) -> (columns: [Glue.Column], differences: [Bourse.SchemaDifference]) {
        var shown: [Glue.Column] = []
        var differences: [Bourse.SchemaDifference] = []
        for name in names {
            guard let column = columns[name] else { continue }
            let type = column.type.catalogueType
            func differs(_ reason: String) {
                differences.append(.init(column: name, reason: reason))
            }
            if keys.contains(name) {
                differs("is in \(column.files) files and a partition key: the folder counts")
                continue
            }
            guard (try? HiveType(type)) != nil else {
                differs("is left out: a catalogue has no way to write \(type)")
                continue
            }
            if column.found.count > 1 {
                let types = column.found.map { "\($0.type) in \($0.files)" }
                differs("is \(types.joined(separator: ", ")) files: read as \(type)")
            }
            if column.files < files {
                differs("is in \(column.files) of \(files) files: NULL in the others")
            }
            if let count = repeated[name] {
                differs(
                    "is there twice, in letters of other case, in \(count) files: the first counts")
            }
            shown.append(Glue.Column(name: name, type: type))
        }
        return (shown, differences)
    }
}
