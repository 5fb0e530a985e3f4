import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Foundation
import GlueAPI

struct CatalogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog", abstract: "The provider's tables.", subcommands: [Infer.self])

    struct Infer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Propose a table for the Parquet files under a prefix, and make it.",
            discussion: """
                Columns come from the files' footers, partition keys from the key=value folders. A table of \
                that name is changed, and what would change is shown before.
                """)

        @Argument(help: "s3://BUCKET/PREFIX: the folder that has the table's files.")
        var location: String
        @Option(help: "The database to make the table in.")
        var database: String?
        @Option(help: "The table's name (default: the folder's).")
        var name: String?
        @Flag(help: "Show the proposal and make nothing.")
        var dryRun = false
        @Flag(help: "Make it without asking.")
        var yes = false
        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let client = try await administrator.client
            let (bucket, prefix) = try place()
            let proposal = try await client.send(
                Bourse.InferTable(bucket: bucket, prefix: prefix, tableName: name))
            if !administrator.json { print(proposal.page) }
            guard let database else {
                guard dryRun else {
                    throw CommandFailure("In which database? Give --database NAME, or --dry-run.")
                }
                return try report(proposal, nil)
            }
            let change = try TableChange(
                from: try await client.table(proposal.tableInput.name, in: database),
                to: proposal.tableInput, in: database)
            if !administrator.json { print("\n" + change.summary) }
            guard !dryRun, !change.isNone else { return try report(proposal, change) }
            try confirm(change)
            try await change.make(client)
            try report(proposal, change)
            if !administrator.json {
                print(
                    """
                    done
                    next, to read it: SELECT * FROM \(change.database).\(change.input.name) LIMIT 5
                    """)
            }
        }

        private func place() throws -> (bucket: String, prefix: String) {
            let scheme = "s3://"
            let parts = location.dropFirst(scheme.count)
                .split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard location.hasPrefix(scheme), let bucket = parts.first, !bucket.isEmpty else {
                throw CommandFailure("\(location) is no place: it is s3://BUCKET/PREFIX.")
            }
            return (String(bucket), parts.count > 1 ? String(parts[1]) : "")
        }

        /// On a terminal, somebody is asked. Elsewhere nobody is there to ask.
        private func confirm(_ change: TableChange) throws {
            if yes { return }
            guard isatty(STDIN_FILENO) == 1 else {
                throw CommandFailure("Nobody is there to be asked: say --yes, or --dry-run.")
            }
            FileHandle.standardError.write(Data("\(change.question) [y/N] ".utf8))
            guard let answer = readLine()?.lowercased(), ["y", "yes"].contains(answer) else {
                throw CommandFailure("Nothing was made.")
            }
        }

        private func report(_ proposal: Bourse.InferredTable, _ change: TableChange?) throws {
            guard administrator.json else { return }
            var document = try JSONValue(parsing: proposal.json).object ?? [:]
            if let change {
                document["Database"] = .string(change.database)
                document["Action"] = .string(
                    change.isNone ? "NONE" : dryRun ? "DRY_RUN" : change.action)
                document["Changes"] = .array(change.changes.map(JSONValue.string))
            }
            print(JSONValue.object(document).text)
        }
    }
}

/// What makes the catalogue's table the proposed one.
private struct TableChange {
    let database: String
    let input: Glue.TableInput
    let existing: Glue.Table?
    /// In what the existing table differs.
    let changes: [String]

    /// - Throws: `CommandFailure` where the table cannot become the proposed one.
    init(
        from existing: Glue.Table?, to proposed: Glue.TableInput, in database: String
    ) throws {
        self.database = database
        self.existing = existing
        var input = proposed
        // What else is said of a table that is there stays.
        input.description = existing?.description
        input.owner = existing?.owner
        input.retention = existing?.retention
        input.parameters = (existing?.parameters ?? [:]).merging(proposed.parameters ?? [:]) { $1 }
        self.input = input
        changes = existing.map { Self.changes(from: $0, to: proposed) } ?? []
        let keys = (existing?.partitionKeys ?? []).map(\.name)
        guard existing == nil || keys == (proposed.partitionKeys ?? []).map(\.name) else {
            throw CommandFailure(
                "The table \(database).\(proposed.name) has other partition keys, which cannot be changed: "
                    + "give another --name, or delete the table, and the grants on it, with aws glue "
                    + "delete-table.")
        }
    }

