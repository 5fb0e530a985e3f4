import AWSAPI
import GlueAPI

/// The partition keys that `key=value` folders make, and the types that their values have.
struct PartitionLayout {
    let keys: [Glue.Column]

    /// - Parameters:
    ///   - files: The keys of a table's files, below the folder.
    ///   - folder: Its key, with a slash at its end, or empty.
    /// - Throws: `ValidationException` where files have other keys than their neighbours: no table reads both.
    init(of files: [String], below folder: String) throws(AWSError) {
        var names: [String]?
        var values: [Set<String>] = []
        for file in files {
            let parts = HivePartition.all(in: String(file.dropFirst(folder.count)))
            let own = parts.map(\.name)
            if names == nil {
                guard Set(own).count == own.count else { throw .twice(file) }
                names = own
                values = own.map { _ in [] }
            }
            guard own == names else { throw .otherKeys(files[0], names ?? [], file, own) }
            for (place, part) in parts.enumerated() {
                if let value = part.value { values[place].insert(value) }
            }
        }
        keys = zip(names ?? [], values).map { Glue.Column(name: $0, type: Self.type(of: $1)) }
    }

    /// The narrowest type of which every value is one, written as it would be written again.
    static func type(of values: Set<String>) -> String {
        guard !values.isEmpty else { return "string" }
        if values.allSatisfy({ CalendarDate($0) != nil }) { return "date" }
        let numbers = values.compactMap { text in Int(text).flatMap { "\($0)" == text ? $0 : nil } }
        guard numbers.count == values.count else { return "string" }
        return numbers.allSatisfy { Int32(exactly: $0) != nil } ? "int" : "bigint"
    }
}

extension AWSError {
    fileprivate static func otherKeys(
        _ one: String, _ keys: [String], _ other: String, _ otherKeys: [String]
    ) -> AWSError {
        func words(_ keys: [String]) -> String {
            keys.isEmpty ? "none" : keys.joined(separator: ", ")
        }
        return validation(
            "The files are not one table's: of \(one) the partition keys are \(words(keys)), of \(other) "
                + "\(words(otherKeys)). Name the folder of one table.")
    }

    fileprivate static func twice(_ file: String) -> AWSError {
        validation("\(file) has a partition key twice: no table reads it.")
    }
}
