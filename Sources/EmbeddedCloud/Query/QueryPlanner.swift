import AWSAPI
import FoundationEssentials
import GlueAPI
import QueryWorker

/// Binds, authorizes, prunes and rewrites a statement that a worker has parsed.
struct QueryPlanner: Sendable {
    /// Views inside views.
    static let viewDepthMax = 10
    /// Tables and views that one statement may name, those that its views name included.
    static let referencesMax = 1_000

    /// A statement that may run as it stands: it can name nothing that its caller was not granted.
    struct Plan: Sendable {
        /// The rewritten tree.
        var tree: String
        var tables: [TableID] = []
        /// What the caller may see of each of the tables.
        var access: [TableAccess] = []
        var files: [TableFiles.File] = []
        var directories: Set<String> = []
        /// What EXPLAIN says of each of the tables.
        var scans: [Scan] = []
        fileprivate var references = 0
        /// Of tables that the caller sees whole: it may know of their objects.
        fileprivate var filesInSight: [TableFiles.File] = []

        /// What the caller pays for: bytes of the files that the row filter's table and the partition
        /// predicates leave. What the engine skips inside them would tell of hidden rows.
        var scannedBytes: Int { files.reduce(0) { $0 + $1.identity.size } }

        /// The key of the object at that path, if the caller may know of it.
        func object(at path: String) -> String? {
            filesInSight.first { $0.path == path }?.key
        }
    }

    /// How one table is read, as far as its reader may know.
    struct Scan: Sendable {
        var table: String
        var columns: [String]
        /// The statement's own comparisons that are made where the table is read.
        var predicates: [String]
        var files: Int
        var bytes: Int
    }

    /// Who asks, and what names mean to it.
    struct Asker: Sendable {
        var caller: Caller
        /// When: grants end by the clock.
        var time: Date
        /// The one that names without a database are looked up in.
        var database: String?
        /// The owner's question about a revision that is about to be finalized.
        var publishing: ExchangeID?
        /// A statement's tree, by a worker: what a view says is a stranger's text too.
        var parse: @Sendable (String) async throws -> String
        /// The rows that a tree of our own has over files in the directories, by a worker. A fault names a
        /// file to whoever has it in sight.
        var read:
            @Sendable (
                _ tree: String, _ directories: Set<String>, _ inSight: [TableFiles.File]
            ) async throws -> [[String]]
    }

    let state: StateStore
    let engine: ExpressionEngine
    let lake: LakeReader
    private let schemas = ParquetSchemas()

    /// - Parameters:
    ///   - tree: As the worker parsed it.
    ///   - parameters: What stands for its `?`s.
    /// - Throws: ``QueryFault``; of a table that is not granted, the same as of one that is not there.
    func plan(_ tree: String, parameters: [JSONValue], for asker: Asker) async throws -> Plan {
        let snapshot = state.current
        var plan = Plan(tree: "")
        let statement = try SyntaxTree(
            tree, parameters: parameters, database: asker.database
        ).namingColumns(ResultColumn.unnamed)
        plan.tree = try await statement.replacingTables { reference, predicates in
            try await self.scan(
                of: reference, predicates, for: asker, depth: 0, in: snapshot, &plan)
        }
        return plan
    }

