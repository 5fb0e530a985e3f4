import AWSAPI

/// The files that a reader of one table sees.
struct TableFiles: Sendable {
    struct File: Sendable {
        /// Absolute.
        var path: String
        /// As it was when it was published, or listed.
        var identity: FileIdentity
        /// The object's key: what errors name.
        var key: String
        var guarantee: PinGuarantee
        /// Parquet files with the same one have the same columns of the same types. Nil: not known.
        var fingerprint: String?
        /// Nil: not known, and so taken to be what the catalogue declares.
        var schema: ParquetSchema?

        /// The values of the partition columns, where the catalogue says them and not the key.
        var placed: [String: String?]?

        /// Whether the path ends in the key.
        var hasKeyInPath: Bool { path.hasSuffix("/" + key) }

        /// Whether the engine reads the partitions from the path as the key says them: the key has a folder
        /// `name=value` for each, in the name's own letters, and the path has no other such folder. One around
        /// the lake it would take for the partition of that name, or for a column of the file. A pin's path has
        /// the folders of its key.
        func hasInPath(_ partitions: [String]) -> Bool {
            guard placed == nil, guarantee != .detection || hasKeyInPath else { return false }
            let names = Self.names(in: path)
            return names.count == partitions.count && Set(names) == Set(partitions)
                && Self.names(in: key) == names
        }

        /// What stands before the `=` of folders that have one.
        private static func names(in path: String) -> [String] {
            path.split(separator: "/").dropLast().compactMap { folder in
                folder.firstIndex(of: "=").map { String(folder[..<$0]) }
            }
        }

        /// The values of the partition columns, by lower-case name. A nil inside is a NULL.
        var partition: [String: String?] { placed ?? HivePartition.values(in: key) }

        /// Whether the file is still the one that was planned with. Ask before it is read and after.
        func isUnchanged() -> Bool {
            guard let now = FileIdentity(ofFileAt: path) else { return false }
            return guarantee.accepts(now, for: identity)
        }
    }

    var files: [File]
    /// Directories with all of the files below them: what the worker's sandbox lets it read.
    var directories: Set<String>
}