    var isNone: Bool { existing != nil && changes.isEmpty }
    var action: String { existing == nil ? "CREATED" : "UPDATED" }

    var summary: String {
        if existing == nil { return "\(database).\(input.name) would be made" }
        if changes.isEmpty { return "\(database).\(input.name) is like this already" }
        let lines = changes.map { "  \($0)" }.joined(separator: "\n")
        return "\(database).\(input.name) is there, and would change:\n\(lines)"
    }

    var question: String {
        "\(existing == nil ? "Make" : "Change") \(database).\(input.name)?"
    }

    func make(_ client: AWSClient) async throws {
        if let existing {
            _ = try await client.send(
                Glue.UpdateTable(
                    databaseName: database, tableInput: input, versionId: existing.versionId))
        } else {
            _ = try await client.send(Glue.CreateTable(databaseName: database, tableInput: input))
        }
    }

    private static func changes(from old: Glue.Table, to new: Glue.TableInput) -> [String] {
        func described(
            _ storage: Glue.StorageDescriptor?, _ keys: [Glue.Column]?
        ) -> [(name: String, type: String)] {
            ((storage?.columns ?? []) + (keys ?? [])).map { ($0.name, $0.type ?? "") }
        }
        let before = described(old.storageDescriptor, old.partitionKeys)
        let after = described(new.storageDescriptor, new.partitionKeys)
        let dropped = before.filter { column in !after.contains { $0.name == column.name } }
            .map { "column \($0.name) \($0.type) goes" }
        let others = after.compactMap { column -> String? in
            guard let known = before.first(where: { $0.name == column.name }) else {
                return "column \(column.name) \(column.type) is new"
            }
            return known.type == column.type
                ? nil : "column \(column.name) \(known.type) becomes \(column.type)"
        }
        let places = (old.storageDescriptor?.location, new.storageDescriptor?.location)
        let moved =
            places.0 == places.1
            ? [] : ["location \(places.0 ?? "none") becomes \(places.1 ?? "none")"]
        return dropped + others + moved
    }
}

extension AWSClient {
    /// Nil: there is none of that name.
    ///
    /// - Throws: `CommandFailure` where there is no such database.
    fileprivate func table(_ name: String, in database: String) async throws -> Glue.Table? {
        guard try await found(Glue.GetDatabase(name: database)) != nil else {
            throw CommandFailure(
                "There is no database \(database); make it: aws glue create-database --database-input "
                    + "Name=\(database)")
        }
        return try await found(Glue.GetTable(databaseName: database, name: name))?.table
    }

    private func found<Operation: AWSOperation>(
        _ operation: Operation
    ) async throws(AWSError) -> Operation.Response? {
        do {
            return try await send(operation)
        } catch let refusal where refusal.code == "EntityNotFoundException" {
            return nil
        }
    }
}

extension Bourse.InferredTable {
    fileprivate var page: String {
        let columns = (tableInput.storageDescriptor?.columns ?? []).map {
            [$0.name, $0.type ?? ""]
        }
        let keys = (tableInput.partitionKeys ?? []).map {
            [$0.name, $0.type ?? "", "partition key"]
        }
        let sampled = filesRead < files ? " (in \(filesRead) files, whose footers were read)" : ""
        var lines = [
            "table \(tableInput.name) at \(tableInput.storageDescriptor?.location ?? "")",
            aligned(columns + keys), "\(files) files, \(bytes) bytes, \(rows) rows\(sampled)",
        ]
        lines += differences.map { "differs: \($0.column) \($0.reason)" }
        lines += skipped.map { "skipped: \($0.files) files, \($0.reason) (\($0.example))" }
        return lines.joined(separator: "\n")
    }
}