    private func scan(
        of reference: SyntaxTree.TableReference, _ predicates: [LeakproofPredicate],
        for asker: Asker, depth: Int, in snapshot: CloudState, _ plan: inout Plan
    ) async throws -> SyntaxTree.Replaced {
        plan.references += 1
        guard plan.references <= Self.referencesMax else {
            throw QueryFault(
                "QUERY_TOO_LARGE",
                "The statement names more than \(Self.referencesMax) tables and views",
                at: reference.position)
        }
        let caller = asker.caller
        let notFound = QueryFault.tableNotFound(reference.fullName, at: reference.position)
        guard reference.catalog.isEmpty || QueryCatalog.isOurs(reference.catalog) else {
            throw notFound
        }
        let database = reference.database.isEmpty ? asker.database : reference.database
        guard let database else { throw notFound }
        if database.lowercased() == InformationSchema.name {
            guard
                let sql = InformationSchema(
                    of: snapshot, seenBy: caller, at: asker.time
                ).sql(reference.name)
            else { throw notFound }
            return .init(table: try await engine.tableTree(of: sql))
        }
        guard
            let (id, table) = snapshot.catalogue.resolve(
                database: database, table: reference.name, for: caller.account)
        else { throw notFound }
        if table.isView {
            return .init(
                table: try await view(
                    table, id, at: reference.position, for: asker, depth: depth, in: snapshot, &plan
                ))
        }
        let columns = try GovernedScan.columns(of: table)
        guard
            let access = snapshot.access(
                of: caller, to: id, columns: columns.map(\.name), at: asker.time)
        else { throw notFound }
        guard let location = (table.storageDescriptor?.location).flatMap(S3URL.init) else {
            throw QueryFault.notSupported("A table without an S3 location", at: reference.position)
        }

        let scan = try GovernedScan(of: table, access: access, predicates: predicates)
        plan.tables.append(id)
        plan.access.append(access)
        let name = "\(database).\(reference.name)".lowercased()
        let isPlaced = snapshot.catalogue.hasPlacedPartitions(id)
        if !isPlaced, asker.publishing == nil, let tally = reference.tally,
            let bounds = scan.bounds(for: tally),
            let found = try await lake.tally(
                at: location, of: id.catalog, for: caller.account, where: scan.prunePredicates,
                by: scan.columns.filter(\.isPartition).map(\.name), bounds: bounds)
        {
            plan.scans.append(
                Scan(
                    table: name, columns: access.columns.map(\.name),
                    predicates: scan.predicateTexts, files: 0, bytes: 0))
            return .init(
                table: try await engine.tableTree(of: scan.sql(of: found, bounds: bounds)),
                countedBy: scan.countColumn)
        }
        let available =
            isPlaced
            ? try await placedFiles(
                of: id, table, scan, for: caller.account, before: asker.publishing)
            : try await lake.files(
                at: location, of: id.catalog, for: caller.account, where: scan.prunePredicates,
                before: asker.publishing)
        var pruned = try await scan.visible(scan.prune(available.files), by: engine)
        if scan.readsParquet {
            let inSight = scan.hidesNothing ? pruned : []
            pruned = try await schemas.describing(pruned, to: caller.account) { question in
                let tree = try await engine.syntaxTree(of: question)
                return try await asker.read(tree.text, available.directories, inSight)
            }
        }
        plan.files += pruned
        if scan.hidesNothing { plan.filesInSight += pruned }
        plan.directories.formUnion(available.directories)
        plan.scans.append(
            Scan(
                table: name, columns: access.columns.map(\.name), predicates: scan.predicateTexts,
                files: pruned.count, bytes: pruned.reduce(0) { $0 + $1.identity.size }))
        return .init(table: try await engine.tableTree(of: try scan.sql(over: pruned)))
    }

    /// What a view says, as its reader may see it: its tables are looked up for whoever asks now.
    private func view(
        _ table: Glue.Table, _ id: TableID, at position: Int?, for asker: Asker, depth: Int,
        in snapshot: CloudState, _ plan: inout Plan
    ) async throws -> JSONValue {
        guard id.catalog == asker.caller.account else {
            throw QueryFault.notSupported("A view of another account's", at: position)
        }
        guard depth < Self.viewDepthMax else {
            throw QueryFault(
                "VIEW_IS_RECURSIVE", "Views stand in views more than \(Self.viewDepthMax) deep",
                at: position)
        }
        guard let view = PrestoView(table.viewOriginalText ?? "") else {
            throw QueryFault("INVALID_VIEW", "The view \(id.name) cannot be read", at: position)
        }
        var inner = asker
        inner.database = view.schema ?? id.database
        let definer = inner
        let tree: SyntaxTree
        do {
            tree = try SyntaxTree(
                try await asker.parse(view.originalSql), database: definer.database)
        } catch is QueryWorkerFault {
            throw QueryFault("INVALID_VIEW", "The view \(id.name) cannot be read", at: position)
        }
        let node = try await tree.query { reference, predicates in
            var reference = reference
            // Places in the view's text mean nothing in the statement's.
            reference.position = position
            return try await self.scan(
                of: reference, predicates, for: definer, depth: depth + 1, in: snapshot, &plan)
        }
        guard let node, var outer = try await engine.tableTree(of: "(SELECT 1)").object,
            var subquery = outer["subquery"]?.object
        else {
            throw QueryFault("INVALID_VIEW", "The view \(id.name) cannot be read", at: position)
        }
        subquery["node"] = node
        outer["subquery"] = .object(subquery)
        return .object(outer)
    }
}

/// A view as Presto and Athena keep it in the catalogue.
struct PrestoView: Codable, Sendable {
    struct Column: Codable, Sendable {
        var name: String
        var type: String
    }

    var originalSql: String
    var catalog: String?
    var schema: String?
    var columns: [Column]

    private static let (head, tail) = ("/* Presto View: ", " */")

    init(originalSql: String, schema: String?, columns: [Column]) {
        self.originalSql = originalSql
        catalog = QueryCatalog.name.lowercased()
        self.schema = schema
        self.columns = columns
    }

    /// Nil for any other text.
    init?(_ text: String) {
        guard text.hasPrefix(Self.head), text.hasSuffix(Self.tail),
            let json = Data(
                base64Encoded: String(text.dropFirst(Self.head.count).dropLast(Self.tail.count))),
            let view = try? JSONDecoder().decode(PrestoView.self, from: json)
        else { return nil }
        self = view
    }

    var text: String {
        get throws {
            Self.head + (try JSONEncoder().encode(self)).base64EncodedString() + Self.tail
        }
    }
}
